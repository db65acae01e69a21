import Packets

public typealias Octets = [UInt8]

/// A frame on its way, with the moment it was captured.
public struct Sent: Sendable {
    public var bytes: Octets
    public var time: Int64
    /// Bytes on the wire; what is beyond the bytes at hand was cut off.
    public var wireLength: Int

    public init(_ bytes: Octets, at time: Int64, wireLength: Int? = nil) {
        self.bytes = bytes
        self.time = time
        self.wireLength = wireLength ?? bytes.count
    }

    /// The same frame as a capture with this snap length has it.
    public func cut(to length: Int) -> Sent { Sent(Octets(bytes.prefix(length)), at: time, wireLength: wireLength) }
}

/// Who sends, and to whom.
public struct End: Equatable, Sendable {
    public var address: UInt32
    public var port: UInt16

    public init(_ address: UInt32, _ port: UInt16) {
        self.address = address
        self.port = port
    }
}

/// When the tests' traffic begins: 2023-11-14, 22:13:20 UTC.
public let start: Int64 = 1_700_000_000_000_000_000
public let second: Int64 = 1_000_000_000

public func big(_ value: some FixedWidthInteger & UnsignedInteger) -> Octets { withUnsafeBytes(of: value.bigEndian) { Octets($0) } }

public func ethernet(_ type: UInt16, vlans: [UInt16] = [], _ payload: Octets) -> Octets {
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2] + vlans.flatMap { big(0x8100 as UInt16) + big($0) } + big(type) + payload
}

public func ipv4(_ number: UInt8, from: UInt32, to: UInt32, fragment: UInt16 = 0, _ payload: Octets) -> Octets {
    let lengths = big(0x4500 as UInt16) + big(UInt16(20 + payload.count))
    return lengths + big(7 as UInt16) + big(fragment) + [64, number, 0, 0] + big(from) + big(to) + payload
}

/// The addresses are the last words of addresses in 2001:db8::/64.
public func ipv6(_ number: UInt8, from: UInt32, to: UInt32, _ payload: Octets) -> Octets {
    let prefix = big(0x2001_0db8_0000_0000 as UInt64) + big(0 as UInt32)
    return big(0x6000_0000 as UInt32) + big(UInt16(payload.count)) + [number, 64] + prefix + big(from) + prefix + big(to) + payload
}

public func tcpHeader(_ from: UInt16, _ to: UInt16, sequence: UInt32, acknowledgment: UInt32, flags: TCPFlags, window: UInt16 = 1024) -> Octets {
    big(from) + big(to) + big(sequence) + big(acknowledgment) + [0x50, flags.rawValue] + big(window) + [0, 0, 0, 0]
}

public func udp(_ from: UInt16, _ to: UInt16, _ payload: Octets = [1, 2, 3]) -> Octets { big(from) + big(to) + big(UInt16(8 + payload.count)) + [0, 0] + payload }

public func udpFrame(_ from: End, _ to: End, vlans: [UInt16] = [], _ payload: Octets = [1, 2, 3]) -> Octets {
    ethernet(0x0800, vlans: vlans, ipv4(17, from: from.address, to: to.address, udp(from.port, to.port, payload)))
}

/// A TCP conversation in shorthand: words of what happens, in order.
///
///     >S <SA >A      the client's SYN, the server's answer, the client's ACK; also F R P U, and `-` for no flag at all
///     >PA5           5 bytes of payload; they are the stream's bytes at that place
///     >PA5@20        … at sequence number 20 after the client's first; otherwise what comes next
///     <A#6           acknowledges up to 6 after the client's first number; otherwise all that the client has sent
///     <A~0           a window of 0
///     +6             six seconds pass; +-2: time goes back
///
/// A millisecond passes between packets. The byte at place n of a stream is a function of n, so that nobody has to say it.
public struct Talk: Sendable {
    public var packets: [Sent] = []
    public var client = End(0x0a00_0001, 40000)
    public var server = End(0x0a00_0002, 443)
    public var firstNumbers: (client: UInt32, server: UInt32) = (1000, 3_000_000_000)
    public var time = start
    public var isIPv6 = false
    public var vlans: [UInt16] = []
    /// Payload instead of the bytes that nobody has to say.
    public var payloads: [Octets] = []
    private var next: (client: UInt32, server: UInt32) = (1, 1)

