import Packets

/// What a resource record holds, of the types that are met with; others, and those that do not hold together, are their bytes.
public enum DNSData: Equatable, Sendable {
    /// A, AAAA.
    case address(IPAddress)
    /// CNAME, NS, PTR, DNAME: another name.
    case name(String)
    /// MX, RFC 1035 3.3.9.
    case mailExchange(preference: UInt16, name: String)
    /// TXT, SPF, RFC 1035 3.3.14: strings of any bytes.
    case text([[UInt8]])
    /// SOA, RFC 1035 3.3.13.
    case authority(server: String, mailbox: String, serial: UInt32)
    /// SRV, RFC 2782.
    case service(priority: UInt16, weight: UInt16, port: UInt16, target: String)
    case bytes([UInt8])

    init(_ type: UInt16, in message: RawSpan, _ place: Range<Int>) {
        self = Self.read(type, message, place) ?? .bytes(message.extracting(place).copied)
    }

    private static func read(_ type: UInt16, _ message: RawSpan, _ place: Range<Int>) -> DNSData? {
        // Names in it may lead anywhere in the message, but what it holds itself ends where it ends.
        func name(_ offset: Int) -> DNSName? {
            guard place.lowerBound + offset < place.upperBound, let name = DNSName(in: message, at: place.lowerBound + offset), name.end <= place.upperBound
            else { return nil }
            return name
        }
        func number(_ offset: Int) -> UInt16 { message.uint16(place.lowerBound + offset) }

        switch type {
        case DNSType.a where place.count == 4:
            return .address(IPAddress(0, UInt64(number(0)) << 16 | UInt64(number(2)), isIPv4: true))
        case DNSType.aaaa where place.count == 16:
            func word(_ offset: Int) -> UInt64 { (0..<4).reduce(0) { $0 << 16 | UInt64(number(offset + 2 * $1)) } }
            return .address(IPAddress(word(0), word(8), isIPv4: false))
        case DNSType.ns, DNSType.cname, DNSType.ptr, DNSType.dname:
            return name(0).map { .name($0.text) }
        case DNSType.mx where place.count > 2:
            return name(2).map { .mailExchange(preference: number(0), name: $0.text) }
        case DNSType.txt, DNSType.spf:
            var reader = ByteReader(message.extracting(place))
            var strings: [[UInt8]] = []
            while !reader.isAtEnd {
                guard let string = reader.vector8() else { return nil }
                strings.append(string.copied)
            }
            return .text(strings)
        case DNSType.soa:
            guard let server = name(0), let mailbox = name(server.end - place.lowerBound), mailbox.end + 20 <= place.upperBound else { return nil }
            let serial = UInt32(message.uint16(mailbox.end)) << 16 | UInt32(message.uint16(mailbox.end + 2))
            return .authority(server: server.text, mailbox: mailbox.text, serial: serial)
        case DNSType.srv where place.count > 6:
            return name(6).map { .service(priority: number(0), weight: number(2), port: number(4), target: $0.text) }
        default: return nil
        }
    }

    /// As Zeek's `answers` has it: an address, a name, or the record's type and what it holds.
    public func text(_ type: UInt16) -> String {
        switch self {
        case .address(let address): address.description
        case .name(let name), .mailExchange(_, let name), .service(_, _, _, let name): name
        case .text(let strings): (["TXT"] + strings.map { "\($0.count) \(String(decoding: $0, as: UTF8.self))" }).joined(separator: " ")
        case .authority(let server, _, _): server
        case .bytes(let bytes): "<\(DNSType.name(type)), \(bytes.count) bytes>"
        }
    }
}

/// What an OPT record says, RFC 6891 6.1: its fields have other meanings than those of a record.
public struct DNSExtension: Equatable, Sendable {
    /// Bytes that the sender takes in a UDP datagram.
    public let payloadSize: UInt16
    public let upperResponseCode: UInt8
    public let version: UInt8
    /// Whether signatures are wanted (DO, RFC 3225).
    public let wantsSignatures: Bool
    /// The network that the client of the resolver is in, if the resolver says so, RFC 7871.
    public let clientSubnet: DNSClientSubnet?
    /// IANA's codes, as they came.
    public let options: [UInt16]

    init(_ header: DNSRecord.Header, _ data: RawSpan) {
        payloadSize = header.rclass
        upperResponseCode = UInt8(truncatingIfNeeded: header.timeToLive >> 24)
        version = UInt8(truncatingIfNeeded: header.timeToLive >> 16)
        wantsSignatures = header.timeToLive & 0x8000 != 0
        var (reader, codes): (ByteReader, [UInt16]) = (ByteReader(data), [])
        var subnet: DNSClientSubnet?
        while let code = reader.uint16(), let content = reader.vector16() {
            codes.append(code)
            if code == 8 { subnet = DNSClientSubnet(content) }
        }
        (options, clientSubnet) = (codes, subnet)
    }
}

/// EDNS's client subnet, RFC 7871 6.
public struct DNSClientSubnet: Equatable, Sendable {
    public let address: IPAddress
    /// Bits of it that the resolver has told, and those that the answer holds for.
    public let sourcePrefix: UInt8
    public let scopePrefix: UInt8

    init?(_ content: RawSpan) {
        var reader = ByteReader(content)
        guard let family = reader.uint16(), let source = reader.uint8(), let scope = reader.uint8(), family == 1 || family == 2 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        let size = family == 1 ? 4 : 16
        guard reader.count <= size, Int(source) <= 8 * size else { return nil }
        for place in 0..<size {
            words.0 = words.0 << 8 | words.1 >> 56
            words.1 = words.1 << 8 | UInt64(place < content.byteCount - 4 ? content.byte(4 + place) : 0)
        }
        address = IPAddress(words.0, words.1, isIPv4: family == 1)
        (sourcePrefix, scopePrefix) = (source, scope)
    }
}
