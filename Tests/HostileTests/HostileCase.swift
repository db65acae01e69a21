import Packets
import TestSupport
import Testing
@testable import Tracking

/// Hostile packets, sent packet by packet among honest connections. Whatever they are,
///
/// - nothing traps or hangs,
/// - memory stays within the budgets of the options,
/// - each packet and each payload byte has one outcome, after every burst and at the end,
/// - four times as much of it takes no more than four times as long, but for a factor that a machine with other work needs,
/// - the honest connections are told as they are with nobody else there: record, bytes, session.
///
/// What else is to be said of a case is what its test expects of the aftermath.
struct HostileCase {
    /// Small budgets, so that attacks reach them.
    static var options: TrackerOptions {
        var options = TrackerOptions()
        options.maxConnections = 2000
        options.reassemblyMemory = 1 << 20
        options.reassemblyPerConnection = 256 << 10
        options.reassemblyPerDirection = 128 << 10
        options.parserMemory = 1 << 20
        options.fragmentMemory = 1 << 18
        return options
    }

    /// Honest packets are spread over so much of the attack's beginning: no honest host pauses for longer.
    private static let honestSpan = 4 * second

    var options = HostileCase.options
    var burst = 32
    /// How much of the attack there is.
    var size = 64
    /// Whether honest packets have the time of the attack's packet before them. Otherwise they have a clock of their own, which is right.
    var sharesClock = true
    /// The packets of so much of it.
    let attack: (_ size: Int) -> [Sent]

    init(size: Int = 64, _ options: TrackerOptions = HostileCase.options, _ attack: @escaping (_ size: Int) -> [Sent]) {
        (self.size, self.options, self.attack) = (size, options, attack)
    }

    /// The same conversation between so many pairs of hosts at once.
    init(size: Int = 64, _ text: String, _ options: TrackerOptions = HostileCase.options) {
        self.init(size: size, options) { .crowd($0) { Talk(text, number: $0) } }
    }

    /// Sends it all, and looks at what must always be true.
    @discardableResult
    func run(sourceLocation: SourceLocation = #_sourceLocation) throws -> Aftermath {
        func fail(_ text: String) { Issue.record("\(text)", sourceLocation: sourceLocation) }
        let attack = attack(size)
        let (all, honest) = mixed(attack)

        let alone = try Passage(options)
        alone.send(FrameMemory(honest), burst: burst)
        if sharesClock, let last = all.map(\.time).max() { alone.advance(to: last) }
        alone.drain()
        if !Honest.isTold(by: alone.stories) { fail("the honest connections alone are not told as they are") }

        let together = try Passage(options)
        together.send(FrameMemory(all), burst: burst)
        together.drain()
        for text in alone.faults + together.faults { fail(text) }
        if together.counters.packets != UInt64(all.count) { fail("\(together.counters.packets) of \(all.count) packets counted") }
        let told = together.stories.filter(\.isHonest).map(\.whole).sorted(), expected = alone.stories.map(\.whole).sorted()
        if told != expected { fail("honest connections are told differently: \(Self.difference(told, expected))") }

        try checkTime(fail)
        return Aftermath(
            counters: together.counters, stories: together.stories.filter { !$0.isHonest }, attackPackets: attack.count, honestPackets: honest.count,
            mostEndings: together.mostEndings)
    }

    /// Honest packets among those of the attack's beginning, as evenly as they go.
    private func mixed(_ attack: [Sent]) -> (all: [Sent], honest: [Sent]) {
        let frames = Honest.frames
        let first = attack.first?.time ?? start
        let span = sharesClock ? attack.firstIndex { $0.time - first > Self.honestSpan } ?? attack.count : attack.count
        var all: [Sent] = [], honest: [Sent] = []
        func add(upTo count: Int) {
            while honest.count < count {
                let ownTime = start + Int64(honest.count) * Self.honestSpan / Int64(frames.count)
                honest.append(Sent(frames[honest.count], at: sharesClock ? all.last?.time ?? first : ownTime))
                all.append(honest[honest.count - 1])
            }
        }
        for (index, packet) in attack.enumerated() {
            add(upTo: min(frames.count, index * frames.count / max(1, span)))
            all.append(packet)
        }
        add(upTo: frames.count)
        return (all, honest)
    }

    /// Where the first two texts that differ begin to.
    private static func difference(_ told: [String], _ expected: [String]) -> String {
        guard let (one, other) = zip(told, expected).first(where: { $0 != $1 }) else { return "\(told.count) instead of \(expected.count)" }
        let place = zip(one, other).prefix { $0 == $1 }.count
        return "…\(one.dropFirst(max(0, place - 60)).prefix(200))… instead of …\(other.dropFirst(max(0, place - 60)).prefix(200))…"
    }

    // MARK: Time

    private func checkTime(_ fail: (String) -> Void) throws {
        let part = max(1, size / 4)
        let few = FrameMemory(attack(part)), many = FrameMemory(attack(size))
        // Some attacks grow only up to a point.
        guard few.frames.count > 0, many.frames.count > few.frames.count else { return }
        let proportion = Double(many.frames.count) / Double(few.frames.count)
        if let complaint = try ProportionalTime.complaint(proportion, little: { try send(few) }, much: { try send(many) }) {
            fail("\(few.frames.count) packets take \(complaint)")
        }
    }

    private func send(_ frames: FrameMemory) throws {
        let passage = try Passage(options)
        passage.send(frames, burst: burst, isChecked: false)
        passage.drain()
    }
}

/// What is left to look at.
struct Aftermath {
    let counters: Counters
    /// The attack's connections, in the order of their ends.
    let stories: [Story]
    let attackPackets: Int
    let honestPackets: Int
    /// Connections that ended in one burst, at most.
    let mostEndings: UInt64

    /// The attack's packets with this outcome: all honest ones are tracked.
    subscript(outcome: PacketOutcome) -> Int { Int(counters[outcome]) - (outcome == .tracked ? honestPackets : 0) }
    subscript(problem: PacketProblem) -> Int { Int(counters[problem]) }

    /// The different answers that the attack's connections give to a question.
    func all<T: Hashable>(_ question: (Story) -> T) -> Set<T> { Set(stories.map(question)) }
}
