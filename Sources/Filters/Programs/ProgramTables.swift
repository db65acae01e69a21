import Packets

/// What the instructions of a program point to, each once.
struct ProgramTables {
    private var objects: [AnyObject] = []

    mutating func ports(_ ports: IntegerSet) -> UInt64 { keep(PortTable(ports)) }
    mutating func addresses(_ addresses: AddressSet) -> UInt64 { keep(addresses.table) }
    mutating func packetTest(_ test: FieldTest, _ field: PacketField) -> UInt64 { keep(PacketTest(test, field)) }

    private mutating func keep(_ object: AnyObject) -> UInt64 {
        objects.append(object)
        return UInt64(UInt(bitPattern: Unmanaged.passUnretained(object).toOpaque()))
    }
}

extension Instruction {
    init(protocols: ProtocolMask, kind: Kind, side: Side = .either, onYes: Target, onNo: Target, table: UInt64) {
        self.init(protocols: protocols, kind: kind, side: side, onYes: onYes, onNo: onNo)
        low = table
    }
}

/// A set of ports, a bit each.
final class PortTable {
    private let words: UnsafeMutablePointer<UInt64>

    init(_ ports: IntegerSet) {
        words = .allocate(capacity: 1024)
        words.initialize(repeating: 0, count: 1024)
        for range in ports.ranges {
            for port in range.clamped(to: 0...65535) where range.contains(port) { words[Int(port >> 6)] |= 1 << (port & 63) }
        }
    }

    deinit { words.deallocate() }

    @inline(__always)
    func contains(_ port: UInt16) -> Bool { words[Int(port >> 6)] >> UInt64(port & 63) & 1 != 0 }
}

/// A question to a single packet.
public final class PacketTest {
    private let field: PacketField
    private let test: FieldTest
    /// The numbers that fit, when these are one range: most tests.
    private let range: ClosedRange<UInt64>?

    init(_ test: FieldTest, _ field: PacketField) {
        self.field = field
        self.test = test
        if case .integers(let set) = test.predicate, set.ranges.count == 1 { range = set.ranges[0] } else { range = nil }
    }

    func fits(_ packet: FramedPacket) -> Bool {
        if field == .payload { return packet.values(of: field).contains(where: test.fits) }
        let number = field.number(packet.packet, packet.frame)
        guard number != PacketField.absent else { return false }
        return range.map { $0.contains(number) } ?? test.fits(.integer(number))
    }
}
