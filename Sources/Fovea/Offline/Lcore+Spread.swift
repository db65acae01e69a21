import Capture
import Glibc
import Packets
import Tracking

/// What a core has of a capture file that it shares with others.
struct SpreadShare {
    let file: SpreadFile
    /// From 0, among those that share it.
    let core: Int

    var spreadCore: SpreadCore { SpreadCore(core, file.witness) }
}

/// One of several cores that share a capture file.
extension Lcore {
    /// Takes its part of each block, and reads the next when there is none, until the file has ended; then ends all its connections. When it is asked to stop
    /// the file ends there, for all cores: so what they have is what a shorter file would give.
    mutating func runShare(_ share: SpreadShare, _ lines: CoreLines) {
        let file = share.file
        var number = 0
        var pauses = 0
        while true {
            if stop.isRequested { file.end() }
            if mailbox.hasMail { adoptFilters() }
            if let block = file.block(number) {
                pipeline.process(block.batches[share.core])
                lines.position.reach(block.batches.upTo)
                block.leave()
                number += 1
                pauses = 0
                lines.answerCalls()
                report()
            } else if file.isOver(at: number) {
                break
            } else if !read(file) {
                lines.answerCalls()
                meter?.enter(.waiting)
                Self.pause(&pauses)
                meter?.leave(to: nil)
            }
        }
        pipeline.drain(at: file.steady)
        lines.end()
        report()
    }

    private func read(_ file: SpreadFile) -> Bool {
        meter?.enter(.receiving)
        let hasRead = file.read()
        meter?.endReceiving(isEmpty: !hasRead)
        return hasRead
    }

    /// Somebody else reads, or is behind: that is over soon, but not if there are more cores to run than there are.
    private static func pause(_ count: inout Int) {
        count += 1
        if count < 1000 { sched_yield() } else { usleep(50) }
    }
}
