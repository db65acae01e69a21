/// The line with which a side of an SSH connection begins, RFC 4253 4.2.
///
///     SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3 CR LF
///         │   │             └ comments
///         │   └ software
///         └ protocol version
public struct SSHBanner: Equatable, Sendable {
    /// Octets that a banner has at most, CR and LF among them.
    static let longest = 255

    private let line: [UInt8]

    /// - Parameter line: what stands before LF; CR need not be there.
    init(_ line: [UInt8]) {
        self.line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    /// As it was sent, without CR and LF.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { line.span.bytes }
    }
    public var text: String { bytes.text }

    /// `2.0`, or `1.99` of a server that speaks both, or `1.5` or less.
    public var protocolVersion: String { String(decoding: line[versionPlace], as: UTF8.self) }
    /// Name and version of the implementation.
    public var software: String { String(decoding: rest.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self) }
    /// What stands behind the first space; nil where there is none.
    public var comments: String? {
        rest.firstIndex(of: UInt8(ascii: " ")).map { String(decoding: rest[($0 + 1)...], as: UTF8.self) }
    }

    private var versionPlace: Range<Int> {
        let start = min(4, line.count)
        return start..<(line[start...].firstIndex(of: UInt8(ascii: "-")) ?? line.count)
    }
    private var rest: ArraySlice<UInt8> { line[min(versionPlace.upperBound + 1, line.count)...] }

    /// The protocol's major version is one that there is.
    var isKnown: Bool { speaksVersion1 || speaksVersion2 }
    var speaksVersion1: Bool { bytes.begins(with: "SSH-1.") }
    /// RFC 4253 5.1: 1.99 is as good as 2.0.
    var speaksVersion2: Bool { bytes.begins(with: "SSH-2.") || bytes.begins(with: "SSH-1.99-") }
    var byteCount: Int { line.count }
}
