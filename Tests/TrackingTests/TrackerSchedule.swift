import Packets
import TestSupport
@testable import Tracking

/// A random schedule for the tracker, and the options to run it with, from a seed. The model runs along, for what may come depends on what is there.
struct TrackerSchedule {
    private(set) var options = TrackerOptions()
    private(set) var steps: [Step] = []
    private var random: SeededGenerator
    private var model: TrackerModel
    private var time = start
    /// What each tuple's ends send next, and where they began: client, server.
    private var next: [[Int]] = []
    private var initial: [[Int]] = []
    private let leaps: Bool

    init(seed: UInt64, count: Int = 150) {
        random = SeededGenerator(seed: seed)
        options.maxConnections = [1, 2, 3, 5, 8, 16].randomElement(using: &random)!
        options.emergencyThreshold = [100, 100, 90, 75, 50].randomElement(using: &random)!
        options.midstream = Int.random(in: 0..<4, using: &random) > 0
        options.tcpEstablishTimeout = second
        options.tcpInactivityTimeout = 10 * second
        options.udpInactivityTimeout = 5 * second
        options.otherInactivityTimeout = 4 * second
        options.tcpClosingTimeout = second / 2
        options.tcpTombstoneTimeout = 3 * second
        leaps = seed % 3 == 0
        model = TrackerModel(options)
        for _ in 0..<Int.random(in: 1...options.maxConnections + 6, using: &random) {
            initial.append([])
            next.append([])
            beginAnew(next.count - 1)
        }
        while steps.count < count {
            let step = one(in: 25) ? Step.advance(time &+ pause()) : .packet(packet())
            steps.append(step)
            model.run(step)
        }
    }

    private mutating func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    private mutating func pause() -> Int64 {
        let milliseconds = [0, 0, 1, 1, 10, 60, 100, 300, 450, 900, 1100, 2900, 5000, 11_000, -1, -500, -20_000] as [Int64]
        return milliseconds.randomElement(using: &random)! * 1_000_000 + Int64.random(in: 0...3, using: &random)
    }

    private mutating func moment() -> Int64 {
        if one(in: 3) { time &+= pause() }
        guard leaps, one(in: 20) else { return time }
        // All that follows, or this packet alone.
        let far = [86_400 * second, -86_400 * second, 40 * second, 10 * 365 * 86_400 * second, -time, -time - 5, .max - time].randomElement(using: &random)!
        if one(in: 3), abs(far) <= 86_400 * second { time &+= far }
        return time &+ far
    }

    /// First numbers on both sides of 2³².
    private mutating func beginAnew(_ tuple: Int) {
        initial[tuple] = (0..<2).map { _ in 1 << 32 + Int.random(in: -1 << 16...1 << 16, using: &random) }
        next[tuple] = initial[tuple].map { $0 + 1 }
    }

    private mutating func packet() -> Happening {
        let tuple = Int.random(in: next.indices, using: &random)
        let isFromClient = Bool.random(using: &random)
        let content: Happening.Content =
            if one(in: 30) {
                [.refused, .notIP, .malformed].randomElement(using: &random)!
            } else {
                switch tuple % 6 {
                case 1: .udp(length: Int.random(in: 0...30, using: &random))
                case 4: .echo
                default: .tcp(segment(tuple, isFromClient))
                }
            }
        return Happening(tuple: tuple, isFromClient: isFromClient, time: moment(), content: content)
    }

    private mutating func segment(_ tuple: Int, _ isFromClient: Bool) -> Happening.Segment {
        let (own, other) = isFromClient ? (0, 1) : (1, 0)
        let known = model.table[tuple]
        // Over, in the eyes of its ends.
        if known == nil || known!.phase != .open, one(in: 4) { beginAnew(tuple) }
        let side = (isFromClient ? known?.client : known?.server) ?? TrackerModel.Side()
        let isSYNPlain = side.syn.map { $0 == initial[tuple][own] && side.next! - $0 <= side.payloadBytes + 2 } ?? true
        var segment = Happening.Segment(
            flags: .ack, sequence: next[tuple][own], acknowledgment: next[tuple][other], window: [0, 1, 1000].randomElement(using: &random)!, length: 0)
        switch Int.random(in: 0..<16, using: &random) {
        case 0..<3 where isSYNPlain || known!.phase != .open:
            (segment.flags, segment.sequence) = (.syn, initial[tuple][own])
        case 3..<5 where isSYNPlain && (side.syn == nil || (side.acknowledged ?? 0) > initial[tuple][other]):
            (segment.flags, segment.sequence, segment.acknowledgment) = ([.syn, .ack], initial[tuple][own], initial[tuple][other] + 1)
        case 5 where known?.isComplete == true && known?.phase == .open && known?.client.hasFin == false && known?.server.hasFin == false:
            // Of another connection, or nobody's: it is not believed.
            (segment.flags, segment.sequence) = (one(in: 2) ? .syn : [.syn, .ack], initial[tuple][own] + 77_777)
        case 6, 7:
            segment.flags = [.fin, .ack]
            segment.length = one(in: 2) ? 0 : 5
            next[tuple][own] += segment.length + 1
        case 8, 9:
            segment.flags = one(in: 2) ? .rst : [.rst, .ack]
            let window = ((isFromClient ? known?.server : known?.client) ?? TrackerModel.Side()).window
            segment.sequence += [0, 0, 0, -1, -5, 1, window, window + 1, -100_000, 100_000].randomElement(using: &random)!
            if one(in: 4) { segment.acknowledgment += [-1, 1, -20, 100_000].randomElement(using: &random)! }
        case 10, 11:
            break
        case 12:
            segment.flags = []
        default:
            segment.length = Int.random(in: 1...20, using: &random)
            if one(in: 4) { segment.sequence -= min(segment.length, segment.sequence - initial[tuple][own] - 1) }
            if known?.isComplete == true, one(in: 10) { segment.sequence += 3000 }
            next[tuple][own] = max(next[tuple][own], segment.sequence + segment.length)
        }
        if one(in: 20), !segment.flags.contains(.syn) { segment.acknowledgment += [-3, 5, 1000].randomElement(using: &random)! }
        return segment
    }
}
