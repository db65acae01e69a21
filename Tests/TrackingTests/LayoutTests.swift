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
}
