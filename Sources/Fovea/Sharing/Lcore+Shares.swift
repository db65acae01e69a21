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
            var isIdle = true
            for index in shares.indices where takeBlock(of: index) || shares[index].source.read() { isIdle = false }
            lines?.answerCalls()
            if isIdle { pause(&pauses) } else { pauses = 0 }
            round &+= 1
            if round % Self.roundsBetweenReports == 0 { report() }
            if round % Self.roundsBetweenClocks == 0, shares.contains(where: \.source.isLive) { flush(at: EAL.wallClock) }
        }
        for share in shares { share.source.leave() }
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

    /// Somebody else reads, or is behind: that is over soon, but not if there are more cores to run than there are. A port's packets come when they come.
    private func pause(_ count: inout Int) {
        count += 1
        if count < 1000 || lines == nil { sched_yield() } else { usleep(50) }
    }
}
