import Packets
import TestSupport
import TestWire
import Testing
import Tracking
@testable import Filters

@Suite struct `Packet filters` {
    /// Those that are found by ports, addresses and protocols are those that say yes when they are asked one after the other.
    @Test(arguments: [9, 20, 70, 300])
    func `are found, many of them, as if each were asked`(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        var chosen = 0
        for _ in 0..<20 {
            let filters = try (0..<count).map { _ in try filter(using: &random) }
            let all = PacketFilters(filters)
            #expect(all.areMany)
            for _ in 0..<20 {
                let connection = RandomConnection(using: &random)
                for (index, packet) in connection.packets.enumerated() {
                    let naive = NaiveFilter.Knowledge(connection.memory.frames[index])
                    let (found, asked) = look(all, count, packet, connection.memory.frames[index])
                    chosen += found.count
                    #expect(found == asked)
                    #expect(found == filters.indices.filter { number in
                        var knowledge = naive
                        knowledge.senderIsSource = true
                        return NaiveFilter(filters[number]).match(knowledge) == .yes
                    })
                }
            }
        }
        #expect(chosen > 1000)
    }

    /// ARP, what is malformed, fragments.
    @Test func `are found for what is no flow's packet`() {
        var random = SeededGenerator(seed: 1)
        let filters = (0..<100).map { _ in FilterModel.random(depth: 3, using: &random).filter }.filter { !$0.asksForConnections }
        let all = PacketFilters(filters)
        let memory = FrameMemory([Sent([], at: start)])
        for _ in 0..<1000 {
            let (found, asked) = look(all, filters.count, .random(using: &random), memory.frames[0])
            #expect(found == asked)
        }
    }

    @Test func `are asked one after the other, few of them`() throws {
        let all = PacketFilters([Filter](repeating: .tcp, count: 8))
        #expect(!all.areMany)
    }

    private func look(_ filters: PacketFilters, _ count: Int, _ packet: Packet, _ frame: Frame) -> (found: [Int], asked: [Int]) {
        withUnsafePointer(to: packet) { packet in
            withUnsafePointer(to: frame) { frame in
                let framed = FramedPacket(packet, frame)
                return (filters.matches(framed).map { Array($0) } ?? [], (0..<count).filter { filters.matches($0, framed) })
            }
        }
    }

    /// Of one that a packet alone can answer.
    private func filter(using random: inout SeededGenerator) throws -> Filter {
        while true {
            let filter = try Filter(parsing: RandomFilter.text(depth: 2, using: &random))
            if !filter.asksForConnections { return filter }
        }
    }
}
