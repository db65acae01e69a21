import Packets
import Testing
@testable import Tracking

@Suite struct `Connection layout` {
    @Test func `key and connection fill four cache lines`() {
        #expect(MemoryLayout<Connection>.size == 208)
        #expect(MemoryLayout<Connection>.stride == 208)
        #expect(MemoryLayout<FlowKey>.stride + MemoryLayout<Connection>.stride == 256)
    }

    @Test func `sides lie where access by endpoint looks for them`() {
        let a = MemoryLayout<Connection>.offset(of: \.sideA)
        #expect(a == Connection.sideOffset)
        #expect(MemoryLayout<Connection>.offset(of: \.sideB) == Connection.sideOffset + MemoryLayout<Connection.Side>.stride)
        #expect(MemoryLayout<FlowKey>.stride + Connection.sideOffset == 64)
        #expect(MemoryLayout<Connection.Side>.stride == 64)
    }

    @Test func `what happens on a line of its own begins on the fourth`() {
        #expect(MemoryLayout<FlowKey>.stride + MemoryLayout<Connection>.offset(of: \.members)! == 192)
        #expect(MemoryLayout<Connection>.offset(of: \.members) == Connection.membersOffset)
    }

    @Test func `a record begins as the table's entry does`() {
        #expect(ConnectionRecord.entryOffsets == [0, MemoryLayout<FlowKey>.stride])
    }

    @Test func `what says how quiet a connection is lies in one word`() {
        let bytes = [
            MemoryLayout<Connection>.offset(of: \.phase), MemoryLayout<Connection>.offset(of: \.originatorEvidence),
            MemoryLayout<Connection>.offset(of: \.originator), MemoryLayout<Connection>.offset(of: \.wants), MemoryLayout<Connection>.offset(of: \.stateA),
            MemoryLayout<Connection>.offset(of: \.stateB), MemoryLayout<Connection>.offset(of: \.transport), MemoryLayout<Connection>.offset(of: \.rank),
        ]
        #expect(bytes == (0..<8).map { Connection.standingOffset + $0 })
    }

    @Test func `a connection is quiet when it is open, established and of no interest`() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<Connection>.stride, alignment: 64)
        defer { memory.deallocate() }
        let connection = memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<Connection>.stride).withMemoryRebound(
            to: Connection.self, capacity: 1
        ) { $0 }
        let states = (0...6).map { TCPState(rawValue: $0)! }
        for transport in [TransportProtocol.tcp, .udp, .icmp] {
            for (phase, rank) in [(Connection.Phase.open, Rank.established), (.open, .attempt), (.open, .unanswered), (.closedByFin, .closed), (.tombstone, .closed)] {
                for wants in [Wants(), .hasStreams, .packets, .stream, .sessions, .decision, .levels, .reoriented, .beginning] {
                    for (a, b) in states.flatMap({ a in states.map { (a, $0) } }) where a != .reset && b != .reset {
                        connection.pointee.transport = transport
                        (connection.pointee.phase, connection.pointee.rank, connection.pointee.wants) = (phase, rank, wants)
                        (connection.pointee.stateA, connection.pointee.stateB) = (a, b)
                        let isIdle = phase == .open && rank == .established && !wants.isMoreThanCounts
                        let expected: ConnectionPace =
                            !isIdle ? .any : transport == .udp ? .quietUDP : transport == .tcp && a.isOpen && b.isOpen ? .quietTCP : .any
                        if connection.pace != expected { Issue.record("\(transport) \(phase) \(rank) \(wants) \(a) \(b): \(connection.pace)") }
                    }
                }
            }
        }
    }
}
