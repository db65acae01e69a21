import Capture
import Packets
import Tracking

/// A core that reads a capture file. Its packets have numbers, and it is told of time's ticks between two of them, so that what it writes depends on
/// neither bursts nor blocks.
extension Lcore {
    /// Runs until the file has ended, or until it is asked to stop; then ends all connections.
    mutating func runFile(_ lines: CoreLines) {
        let numbers = UnsafeMutablePointer<UInt64>.allocate(capacity: Burst.capacity)
        let times = UnsafeMutablePointer<PacketTime>.allocate(capacity: Burst.capacity)
        defer {
            numbers.deallocate()
            times.deallocate()
        }
        var round = 0
        var count: UInt64 = 0
        while sources.openCount > 0, !stop.isRequested {
            if mailbox.hasMail { adoptFilters() }
            meter?.enter(.receiving)
            let state = sources.fill(0, &burst, at: .zero)
            meter?.endReceiving(isEmpty: burst.count == 0)
            if burst.count > 0 {
                for place in 0..<burst.count { numbers[place] = count &+ UInt64(place) }
                process(numbers, times)
                count += UInt64(burst.count)
                burst.free()
            }
            if case .failed(let reason) = state { ownFailures.append(reason) }
            if state != .open { sources.close(0) }
            lines.answerCalls()
            round &+= 1
            if round % Self.roundsBetweenReports == 0 { report() }
        }
        pipeline.drain(at: timekeeper.steady)
        lines.end()
        report()
    }

    /// Takes the burst through the pipeline, cut where time reaches a tick.
    private mutating func process(_ numbers: UnsafeMutablePointer<UInt64>, _ times: UnsafeMutablePointer<PacketTime>) {
        let frames = burst.frames
        var start = 0
        var place = 0
        while place < frames.count {
            let tick = timekeeper.see(frames, from: place, times)
            pipeline.process(UnsafeBufferPointer(rebasing: frames[start..<tick]), numbers: numbers + start, times: times + start)
            if tick < frames.count { pipeline.pass(to: timekeeper.steady, before: numbers[tick]) }
            (start, place) = (tick, tick + 1)
        }
        pipeline.process(UnsafeBufferPointer(rebasing: frames[start...]), numbers: numbers + start, times: times + start)
    }
}
