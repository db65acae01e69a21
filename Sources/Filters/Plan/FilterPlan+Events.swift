import Packets

/// A connection as a plan sees it at a moment.
public struct PlanView {
    public var key: UnsafePointer<FlowKey>
    public var originator: Endpoint
    /// Nil while it is not known.
    public var service: Service?
    /// `FilterPlan.latchWords` words; nil where that is 0.
    public var latches: UnsafeMutablePointer<UInt64>?
    /// No more packets; no more sessions.
    public var isOver = false
    public var sessionsAreOver = false

    public init(key: UnsafePointer<FlowKey>, originator: Endpoint, service: Service?, latches: UnsafeMutablePointer<UInt64>?) {
        self.key = key
        self.originator = originator
        self.service = service
        self.latches = latches
    }

    @inline(__always)
    func isLatched(_ latch: Int) -> Bool { latches.map { $0[latch >> 6] >> UInt64(latch & 63) & 1 != 0 } ?? false }
    @inline(__always)
    func setLatch(_ latch: Int) { latches?[latch >> 6] |= 1 << UInt64(latch & 63) }
}

extension FilterPlan {
    /// What a filter says of the connection, by the answers at hand.
    @inline(__always)
    public func decide(_ number: Int, _ view: PlanView) -> Match {
        programs[number].match(view.key, source: view.originator, service: view.service, facts: answers)
    }

    /// Works out the answers to all facts that no event is needed for.
    ///
    /// - Parameter value: the values of the tracker's field of a number, as they are now.
    public func prepare(_ view: PlanView, value: (Int) -> FieldValue?) {
        for number in facts.connectionFacts { answers[number] = answerOfConnection(number, view, value) }
        for number in facts.packetFacts { answers[number] = answerOfPackets(number, view) }
        prepareSessions(view)
    }

    private func prepareSessions(_ view: PlanView) {
        guard !facts.sessionFacts.isEmpty else { return }
        let state = SessionState(view)
        setPlainSessions(state)
        for number in specialSessionFacts {
            if let latch = facts.facts[number].latch, view.isLatched(latch) {
                answers[number] = .yes
            } else if !isPlainSession[number - facts.sessionFacts.lowerBound] {
                guard state != .overAfterSome else {
                    answers[number] = .no
                    continue
                }
                for index in 0..<atomCount { atoms[index] = state == .open ? .unknown : .no }
                answers[number] = sessionProgram(number).pointee.match(view.key, source: view.originator, service: view.service, facts: atoms)
            }
        }
    }

    /// Sets the answers to what is said of all connections that are so far with their sessions.
    func setPlainSessions(_ state: SessionState) {
        let (answers, count) = (answers + facts.sessionFacts.lowerBound, facts.sessionFacts.count)
        switch state {
        case .open: answers.update(repeating: .unknown, count: count)
        case .overAfterSome: answers.update(repeating: .no, count: count)
        case .overWithoutAny: answers.update(from: withoutSession, count: count)
        }
    }

    private func answerOfPackets(_ number: Int, _ view: PlanView) -> Match {
        if let latch = facts.facts[number].latch, view.isLatched(latch) { return .yes }
        // What the key alone decides holds for the packets that there were, and there will be no other key.
        guard case .packet(_, let bySender) = facts.facts[number].question else { return .unknown }
        let answer = packetPrograms[number - facts.packetFacts.lowerBound].match(view.key, source: bySender ? nil : view.originator, service: nil)
        return answer == .unknown && view.isOver ? .no : answer
    }

    private func answerOfConnection(_ number: Int, _ view: PlanView, _ value: (Int) -> FieldValue?) -> Match {
        guard case .connection(let test) = facts.facts[number].question, case .connection(let field, let growth) = test.field.source else { return .unknown }
        guard let now = value(field) else { return view.isOver || growth == .constant ? .no : .unknown }
        if view.isOver || growth == .constant { return test.fits(now) ? .yes : .no }
        guard growth == .grows else { return .unknown }
        return test.answer(above: now)
    }

