import Packets
import Protocols
import TestSupport
import TestWire
import Testing
import Tracking
@testable import Filters

/// Random filters over all fields, asked of random connections as they go on: what a plan says at each moment against what the definitions say.
@Suite struct `Filter plan` {
    /// 100,000 cases: a filter and a connection, from the first packet to the end.
    @Test(arguments: 0..<20)
    func `says what the definitions say, and no later`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var cases = 0
        while cases < 5_000 {
            // Plans of few filters ask one after the other, plans of many find those to be asked.
            let count = [1, 3, 20, 70].randomElement(using: &random)!
            let texts = (0..<count).map { _ in RandomFilter.text(depth: 3, using: &random) }
            let filters = try texts.map { try Filter(parsing: $0) }
            let plan: FilterPlan
            do { plan = try FilterPlan(filters) } catch { continue }  // Multiplied out, it would be too large.
            for _ in 0..<4 {
                try check(plan, texts, RandomConnection(using: &random))
                cases += count
            }
        }
    }

    private func check(_ plan: FilterPlan, _ texts: [String], _ connection: RandomConnection) throws {
        let naive = plan.filters.map(NaiveFilter.init)
        let final = naive.map { connection.naiveVerdict($0, at: connection.moments.last!) }
        var steps = PlanSteps(plan, connection)
        #expect(steps.gateIsRight)
        for moment in connection.moments {
            steps.advance(to: moment)
            for number in 0..<plan.count {
                let (said, known) = (steps.verdict(number), connection.naiveVerdict(naive[number], at: moment))
                // What grows may be known before the definitions say so.
                let isRight = said == .unknown ? known == .unknown : said == final[number] && (known == .unknown || known == said)
                guard !isRight else { continue }
                Issue.record("\(texts[number]): \(said) at \(moment), \(known) by definition, in the end \(final[number]); \(connection)")
                return
            }
        }
        for number in 0..<plan.count { #expect(steps.verdict(number) != .unknown) }
    }
}

// MARK: - Asking a plan

/// Does with a plan what the tracker does.
private struct PlanSteps {
    private let plan: FilterPlan
    private let connection: RandomConnection
    private let yes, pending, some: MemberSet
    private let latches: UnsafeMutablePointer<UInt64>
    private let key: UnsafeMutablePointer<FlowKey>
    private var hasBegun = false

    init(_ plan: FilterPlan, _ connection: RandomConnection) {
        self.plan = plan
        self.connection = connection
        // A few words for each case; the process ends soon.
        (yes, pending, some) = (.allocate(wordCount: plan.wordCount), .allocate(wordCount: plan.wordCount), .allocate(wordCount: plan.wordCount))
        latches = .allocate(capacity: max(1, plan.latchWords))
        latches.initialize(repeating: 0, count: max(1, plan.latchWords))
        key = .allocate(capacity: 1)
        key.initialize(to: connection.packets[0].key)
    }

    /// The gate is open for the packets of a connection that some filter may want.
    var gateIsRight: Bool {
        let isOpen = withUnsafePointer(to: connection.packets[0]) { plan.gate.opens(for: $0) }
        let mayMatch = (0..<plan.count).contains { number in
            withUnsafePointer(to: connection.packets[0]) { plan.program(number).pointee.match($0, source: nil, service: nil) } != .no
        }
        return isOpen == mayMatch
    }

    func verdict(_ number: Int) -> Match { yes.contains(number) ? .yes : pending.contains(number) ? .unknown : .no }

    mutating func advance(to moment: Moment) {
        var view = PlanView(
            key: UnsafePointer(key), originator: connection.originator, service: connection.serviceKnown(at: moment), latches: plan.latchWords > 0 ? latches : nil)
        view.sessionsAreOver = connection.sessionsAreOver(at: moment)
        view.isOver = moment == .end
        let fields = ConnectionRecord.filterFields
        plan.prepare(view) { connection.count(fields[$0].name, at: moment) }
        if !hasBegun { plan.begin(view, yes: yes, unknown: pending) }
        hasBegun = true
        switch moment {
        case .packet(let index):
            let packet = connection.packets[index]
            let isFromOriginator = (packet.senderIsB ? Endpoint.b : .a) == connection.originator
            withUnsafePointer(to: packet) { packet in
                withUnsafePointer(to: connection.memory.frames[index]) { plan.take(FramedPacket(packet, $0), isFromOriginator: isFromOriginator, view) }
            }
            plan.decide(pending, asked: plan.packetAskers, view, yes: some)
        case .discovery, .sessionsOver, .end:
            plan.decide(pending, asked: nil, view, yes: some)
        case .session(let index):
            plan.beginSession()
            for (place, field) in plan.sessionFields(of: .tls).enumerated() {
                for value in connection.sessions[index][TLSParser.fields[field].name] ?? [] { plan.take(value, of: .tls, at: place) }
            }
            let triggered = MemberSet.allocate(wordCount: plan.wordCount)
            defer { triggered.deallocate() }
            plan.endSession(view, triggered: triggered)
            plan.rememberSession(view)
            plan.decide(pending, asked: triggered, view, yes: some)
        }
        yes.formUnion(some)
        some.removeAll()
    }
}
