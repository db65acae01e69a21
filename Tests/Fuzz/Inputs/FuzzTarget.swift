import Protocols

/// The parts that are fuzzed. libFuzzer and `swift test` call the same code: one input in, and out a complaint if something that must hold did not.
/// What must never happen at all - a trap, a read past an end - ends the process.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Frames of any link type and time: their headers, then a whole pipeline with every kind of subscription.
    case packet
    /// A schedule of fragments: what datagrams they are put together to.
    case fragments
    /// A schedule of TCP segments in both directions: what streams are told of them.
    case segments
    /// A filter's text: parsing, printing, matching.
    case filter
    /// The TLS parser, fed in any cuts.
    case tls
    /// The DNS parser, fed with streams in any cuts, and with datagrams.
    case dns
    /// The DTLS parser, fed with datagrams.
    case dtls
    /// The PostgreSQL parser, fed in any cuts.
    case postgresql
    /// The same of MySQL.
    case mysql
    /// The same of Redis.
    case redis
    /// The same of MongoDB.
    case mongodb
    /// The QUIC parser, fed with datagrams.
    case quic
    /// The same with packets whose payload the input says, and which the target protects.
    case quicFrames
    /// The parser of HTTP/1, fed in any cuts.
    case http
    /// The HTTP/2 parser, fed in any cuts.
    case http2
    /// The SSH parser, fed in any cuts.
    case ssh
    /// The SMTP parser, fed in any cuts.
    case smtp
    /// The DHCP parser and the NTP parser, fed with datagrams.
    case dhcp
    case ntp
    /// The SIP parser, fed with streams in any cuts, and with datagrams.
    case sip
    /// A capture file.
    case file

    /// Inputs longer than this bring nothing that shorter ones do not.
    public var longestInput: Int {
        switch self {
        case .packet: 1 << 13
        case .fragments, .segments: 1 << 10
        case .filter: 1 << 9
        default: 1 << 12
        }
    }

    /// - Returns: what did not hold; nil if all did.
    public func complaint(about input: UnsafeRawBufferPointer) -> String? {
        var reader = InputReader(input)
        return switch self {
        case .packet: PacketInput.complaint(&reader)
        case .fragments: FragmentInput.complaint(&reader)
        case .segments: SegmentInput.complaint(&reader)
        case .filter: FilterInput.complaint(&reader)
        case .tls: ParserInput<TLSParser>.complaint(&reader, depths: [.opening, .whole])
        case .dns: ParserInput<DNSParser>.complaint(&reader)
        case .dtls: ParserInput<DTLSParser>.complaint(&reader, depths: [.opening, .whole])
        case .postgresql: ParserInput<PostgreSQLParser>.complaint(&reader)
        case .mysql: ParserInput<MySQLParser>.complaint(&reader)
        case .redis: ParserInput<RedisParser>.complaint(&reader)
        case .mongodb: ParserInput<MongoDBParser>.complaint(&reader)
        case .quic: ParserInput<QUICParser>.complaint(&reader)
        case .quicFrames: QUICFramesInput.complaint(&reader)
        case .http: ParserInput<HTTPParser>.complaint(&reader, depths: [.opening, .whole])
        case .http2: ParserInput<HTTP2Parser>.complaint(&reader, depths: [.opening, .whole])
        case .ssh: ParserInput<SSHParser>.complaint(&reader)
        case .smtp: ParserInput<SMTPParser>.complaint(&reader)
        case .dhcp: ParserInput<DHCPParser>.complaint(&reader)
        case .ntp: ParserInput<NTPParser>.complaint(&reader)
        case .sip: ParserInput<SIPParser>.complaint(&reader)
        case .file: FileInput.complaint(input)
        }
    }
}

/// An input, read from its start; beyond its end there are zeros.
struct InputReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ input: UnsafeRawBufferPointer) { rest = input[...] }

    var isAtEnd: Bool { rest.isEmpty }
    var count: Int { rest.count }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }
    mutating func word() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

    /// So many bytes, or what is left.
    mutating func bytes(_ count: Int) -> UnsafeRawBufferPointer {
        defer { rest = rest.dropFirst(count) }
        return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }
}

/// Bytes in a block of exactly their size, so that AddressSanitizer sees who reads past their end.
struct ExactBlock: ~Copyable {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 1) }

    init(_ source: UnsafeRawBufferPointer) {
        self.init(byteCount: source.count)
        bytes.copyMemory(from: source)
    }

    deinit { bytes.deallocate() }

    var span: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(bytes.bytes, borrowing: self) }
    }
}
