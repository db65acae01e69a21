import Filters
import Foundation
import Packets
import Synchronization
import TestSupport
import Testing
@testable import Tracking

/// Listeners on another core, which is the test: it takes messages when it likes.
private final class OtherCore {
    let run: Run
    let subscribers: [DispatchedSubscriber]

    private final class Made { var subscribers: [DispatchedSubscriber] = [] }

    init(_ listeners: [Run.Listener], ring: Int = 8 << 20, _ options: TrackerOptions = Run.options) throws {
        let made = Made()
        let listeners = listeners.map { listener in
            var dispatched = listener
            dispatched.make = { order in
                let subscriber = DispatchedSubscriber(try listener.make(order), ring: ring, maxConnections: order.maxConnections)
                made.subscribers.append(subscriber)
                return subscriber
            }
            return dispatched
        }
        run = try Run(listeners, options)
        subscribers = made.subscribers
    }

    var counts: DispatchCounts { subscribers[0].counts }

    func deliver(atMost count: Int = .max) {
        Ledger.$current.withValue(run.ledger) { for subscriber in subscribers { _ = subscriber.receiver.deliver(atMost: count) } }
    }

    /// The capture is over, and so is all that it has sent.
    func finish() {
        run.drain()
        deliver()
        for subscriber in subscribers { subscriber.receiver.finish() }
    }
}

extension Log {
    /// All that it was told, to compare it by.
    fileprivate var text: [String] {
        events.map { "\($0.connection) \($0.event)" } + ended.map(\.text) + names + singles.map { "\(String(describing: $0))" } + emergencies.map { "\($0)" }
    }

    /// The events of each connection.
    fileprivate var byConnection: [String: [Event]] { Dictionary(grouping: events, by: \.connection).mapValues { $0.map(\.event) } }
}

@Suite struct `Dispatch to another core` {
    private static var listeners: [Run.Listener] {
        get throws {
            var few = Delivery(), past = Delivery()
            few.packets = .first(3)
            past.history = HistoryBudget()
            return [
                .init(Moments.self), .init(Records.self), .init(Streams.self), .init(TLSNames.self), .init(Exclamations.self, .tcp), .init(Singles.self),
                .init(Singles.self, .everything, few), .init(Packets.self, .everything, few), .init(PacketsAndStreams.self, .tls, past),
                // Loses the connection when its originator turns out to be the other one.
                .init(Streams.self, try Filter(parsing: "ip.src == 10.0.0.2")), .init(Establishments.self), .init(Ticks.self),
            ]
        }
    }

    /// Conversations with gaps, conflicts, corrected originators, sessions, many one after the other.
    private static func traffic(_ seed: UInt64) -> [Sent] {
        var random = SeededGenerator(seed: seed)
        let texts = [
            ">S <SA >A >PA5 <PA700 >PA20@40 +20 <PA10 >FA <FA", ">S <SA >A >PA10@11 <PA30 >PA10@1 >PA10@5 <A >R", "<PA5 >S <SA >A >PA3 <PA9 >FA <FA +70",
            ">S", ">PA100 <PA100 >PA100 <PA100",
        ]
        var packets: [Sent] = []
        for number in 0..<40 {
            var talk = Talk()
            if number % 4 == 3 {
                talk = `Sessions`.talk("host\(number).example.org", port: UInt16(41000 + number))
            } else {
                talk.client.port = UInt16(40000 + Int.random(in: 0..<20, using: &random))
                if number % 5 == 4 { talk.payloads = ["!one.!tw", "o.", "!three."].map { Octets($0.utf8) } }
                talk.say(texts.randomElement(using: &random)!)
            }
            packets += talk.packets.map { Sent($0.bytes, at: $0.time + Int64(number) * second * 3, wireLength: $0.wireLength) }
        }
        return packets
    }

    // MARK: The same as inline

