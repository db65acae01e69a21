import Packets

/// A DHCP message, RFC 2131 2. It owns the bytes as they were sent; fields and options are read from them when they are asked for.
///
///     | op | htype | hlen | hops | xid | secs | flags | ciaddr | yiaddr | siaddr | giaddr | chaddr | sname | file | 99.130.83.99 | options …
///     |  1 |     1 |    1 |    1 |   4 |    2 |     2 |      4 |      4 |      4 |      4 |     16 |    64 |  128 |            4 | code, length, value …
public struct DHCPMessage: Equatable, Sendable {
    static let headerLength = 240
    static let cookie: UInt32 = 0x6382_5363
    /// Octets that are kept of one; RFC 2131 2 asks for 576 to be understood.
    private static let mostKept = 4096
    private static let names = 44..<108
    private static let file = 108..<236

    private let message: [UInt8]
    /// Whether all options could be read.
    public let isWhole: Bool

    /// Nil for what is none: no header, no cookie, no message type.
    init?(_ bytes: RawSpan, isCut: Bool) {
        guard bytes.byteCount >= Self.headerLength, bytes.uint32(236) == Self.cookie, 1...2 ~= bytes.byte(0), bytes.byte(2) <= 16 else { return nil }
        let kept = bytes.extracting(0..<min(bytes.byteCount, Self.mostKept))
        message = kept.copied
        var (type, isSound): (UInt8?, Bool) = (nil, true)
        Self.forEachOption(in: kept, isSound: &isSound) { code, value in
            if code == DHCPOption.messageType, value.byteCount == 1 { type = value.byte(0) }
        }
        isWhole = isSound && !isCut && kept.byteCount == bytes.byteCount
        guard let type, 1...18 ~= type else { return nil }
        self.type = type
    }

    /// 1 DISCOVER, 2 OFFER, 3 REQUEST, 4 DECLINE, 5 ACK, 6 NAK, 7 RELEASE, 8 INFORM; IANA's numbers.
    public let type: UInt8

    /// As it was sent.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { message.span.bytes }
    }

    // MARK: Header

    public var isReply: Bool { message[0] == 2 }
    public var id: UInt32 { bytes.uint32(4) }
    /// Seconds since the client began, as it says.
    public var seconds: UInt16 { bytes.uint16(8) }
    public var isBroadcast: Bool { bytes.byte(10) & 0x80 != 0 }
    /// The address that the client has and uses; nil for none.
    public var clientAddress: IPAddress? { address(12) }
    /// The address that the client gets.
    public var yourAddress: IPAddress? { address(16) }
    public var nextServer: IPAddress? { address(20) }
    public var relay: IPAddress? { address(24) }
    /// The client's hardware address; six octets on Ethernet.
    public var hardwareAddress: [UInt8] { Array(message[28..<28 + Int(message[2])]) }

    private func address(_ place: Int) -> IPAddress? {
        let value = bytes.uint32(place)
        return value == 0 ? nil : IPAddress(ipv4: value)
    }

    // MARK: Options, RFC 2132

    /// What an option has; of one that comes several times all of it (RFC 3396). Nil where it does not come.
    public func option(_ code: UInt8) -> [UInt8]? {
        var (found, isSound): ([UInt8]?, Bool) = (nil, true)
        Self.forEachOption(in: bytes, isSound: &isSound) { other, value in
            if other == code { value.withUnsafeBytes { found = (found ?? []) + $0 } }
        }
        return found
    }

    func text(_ code: UInt8) -> String? {
        // Some end it as C does.
        option(code).map { bytes in String(decoding: bytes[..<(bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)], as: UTF8.self) }
    }
    func address(option code: UInt8) -> IPAddress? {
        option(code).flatMap { $0.count == 4 ? IPAddress(ipv4: $0.span.bytes.uint32(0)) : nil }
    }
    func seconds(option code: UInt8) -> UInt32? { option(code).flatMap { $0.count == 4 ? $0.span.bytes.uint32(0) : nil } }

    /// RFC 4702 2: flags, two numbers that mean nothing any more, and a name, as in DNS or as text.
    public var fullyQualifiedName: String? {
        guard let value = option(DHCPOption.fullyQualifiedName), value.count > 3 else { return nil }
        let name = Array(value.dropFirst(3))
        guard value[0] & 4 != 0 else { return String(decoding: name, as: UTF8.self) }
        var (labels, place): ([String], Int) = ([], 0)
        while place < name.count, name[place] > 0, name[place] < 64, place + Int(name[place]) < name.count {
            labels.append(String(decoding: name[(place + 1)...(place + Int(name[place]))], as: UTF8.self))
            place += 1 + Int(name[place])
        }
        return labels.isEmpty ? nil : labels.joined(separator: ".")
    }

    /// Gives each option in the order of RFC 3396: those of the options' field, and then those that fill the fields of names (option 52).
    static func forEachOption(in message: RawSpan, isSound: inout Bool, _ give: (UInt8, RawSpan) -> Void) {
        var overload: UInt8 = 0
        walk(message.extracting(headerLength..<message.byteCount), &isSound) { code, value in
            if code == DHCPOption.overload, value.byteCount == 1 { overload = value.byte(0) }
            give(code, value)
        }
        if overload & 1 != 0 { walk(message.extracting(file), &isSound, give) }
        if overload & 2 != 0 { walk(message.extracting(names), &isSound, give) }
    }

    private static func walk(_ options: RawSpan, _ isSound: inout Bool, _ give: (UInt8, RawSpan) -> Void) {
        var reader = ByteReader(options)
        while let code = reader.uint8(), code != DHCPOption.end {
            guard code != DHCPOption.pad else { continue }
            guard let value = reader.vector8() else { return isSound = false }
            give(code, value)
        }
    }

    var byteCount: Int { message.count }
}

enum DHCPOption {
    static let pad: UInt8 = 0, hostName: UInt8 = 12, domainName: UInt8 = 15, requestedAddress: UInt8 = 50, leaseTime: UInt8 = 51, overload: UInt8 = 52
    static let messageType: UInt8 = 53, serverIdentifier: UInt8 = 54, parameterRequestList: UInt8 = 55, text: UInt8 = 56, vendorClass: UInt8 = 60
    static let fullyQualifiedName: UInt8 = 81, end: UInt8 = 255
}

/// Types of messages, <https://www.iana.org/assignments/bootp-dhcp-parameters>.
public enum DHCPType {
    static let request: UInt8 = 3, decline: UInt8 = 4, acknowledgment: UInt8 = 5, refusal: UInt8 = 6, release: UInt8 = 7
    static let discover: UInt8 = 1

    static let names: [String: UInt64] = [
        "DISCOVER": 1, "OFFER": 2, "REQUEST": 3, "DECLINE": 4, "ACK": 5, "NAK": 6, "RELEASE": 7, "INFORM": 8, "FORCERENEW": 9, "LEASEQUERY": 10,
        "LEASEUNASSIGNED": 11, "LEASEUNKNOWN": 12, "LEASEACTIVE": 13, "BULKLEASEQUERY": 14, "LEASEQUERYDONE": 15, "ACTIVELEASEQUERY": 16,
        "LEASEQUERYSTATUS": 17, "TLS": 18,
    ]
    private static let texts = Dictionary(uniqueKeysWithValues: names.map { (UInt8($0.value), $0.key) })

    public static func name(_ type: UInt8) -> String { texts[type] ?? "TYPE\(type)" }
}

extension RawSpan {
    /// In network order, at a place that is known to lie in it.
    @inline(__always)
    func uint32(_ place: Int) -> UInt32 { UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self)) }
}