    private func sessionProgram(_ number: Int) -> UnsafePointer<FilterProgram> {
        UnsafePointer(sessionPrograms + (number - facts.sessionFacts.lowerBound))
    }

    // MARK: Events

    /// A packet of the connection: asks it what filters ask packets. Answers stay until the next `prepare`.
    public func take(_ packet: FramedPacket, isFromOriginator: Bool, _ view: PlanView) {
        for number in facts.packetFacts where answers[number] != .yes {
            guard asks(packet, number, isFromOriginator) else { continue }
            answers[number] = .yes
            if let latch = facts.facts[number].latch { view.setLatch(latch) }
        }
    }

    /// Answers what is asked of packets for this one alone.
    public func single(_ packet: FramedPacket, isFromOriginator: Bool) {
        for number in facts.packetFacts { answers[number] = asks(packet, number, isFromOriginator) ? .yes : .no }
    }

    private func asks(_ packet: FramedPacket, _ number: Int, _ isFromOriginator: Bool) -> Bool {
        guard case .packet(_, let bySender) = facts.facts[number].question else { return false }
        return withUnsafePointer(to: packet) {
            packetPrograms[number - facts.packetFacts.lowerBound].match($0, source: bySender || isFromOriginator ? .a : .b, service: nil) == .yes
        }
    }

    /// The fields of a service's sessions that filters ask for, by their numbers.
    public func sessionFields(of service: Service) -> [Int] { indices[service]?.map(\.field) ?? [] }

    /// A session of the connection: give each of its values for `sessionFields` to `take`, then call `endSession`.
    public func beginSession() {
        for index in 0..<atomCount { atoms[index] = .no }
        found.removeAll(keepingCapacity: true)
    }

    public func take(_ value: FieldValue, of service: Service, at place: Int) {
        indices[service]?[place].index.lookUp(value) { atom in
            guard atoms[atom] == .no else { return }
            atoms[atom] = .yes
            found += factsOfAtom[atom]
        }
    }

    /// Sets the answers to those for this session alone. `triggered` gets the filters that ask something which holds for it.
    public func endSession(_ view: PlanView, triggered: MemberSet) {
        view.setLatch(PlanFacts.hadSession)
        setPlainSessions(.overAfterSome)
        for number in found + factsWithoutAtom where answers[number] == .no {
            guard sessionProgram(number).pointee.match(view.key, source: view.originator, service: view.service, facts: atoms) == .yes else { continue }
            answers[number] = .yes
            for member in facts.facts[number].members { triggered.insert(member) }
        }
    }

    /// Takes out of a set the filters that a session cannot make say yes: of those that hang on protocols, service and sessions alone the ones that it does
    /// not trigger.
    public func leaveOut(_ members: MemberSet, but triggered: MemberSet) { members.subtract(bulk, but: triggered) }

    /// Turns the answers for one session into those for its connection.
    public func rememberSession(_ view: PlanView) {
        let held = (found + factsWithoutAtom).filter { answers[$0] == .yes }
        for number in held { if let latch = facts.facts[number].latch { view.setLatch(latch) } }
        prepareSessions(view)
        for number in held { answers[number] = .yes }
    }
}

extension FieldTest {
    /// The answer for a value that never becomes less, and may be any that is not less than it is now.
    func answer(above value: FieldValue) -> Match {
        if case .exists = predicate { return .yes }
        guard case .integers(let set) = predicate, case .integer(let number) = value else { return .unknown }
        guard let last = set.ranges.last, last.upperBound >= number else { return .no }
        return last.contains(number) && last.upperBound == field.orderedLimit ? .yes : .unknown
    }
}

/// How far a connection is with its sessions.
enum SessionState: Int, CaseIterable {
    case open, overAfterSome, overWithoutAny

    init(_ view: PlanView) {
        self = !view.sessionsAreOver ? .open : view.isLatched(PlanFacts.hadSession) ? .overAfterSome : .overWithoutAny
    }
}