    @Test(arguments: 0..<10 as Range<UInt64>, [1, 7, 10_000]) func `gives what inline gives, however far behind it is`(seed: UInt64, lag: Int) throws {
        let packets = Self.traffic(seed)
        let inline = try Run(Self.listeners), other = try OtherCore(Self.listeners)
        for (number, start) in stride(from: 0, to: packets.count, by: 16).enumerated() {
            let burst = Array(packets[start..<min(start + 16, packets.count)])
            inline.send(burst)
            other.run.send(burst)
            if number % lag == lag - 1 { other.deliver() }
        }
        inline.drain()
        other.finish()
        for (log, expected) in zip(other.run.logs, inline.logs) { #expect(log.text == expected.text) }
        #expect(other.run.ledger.made == other.run.ledger.destroyed - other.run.ledger.parsers && other.run.ledger.made == inline.ledger.made)
        #expect(other.subscribers.allSatisfy { $0.counts.dropped == 0 && $0.counts.cutConnections == 0 && $0.counts.delivered > 0 })
        // Packets that are not to be given are not sent either.
        #expect(other.subscribers[6].counts.delivered == 3)
        #expect([6, 7].allSatisfy { other.subscribers[$0].counts.late == 0 })
        // All of it was there to be given.
        #expect(other.run.logs[3].names.count == 10)
        #expect([0, 2, 9].allSatisfy { !other.run.logs[$0].events.isEmpty } && !other.run.logs[9].text.elementsEqual(other.run.logs[2].text))
    }

    @Test func `hears of emergencies`() throws {
        var options = Run.options
        options.maxConnections = 20
        let inline = try Run([.init(Records.self)], options), other = try OtherCore([.init(Records.self)], options)
        for number in 0..<60 {
            var talk = Talk()
            talk.client.port = UInt16(1000 + number)
            talk.time = start + Int64(number) * 100_000_000
            talk.say(">S")
            inline.send(talk)
            other.run.send(talk)
        }
        inline.drain()
        other.finish()
        #expect(other.run.log.emergencies.count >= 2 && other.run.log.text == inline.log.text)
    }

    // MARK: Verdicts

    @Test(arguments: [Verdict.done, .unsubscribe], 1..<14) func `keeps a verdict at once, and tells it`(verdict: Verdict, first: Int) throws {
        for lag in [1, 100] {
            let inline = try Run([.init(PacketsAndStreams.self)]), other = try OtherCore([.init(PacketsAndStreams.self)])
            var calls = [0, 0]
            inline.log.verdict = { _ in
                calls[0] += 1
                return calls[0] >= first ? verdict : .more
            }
            other.run.log.verdict = { _ in
                calls[1] += 1
                return calls[1] >= first ? verdict : .more
            }
            let packets = Talk(">S <SA >A >PA10 <PA20 >PA10@21 >PA10 <PA20 >FA <FA").packets
            inline.send(packets, burst: 1)
            inline.drain()
            for (number, packet) in packets.enumerated() {
                other.run.send([packet])
                if number % lag == lag - 1 { other.deliver() }
            }
            let isHeld = other.run.pipeline.tracker.reassembly.heldPages > 0
            other.finish()
            #expect(other.run.log.text == inline.log.text)
            #expect((other.run.ledger.made, other.run.ledger.destroyed) == (1, 1))
            // Behind by one packet at most, nothing is held any more for whoever said so before the second-last packet, and little was sent in vain.
            if lag == 1, first <= 8 {
                #expect(!isHeld)
                #expect(other.counts.late <= 2)
            }
        }
    }

    @Test func `a verdict about a connection that is no more does not touch the next one in its place`() throws {
        let other = try OtherCore([.init(Packets.self)])
        other.run.log.verdict = { _ in .done }
        // The second has the first one's place in the table before the first one's verdict comes.
        var earlier = Talk(), later = Talk()
        earlier.client.port = 1
        earlier.say(">PA1")
        (later.client.port, later.time) = (2, start + 1000 * second)
        later.say(">PA1")
        other.run.send(earlier)
        other.run.advance(to: 400 * second)
        #expect(other.run.pipeline.tracker.count == 0)
        other.run.send(later)
        other.deliver(atMost: 2)
        #expect(other.run.log.events.count == 1)
        later.packets = []
        later.say(">PA1 >PA1")
        other.run.send(later)
        other.finish()
        #expect(other.run.log.events.count == 2)
        // It was not stopped by the first one's verdict: what came after its own was sent.
        #expect(other.counts.late == 2)
        #expect(other.run.log.ended.count == 2)
    }

    // MARK: A full ring

    /// Who loses something has the beginning of each connection without a hole, and `ended` of those alone that are whole; the sums are right.
    @Test(arguments: 0..<12 as Range<UInt64>) func `cuts connections short when its ring is full, and counts what they miss`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var options = Run.options
        options.tcpTombstoneTimeout = second
        options.tcpClosingTimeout = second
        let inline = try Run([.init(Streams.self)], options), other = try OtherCore([.init(Streams.self)], ring: 4096, options)
        for number in 0..<300 {
            var talk = Talk()
            talk.client.port = UInt16(1000 + number)
            talk.time = start + Int64(number) * 10 * second
            talk.say(">S <SA >A" + String(repeating: " >PA\(Int.random(in: 1...900, using: &random))", count: Int.random(in: 0...6, using: &random)))
            talk.say(["", ">PA10@5000 +15 >PA1", ">FA <FA", ">R"].randomElement(using: &random)!)
            inline.send(talk)
            other.run.send(talk)
            if seed < 10 { other.deliver(atMost: Int.random(in: 0...Int(4 + seed), using: &random)) }
        }
        inline.drain()
        other.finish()

        let counts = other.counts
        let given = UInt64(inline.log.events.count + inline.log.ended.count) + inline.counters.connections
        #expect(counts.delivered + counts.dropped == given && counts.late == 0)
        #expect(counts.dropped > 0 && counts.cutConnections > 0)
        let whole = Set(other.run.log.ended.map(\.uid)), all = inline.log.byConnection
        #expect(UInt64(inline.log.ended.count - whole.count) == counts.cutConnections)
        let bytesGiven = inline.counters[bytes: .delivered], bytes = other.run.log.events.reduce(UInt64(0)) { sum, entry in
            if case .bytes(_, let bytes) = entry.event { sum + UInt64(bytes.count) } else { sum }
        }
        #expect(bytes + counts.droppedBytes == bytesGiven)
        for (connection, events) in other.run.log.byConnection {
            let expected = all[connection] ?? []
            #expect(Array(expected.prefix(events.count)) == events)
            if whole.contains(connection) { #expect(expected.count == events.count) }
        }
        // No value is left over, though there was often no room to say that one is to be dropped.
        #expect(other.run.ledger.made == other.run.ledger.destroyed)
        #expect(counts.ringPeak <= 4096)
    }

    @Test func `loses single packets one by one`() throws {
        let other = try OtherCore([.init(Singles.self)], ring: 4096)
        var packets = Talk(">S" + String(repeating: " >PA100", count: 99)).packets
        other.run.send(packets)
        let first = other.counts
        #expect(first.dropped > 50 && first.delivered == 0)
        other.deliver()
        packets = Talk(">S").packets
        other.run.send(packets)
        other.finish()
        #expect(other.counts.delivered == UInt64(other.run.log.singles.count))
        #expect(other.counts.delivered + other.counts.dropped == 101 && other.counts.dropped == first.dropped)
        // A segment of 100 bytes has 154; the SYN, which is first, was not lost.
        #expect(other.counts.droppedBytes == 154 * first.dropped)
        #expect(other.counts.cutConnections == 0)
    }

    @Test func `what no ring of its size can hold is lost, and nothing waits for it`() throws {
        let other = try OtherCore([.init(PacketsAndStreams.self)], ring: 4096)
        other.subscribers[0].captureHasEnded()
        other.run.send(">S <SA >A >PA3000 >PA5")
        other.finish()
        #expect(other.counts.cutConnections == 1 && other.run.log.ended.isEmpty)
        #expect(other.run.log.events.count == 3)
    }

    @Test func `waits for room once the capture is over`() throws {
        var options = Run.options
        options.maxConnections = 5000
        let other = try OtherCore([.init(Records.self)], ring: 256 << 10, options)
        let subscriber = other.subscribers[0], ledger = other.run.ledger
        func open(_ numbers: Range<Int>) {
            for number in numbers {
                var talk = Talk()
                talk.client.port = UInt16(1000 + number)
                talk.say(">S")
                other.run.send(talk)
            }
        }
        for part in 0..<30 {
            open(part * 100..<part * 100 + 100)
            other.deliver()
        }
        #expect(other.counts.dropped == 0)
        // 3,000 ends are several times what the ring holds.
        final class Flag: Sendable { let isUp = Atomic(false) }
        let flag = Flag(), done = DispatchSemaphore(value: 0), receiver = subscriber.receiver
        Thread.detachNewThread {
            Ledger.$current.withValue(ledger) {
                while true {
                    let isLast = flag.isUp.load(ordering: .acquiring)
                    let count = receiver.deliver(atMost: 10)
                    if count == 0, isLast { break }
                    if count == 0 { usleep(10) }
                }
            }
            done.signal()
        }
        subscriber.captureHasEnded()
        other.run.drain()
        flag.isUp.store(true, ordering: .releasing)
        done.wait()
        #expect(other.run.log.ended.count == 3000)
        #expect(other.counts.dropped == 0 && other.counts.delivered == 6000)
    }

    // MARK: Memory

    @Test func `its memory is the engine's, from the start`() throws {
        let inline = try Run([.init(Streams.self), .init(Singles.self)])
        let other = try OtherCore([.init(Streams.self), .init(Singles.self)], ring: 300 << 10)
        let (before, after) = (inline.pipeline.memory, other.run.pipeline.memory)
        #expect(after.rings == 2 * 512 << 10 && before.rings == 0)
        #expect(after.parts.contains { $0.name == "rings" })
        // Of each place: its state here and there, and a verdict.
        #expect(after.subscriptions == before.subscriptions + 1001 * (8 + 8 + 16))
        #expect(after.total == before.total + after.rings + 1001 * 32)
    }
}
