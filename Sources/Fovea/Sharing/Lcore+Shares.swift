import Capture
import Glibc
import Packets
import Tracking

/// What a core has of a source that it shares with others.
struct Share {
    let source: SharedSource
    /// From 0, among those that share it.
    let core: Int
    /// The number of the block that it takes next.
    var next = 0

    /// Whether it has had all blocks.
    var isOver: Bool { source.isOver(at: next) }
}

/// One of several cores that share a capture file, or ports' queues. Its clock is that of whoever reads.
extension Lcore {
    /// Takes its part of each block, and reads the next when there is none, until all has been read; then ends all its connections. When it is asked to stop
    /// the source ends there, for all cores: so what they have of a capture is what a shorter file would give.
    mutating func runShares() {
        var round = 0
        var pauses = 0
        while !shares.allSatisfy(\.isOver) {
            if stop.isRequested { for share in shares { share.source.end() } }
            if mailbox.hasMail { adoptFilters() }
            var progress = SharedSource.Reading.others
            for index in shares.indices { progress = max(progress, takeBlock(of: index) ? .news : read(index)) }
            lines?.answerCalls()
            pause(after: progress, &pauses)
            round &+= 1
            if round % Self.roundsBetweenReports == 0 { report() }
            if round % Self.roundsBetweenClocks == 0, shares.contains(where: \.source.isLive) { flush(at: EAL.wallClock) }
        }
        for share in shares { share.source.leave() }
        endCapture()
        pipeline.drain(at: shares.reduce(.zero) { max($0, $1.source.steady) })
        lines?.end()
        report()
    }

    /// - Returns: whether there was one.
    private mutating func takeBlock(of index: Int) -> Bool {
        guard let block = shares[index].source.block(shares[index].next) else { return false }
        pipeline.process(block.batches[shares[index].core])
        lines?.position.reach(block.batches.upTo)
        block.leave()
        shares[index].next += 1
        return true
    }

    private mutating func read(_ index: Int) -> SharedSource.Reading {
        meter?.enter(.receiving)
        let reading = shares[index].source.read()
        meter?.endReceiving(isEmpty: reading != .news)
        return reading
    }

    /// A port is polled on. What others are at is over soon, but not if there are more cores to run than there are.
    private func pause(after progress: SharedSource.Reading, _ count: inout Int) {
        guard progress != .news else { return count = 0 }
        count = progress == .others ? count + 1 : 0
        meter?.enter(.waiting)
        if count < 1000 { sched_yield() } else { usleep(50) }
        meter?.leave(to: nil)
    }
}

