import Crypto

/// SHA-256 of one direction's stream as it comes. What is missing is left out, and said: a digest of a stream with gaps is one of the bytes that there were.
public struct StreamDigest: Sendable {
    private var hash: SHA256?
    public private(set) var byteCount: UInt64 = 0
    public private(set) var missingBytes: UInt64 = 0

    public init() {}

    /// Nothing is allocated but for the first bytes.
    public mutating func add(_ bytes: RawSpan) {
        guard bytes.byteCount > 0 else { return }
        if hash == nil { hash = SHA256() }
        bytes.withUnsafeBytes { hash!.update(bufferPointer: $0) }
        byteCount &+= UInt64(bytes.byteCount)
    }

    public mutating func skip(_ count: Int) { missingBytes &+= UInt64(max(0, count)) }

    /// In lower-case hexadecimal; nil where nothing came.
    public var sha256: String? {
        hash.map { $0.finalize().withUnsafeBytes(\.hexadecimal) }
    }
}
