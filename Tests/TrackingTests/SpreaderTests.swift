import Packets
import Testing

@testable import Tracking

/// Packets of a source that several cores share.
@Suite struct `Cores that share packets` {
    private static var options: TrackerOptions {
        var options = Run.options
        options.udpInactivityTimeout = second
        options.timeoutResolution = second / 10
        options.fragmentTimeout = second
        return options
    }

    /// Two cores, and who spreads for them.
    private struct Cores: ~Copyable {
        var spreader = Spreader(`Cores that share packets`.options, workers: 2, tracksConnections: true)
        var batches = PacketBatches(workers: 2, frames: 256)
        var first = Self.pipeline(0)
        var second = Self.pipeline(1)

        private static func pipeline(_ core: Int) -> Pipeline {
            let options = `Cores that share packets`.options
            let context = ReportContext(subscription: "test", lcore: core, outputFolder: nil)
            let order = SubscriberOrder(filter: .everything, context: context, maxConnections: options.maxConnections)
            // Its report cannot fail.
            let subscriber = try! Ends._makeSubscriber(order)
            return Pipeline(options, subscribers: [subscriber], spread: SpreadCore(core, nil))
        }

        mutating func send(_ packets: [Sent]) {
            let memory = FrameMemory(packets)
            withExtendedLifetime(memory) {
                memory.frames.withUnsafeBufferPointer { frames in
                    batches.removeAll()
                    spreader.spread(frames, to: &batches)
                    take()
                }
            }
        }

        /// Gives whether cores were told.
        mutating func pass(to time: Int64) -> Bool {
            batches.removeAll()
            spreader.pass(to: Timestamp(nanoseconds: time), &batches)
            take()
            return !batches.isEmpty
        }

        private mutating func take() {
            first.process(batches[0])
            second.process(batches[1])
        }
    }

    private struct Ends: Trackable {
        struct Report: SubscriptionReport { mutating func merge(_ other: Report) {} }
        static func makeReport(_ context: ReportContext) -> Report { Report() }
        init(_ connection: ConnectionRecord) {}
        consuming func ended(_ connection: ConnectionRecord, _ report: inout Report) {}
    }

    @Test func `tells all cores of time that passes without packets, a tick at a time`() {
        var cores = Cores()
        cores.send((1...40 as ClosedRange<UInt32>).map { Sent(udpFrame(End($0, 1), End(0xc0a8_0000 | $0, 2)), at: start) })
        let counts = (cores.first.tracker.count, cores.second.tracker.count)
        #expect(counts.0 > 5 && counts.1 > 5 && counts.0 + counts.1 == 40)
        // Not a tick's time, then one, at which nothing is overdue.
        let told = [cores.pass(to: start + second / 20), cores.pass(to: start + second / 2), cores.pass(to: start + second / 2 + 1)]
        #expect(told == [false, true, false])
        let later = (cores.first.tracker.count, cores.second.tracker.count)
        #expect(later == counts)
        let last = cores.pass(to: start + 2 * second)
        #expect(last)
        let ends = (cores.first.counters[.idle], cores.second.counters[.idle])
        #expect(ends == (UInt64(counts.0), UInt64(counts.1)))
        // A clock that goes back tells nothing.
        let back = cores.pass(to: start)
        #expect(!back)
    }

    @Test func `gives up fragments when time passes without packets`() {
        var cores = Cores()
        cores.send([Sent(ethernet(0x0800, ipv4(17, from: 1, to: 2, fragment: 0x2000, Octets(repeating: 1, count: 16))), at: start)])
        _ = cores.pass(to: start + second / 2)
        let early = cores.spreader.counters[.timeout]
        _ = cores.pass(to: start + 2 * second)
        let late = cores.spreader.counters[.timeout]
        #expect((early, late) == (0, 1))
    }
}
