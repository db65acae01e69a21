import Packets
// The packets that all of these tests send.
@_exported import TestWire

extension Talk {
    /// A conversation of the pair of hosts with this number.
    init(_ text: String = "", number: Int) {
        self.init()
        client = End(0x0a01_0000 + UInt32(number), UInt16(40000 + number % 20000))
        server = End(0x0a02_0000 + UInt32(number % 7), 443)
        time = start + Int64(number) * 1000
        say(text)
    }
}

extension Sent {
    /// Puts an option behind a TCP header without any, in a frame without VLAN tags, in IPv4 without options.
    mutating func addTCPOption(_ option: Octets) {
        bytes.insert(contentsOf: option, at: 54)
        bytes[46] += UInt8(option.count / 4) << 4
        bytes.replaceSubrange(16..<18, with: big(UInt16(bytes.count - 14)))
        wireLength = bytes.count
    }
}

extension [Sent] {
    /// Conversations of so many pairs of hosts at once: the first packets of all, then the second ones.
    static func crowd(_ count: Int, _ talk: (_ number: Int) -> Talk) -> [Sent] {
        let talks = (0..<count).map { talk($0).packets }
        return (0..<(talks.map(\.count).max() ?? 0)).flatMap { step in talks.compactMap { step < $0.count ? $0[step] : nil } }
    }

    /// One frame after the other, a microsecond apart.
    static func frames(_ frames: [Octets], from time: Int64 = start) -> [Sent] { frames.enumerated().map { Sent($1, at: time + Int64($0) * 1000) } }

    /// Packets of one flow, while honest connections come to stand.
    static func calm(_ count: Int) -> [Sent] {
        let (one, other) = (End(0x0a03_0001, 7), End(0x0a03_0002, 7))
        return .repeated([udpFrame(one, other), udpFrame(other, one)], count / 2)
    }

    /// The same packets so many times, a microsecond apart.
    static func repeated(_ frames: [Octets], _ count: Int) -> [Sent] { .frames((0..<count).flatMap { _ in frames }) }
}

extension Talk {
    /// The same after a handshake whose SYN and SYN-ACK, its first packets, have windows of 2 to this power.
    func withWindowScale(_ power: UInt8) -> Talk {
        var talk = self
        for index in 0..<2 { talk.packets[index].addTCPOption([3, 3, power, 1]) }
        return talk
    }

    func saying(_ text: String) -> Talk {
        var talk = self
        talk.say(text)
        return talk
    }
}
