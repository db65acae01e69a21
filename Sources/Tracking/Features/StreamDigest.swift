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
        hash.map { hash in
            let digits: StaticString = "0123456789abcdef"
            let digest = hash.finalize()
            return String(unsafeUninitializedCapacity: 2 * SHA256.byteCount) { text in
                var place = 0
                for byte in digest {
                    text[place] = digits.utf8Start[Int(byte >> 4)]
                    text[place + 1] = digits.utf8Start[Int(byte & 15)]
                    place += 2
                }
                return place
            }
        }
    }
}
