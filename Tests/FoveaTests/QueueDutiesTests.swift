import Testing

@testable import Fovea

@Suite struct `Duties of cores` {
    private typealias Queue = QueueDuties.Queue
    private typealias Group = QueueDuties.Group

    private func port(_ cores: [Int], queues: Int? = nil) -> QueueDuties.Port {
        QueueDuties.Port(cores: cores, queues: queues ?? cores.count, areShared: queues != nil)
    }

    @Test func `a queue for each core is polled by that alone`() {
        let duties = QueueDuties([port([3, 1]), port([1])])
        #expect(duties.own == [3: [Queue(port: 0, number: 0)], 1: [Queue(port: 0, number: 1), Queue(port: 1, number: 0)]])
        #expect(duties.shared.isEmpty)
    }

    @Test func `queues that the same cores share are one source, in whatever order cores are named`() {
        let duties = QueueDuties([port([1, 2], queues: 1), port([2, 1], queues: 2)])
        let queues = [Queue(port: 0, number: 0), Queue(port: 1, number: 0), Queue(port: 1, number: 1)]
        #expect(duties.shared == [Group(cores: [1, 2], queues: queues)])
        #expect(duties.own.isEmpty)
    }

    @Test func `a core that shares has its own queues as a source, too, and others do not`() {
        let duties = QueueDuties([port([1, 2]), port([2, 3], queues: 1), port([4]), port([2])])
        #expect(duties.own == [1: [Queue(port: 0, number: 0)], 4: [Queue(port: 2, number: 0)]])
        #expect(duties.shared == [
            Group(cores: [2], queues: [Queue(port: 0, number: 1), Queue(port: 3, number: 0)]), Group(cores: [2, 3], queues: [Queue(port: 1, number: 0)]),
        ])
    }
}
