import Filters
import Packets

/// What the subscriptions' filters say of a connection, asked again as more becomes known of it (`FilterPlan`).
///
/// All of it is mutating: other methods would be called with a copy of the whole tracker.
extension ConnTracker {
    /// The connection as filters see it now. Its key may lie in memory that the next view uses.
    @inline(__always)
    mutating func view(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> PlanView {
        let key = filterKey(connection)
        let isKnown = connection.pointee.parsing == .active || connection.pointee.parsing == .over
        var view = PlanView(
            key: key, originator: connection.pointee.originator, service: isKnown ? connection.pointee.service : nil,
            latches: filters.latches(index))
        view.sessionsAreOver = connection.pointee.parsing == .over || !mayHaveSessions(connection)
        return view
    }

    /// The same when the connection is over: nothing more will become known.
    private mutating func finalView(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) -> PlanView {
        var view = view(index, connection)
        (view.isOver, view.sessionsAreOver, view.service) = (true, true, connection.pointee.service)
        return view
    }

    /// The key as filters look at it: they ask for tags even where these are no part of the key.
    @inline(__always)
    mutating func filterKey(_ connection: UnsafeMutablePointer<Connection>) -> UnsafePointer<FlowKey> {
        let key = table.key(of: connection)
        if options.pointee.vlanInKey { return key }
        viewKey.pointee = key.pointee
        viewKey.pointee.words.4 |= UInt64(connection.pointee.vlans)
        return UnsafePointer(viewKey)
    }

    /// Works out what filters ask beside the key.
    @inline(__always)
    private mutating func prepare(_ view: PlanView, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason? = nil) {
        if filters.hasFacts { prepareFacts(view, index, connection, reason) }
    }

    @inline(never)
    private mutating func prepareFacts(_ view: PlanView, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason?) {
        if filters.hasConnectionFacts {
            ConnectionRecord.fill(record, connection, extras.known(index), endReason: reason)
        }
        let record = record
        filters.with { $0.prepare(view) { ConnectionRecord.fields[$0].read(UnsafePointer(record)) } }
    }

    @inline(__always)
    mutating func decide(_ number: Int, _ view: PlanView) -> Match { filters.with { $0.decide(number, view) } }

    /// Asks all filters about a new connection: `starting` has those that want it, `pending` those that cannot tell yet.
    @inline(__always)
    mutating func beginDecisions(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        members.clear(index, connection)
        filters.begin(index)
        let (starting, pending) = (starting, members.pending(index, connection))
        if filters.asksProgramsAlone {
            let key = filterKey(connection)
            starting.removeAll()
            for number in 0..<subscribers.count {
                switch filters.programs[number].match(key, source: connection.pointee.originator, service: nil) {
                case .no: break
                case .unknown: pending.insert(number)
                case .yes: starting.insert(number)
                }
            }
            return
        }
        let view = view(index, connection)
        prepare(view, index, connection)
        filters.with { $0.begin(view, yes: starting, unknown: pending) }
    }

    /// Asks the filters that could not tell again: the service has become known, no more sessions will come, or the connection is over.
    @inline(__always)
    mutating func decidePending(
        _ index: Int, _ connection: UnsafeMutablePointer<Connection>, isOver: Bool = false, _ reason: EndReason? = nil
    ) {
        if elders > 0 { renewDecisions(index, connection) }
        if filters.asksProgramsAlone { return decideByPrograms(index, connection) }
        staged(.decisions) { $0.decideByPlan(index, connection, isOver, reason) }
    }

    @inline(never)
    private mutating func decideByPlan(_ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ isOver: Bool, _ reason: EndReason?) {
        let view = isOver ? finalView(index, connection) : view(index, connection)
        prepare(view, index, connection, reason)
        decide(view, nil, index, connection)
    }

    /// The same for filters that look at key and service alone; the service is known, or there is none.
    @inline(__always)
    private mutating func decideByPrograms(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let key = filterKey(connection)
        let pending = members.pending(index, connection)
        starting.removeAll()
        for number in pending {
            let answer = filters.programs[number].match(key, source: connection.pointee.originator, service: connection.pointee.service)
            if answer == .yes { starting.insert(number) }
        }
        if mayChange(connection) { pending.subtract(starting) } else { pending.removeAll() }
        if !starting.isEmpty { start(starting, index, connection) }
    }

    /// Asks those of a set, or all, that could not tell, and starts those that now want the connection.
    private mutating func decide(_ view: PlanView, _ asked: MemberSet?, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let (starting, pending) = (starting, members.pending(index, connection))
        if !view.isOver, mayChange(connection) {
            let before = undecided
            before.assign(pending)
            filters.with { $0.decide(pending, asked: asked, view, yes: starting) }
            pending.assign(before)
            pending.subtract(starting)
        } else {
            filters.with { $0.decide(pending, asked: asked, view, yes: starting) }
        }
        if !starting.isEmpty { start(starting, index, connection) }
    }

    /// Whether the connection may speak another protocol later, which filters that say no to this one wait for: TLS behind STARTTLS or CONNECT.
    @inline(__always)
    private mutating func mayChange(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
        connection.pointee.parsing == .active && parsers.with(Int(connection.pointee.parser)) { $0.mayHandOver }
    }

    /// A packet has come, and a filter that has not decided asks packets or counts.
    @inline(never)
    mutating func decide(
        with packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        if elders > 0 { renewDecisions(index, connection) }
        let view = view(index, connection)
        prepare(view, index, connection)
        filters.with { $0.take(FramedPacket(packet, frame), isFromOriginator: sender == connection.pointee.originator, view) }
        decide(view, filters.packetAskers, index, connection)
        updateWants(index, connection)
    }

    /// Answers what filters ask the session that is ready in a stage; `triggered` has those that ask something which holds for it.
    private mutating func askSession(_ stage: Int, _ view: PlanView) {
        let triggered = triggered
        triggered.removeAll()
        filters.with { plan in
            plan.beginSession()
            parsers.with(stage) { $0.readSession(for: plan) }
            plan.endSession(view, triggered: triggered)
        }
    }

    /// A session is ready in a stage, and filters ask sessions: `receiving` has those whose filters it fits, and those that ask sessions and now want
    /// the connection are started.
    mutating func chooseReceivers(_ stage: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let active = members.active(index, connection)
        let receivers = parsers.with(stage) { $0.receivers }
        receiving.assign(active)
        receiving.formIntersection(receivers)
        if elders > 0 { renewDecisions(index, connection) }
        let view = view(index, connection)
        prepare(view, index, connection)
        askSession(stage, view)
        let pending = members.pending(index, connection)
        // For this session alone; then for the connection.
        for number in receiving.intersection(filters.sessionAskers) where decide(number, view) != .yes { receiving.remove(number) }
        // Those that hang on sessions alone have said no to one that triggers nothing in them.
        let asked = starting
        asked.assign(pending)
        asked.formIntersection(receivers)
        filters.with { plan in plan.leaveOut(asked, but: triggered) }
        var undecided: [Int] = []
        for number in asked {
            switch decide(number, view) {
            case .no: break
            case .yes: receiving.insert(number)
            case .unknown: undecided.append(number)
            }
        }
        if !undecided.isEmpty {
            if parsers.with(stage, { $0.holdSession(index, for: undecided) }) { heldSessions += 1 } else { counters.sessionsMissed &+= 1 }
        }
        filters.with { $0.rememberSession(view) }
        decide(view, triggered, index, connection)
        if !starting.isEmpty { updateWants(index, connection) }
    }

    /// The connection is over, and a session of it was held for some: `receiving` has those whose filters it fits.
    mutating func chooseHeldReceivers(
        _ numbers: [Int], _ stage: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason
    ) {
        let view = finalView(index, connection)
        prepare(view, index, connection, reason)
        askSession(stage, view)
        receiving.removeAll()
        let subscribed = members.subscribed(index, connection)
        for number in numbers {
            // Whose filter asks no sessions has said what it says of all of them.
            if filters.sessionAskers.contains(number) ? decide(number, view) == .yes : subscribed.contains(number) { receiving.insert(number) }
        }
    }

    /// `receiving` has those that choose single packets, and want this one.
    @inline(never)
    mutating func choosePacket(
        _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        let view = view(index, connection)
        prepare(view, index, connection)
        filters.with { $0.single(FramedPacket(packet, frame), isFromOriginator: sender == connection.pointee.originator) }
        receiving.removeAll()
        for number in members.active(index, connection).intersection(filters.packetChoosers) where decide(number, view) == .yes { receiving.insert(number) }
    }
}

// MARK: - New filters

extension ConnTracker {
    /// Puts an edition of filters in force, and gives back the one before.
    mutating func adopt(_ edition: FilterEdition) -> FilterEdition {
        let before = filters.edition
        filters = ActiveFilters(edition)
        readers.assign(edition.plan.streamAskers)
        readers.formUnion(sessionMembers)
        elders = table.count
        // One that was asked for twice, by an edition that did not know of it, is there already.
        let missing = edition.stages.filter { stage in !parsers.objects.contains { $0.service == stage.service } }
        for stage in missing { stage.setReceivers(memberCount: subscribers.count) }
        if !missing.isEmpty { parsers = ObjectList(parsers.objects + missing) }
        for stage in parsers.objects { stage.adopt(edition.plan) }
        return before
    }

    /// Asks the filters in force about a connection from before them, for those whose filter could not tell then.
    @inline(never)
    mutating func renewDecisions(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let pending = members.pending(index, connection)
        guard filters.renew(index), !pending.isEmpty else { return }
        let view = view(index, connection)
        prepare(view, index, connection)
        decide(view, pending, index, connection)
        updateWants(index, connection)
    }

    @inline(never)
    mutating func isElder(_ key: FlowKey) -> Bool {
        let key = options.pointee.connectionKey(key)
        guard let slot = table.find(key, hash: table.hash(of: key)) else { return false }
        return filters.isElder(Int(slot.index))
    }

    @inline(never)
    mutating func forgetElder(_ index: Int) {
        if filters.isElder(index) { elders -= 1 }
        // The next connection at the index is new.
        filters.forget(index)
    }
}
