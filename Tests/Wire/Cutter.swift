/// A piece of a datagram, as it is to stand on the wire.
public struct Piece: Sendable {
    public var offset: Int
    public var more: Bool
    public var bytes: Octets

    public init(_ offset: Int, _ bytes: Octets, more: Bool) {
        self.offset = offset
        self.more = more
        self.bytes = bytes
    }
}

/// A datagram on its way in pieces: what its fragments' headers have in common.
public struct Cutter: Sendable {
    public var isIPv6 = false
    public var id: UInt32 = 7
    public var number: UInt8 = 17
    public var from: UInt32 = 0x0a00_0001
    public var to: UInt32 = 0x0a00_0002
    public var vlans: [UInt16] = []
    public var time = start

    public init(isIPv6: Bool = false) { self.isIPv6 = isIPv6 }

    /// The IP packet around a piece.
    public func packet(_ piece: Piece) -> Octets {
        let position = UInt16(truncatingIfNeeded: piece.offset)
        if isIPv6 { return ipv6(44, from: from, to: to, [number, 0] + big(position | (piece.more ? 1 : 0)) + big(id) + piece.bytes) }
        var packet = ipv4(number, from: from, to: to, fragment: position / 8 | (piece.more ? 0x2000 : 0), piece.bytes)
        packet.replaceSubrange(4..<6, with: big(UInt16(truncatingIfNeeded: id)))
        return packet
    }

    public func frame(_ piece: Piece) -> Sent { Sent(ethernet(isIPv6 ? 0x86dd : 0x0800, vlans: vlans, packet(piece)), at: time) }

    public func frames(_ pieces: [Piece]) -> [Sent] { pieces.map(frame) }

    /// A payload cut at these places, in order.
    public static func pieces(_ payload: Octets, at borders: [Int]) -> [Piece] {
        let ends = borders + [payload.count]
        return zip([0] + borders, ends).map { Piece($0, Octets(payload[$0..<$1]), more: $1 < payload.count) }
    }

    public func frames(_ payload: Octets, at borders: [Int]) -> [Sent] { frames(Self.pieces(payload, at: borders)) }
}

/// Bytes that say where they belong.
public func pattern(_ count: Int, _ salt: UInt8 = 0) -> Octets { (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 0x9e37_79b1) >> 11) ^ salt } }

/// All orders of some things.
public func permutations<Thing>(_ things: [Thing]) -> [[Thing]] {
    guard things.count > 1 else { return [things] }
    return things.indices.flatMap { first in
        var rest = things
        let thing = rest.remove(at: first)
        return permutations(rest).map { [thing] + $0 }
    }
}