    public init() {}

    public init(_ text: String, swapped: Bool = false) {
        if swapped { (client.address, server.address) = (server.address, client.address) }
        say(text)
    }

    public static func byte(_ place: Int, _ direction: Direction) -> UInt8 {
        UInt8(truncatingIfNeeded: (place &* 0x9e37_79b1) >> 13) ^ (direction == .originator ? 0 : 0xff)
    }
    public static func bytes(_ range: Range<Int>, _ direction: Direction = .originator) -> Octets { range.map { byte($0, direction) } }

    public mutating func say(_ text: String) {
        for word in text.split(separator: " ") {
            switch word.first {
            case ">": send(word.dropFirst(), .originator)
            case "<": send(word.dropFirst(), .responder)
            case "+": time &+= Int64(Double(word.dropFirst())! * 1e9)
            default: preconditionFailure("what is \(word)?")
            }
        }
    }

    private mutating func send(_ word: Substring, _ direction: Direction) {
        var flags: TCPFlags = []
        for letter in word.prefix(while: { $0.isLetter }) {
            switch letter {
            case "S": flags.insert(.syn)
            case "A": flags.insert(.ack)
            case "F": flags.insert(.fin)
            case "R": flags.insert(.rst)
            case "P": flags.insert(.psh)
            case "U": flags.insert(.urg)
            default: preconditionFailure("no flag \(letter)")
            }
        }
        func number(after mark: Character) -> Int? {
            word.firstIndex(of: mark).map { Int(word[word.index(after: $0)...].prefix { $0.isNumber || $0 == "-" })! }
        }
        let length = Int(word.drop { $0.isLetter || $0 == "-" }.prefix { $0.isNumber }) ?? 0
        let isClient = direction == .originator
        let place = number(after: "@") ?? (flags.contains(.syn) ? 0 : Int(isClient ? next.client : next.server))
        let ack = flags.contains(.ack) ? number(after: "#") ?? Int(isClient ? next.server : next.client) : 0
        let first = flags.contains(.syn) ? place + 1 : place
        let payload = !payloads.isEmpty && length > 0 ? payloads.removeFirst() : Self.bytes(first..<first + length, direction)
        send(direction, flags, place: place, ack: ack, payload, window: UInt16(number(after: "~") ?? 1024))
        let end = UInt32(truncatingIfNeeded: first + payload.count + (flags.contains(.fin) ? 1 : 0))
        if flags.contains(.rst) { return }
        if isClient { next.client = max(next.client, end) } else { next.server = max(next.server, end) }
    }

    /// A packet at a place relative to its side's first number.
    public mutating func send(_ direction: Direction, _ flags: TCPFlags, place: Int, ack: Int, _ payload: Octets, window: UInt16 = 1024) {
        let isClient = direction == .originator
        let (from, to) = isClient ? (client, server) : (server, client)
        let (own, other) = isClient ? (firstNumbers.client, firstNumbers.server) : (firstNumbers.server, firstNumbers.client)
        let segment =
            tcpHeader(
                from.port, to.port, sequence: own &+ UInt32(truncatingIfNeeded: place),
                acknowledgment: flags.contains(.ack) ? other &+ UInt32(truncatingIfNeeded: ack) : 0, flags: flags, window: window) + payload
        let packet =
            isIPv6 ? ipv6(6, from: from.address, to: to.address, segment) : ipv4(6, from: from.address, to: to.address, segment)
        packets.append(Sent(ethernet(isIPv6 ? 0x86dd : 0x0800, vlans: vlans, packet), at: time))
        time &+= 1_000_000
    }
}
