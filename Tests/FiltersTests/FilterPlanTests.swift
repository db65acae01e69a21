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

// MARK: - Filters

private enum RandomFilter {
    static func text(depth: Int, using random: inout SeededGenerator) -> String {
        guard depth > 0, Int.random(in: 0..<5, using: &random) > 0 else { return predicate(using: &random) }
        func child() -> String { text(depth: depth - 1, using: &random) }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "not (\(child()))"
        case 1, 2: return "(\(child()) and \(child()))"
        default: return "(\(child()) or \(child()))"
        }
    }

    private static let protocols = ["eth", "ip", "ipv6", "tcp", "udp", "icmp", "tls", "vlan", "arp"]
    private static let fields = FieldCatalog.standard.fields
    private static let likely = fields.filter { $0.name.hasPrefix("tls.") || $0.name.hasPrefix("conn.") || $0.name.hasPrefix("tcp.flags.") }

    private static func predicate(using random: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return protocols.randomElement(using: &random)!
        case 1...3: return comparison(of: likely.randomElement(using: &random)!, using: &random)
        default: return comparison(of: fields.randomElement(using: &random)!, using: &random)
        }
    }

    private static func comparison(of field: Field, using random: inout SeededGenerator) -> String {
        if Int.random(in: 0..<8, using: &random) == 0 { return "\(field.name) exists" }
        func sign(_ signs: String...) -> String { signs.randomElement(using: &random)! }
        func text() -> String { "\"\(RandomConnection.texts.randomElement(using: &random)!)\"" }
        switch field.type {
        case .boolean: return "\(field.name) \(sign("==", "!=")) \(Bool.random(using: &random))"
        case .integer(let max):
            guard field.orderedLimit != nil else {
                guard let name = field.valueNames.keys.sorted().randomElement(using: &random) else { return field.name }
                return "\(field.name) \(sign("==", "!=")) \(name)"
            }
            let number = min(max, RandomConnection.numbers.randomElement(using: &random)!)
            if number > 0, number < max { return "\(field.name) \(sign("==", "!=", "<", "<=", ">", ">=")) \(number)" }
            return "\(field.name) \(sign("==", "!=", "in")) \(number)"
        case .duration: return "\(field.name) \(sign("<", ">=", "==")) \(Int.random(in: 1...3, using: &random))s"
        case .address(let version):
            let isIPv6 = version.map { $0 == 6 } ?? Bool.random(using: &random)
            return "\(field.name) \(sign("==", "!=", "in")) \((isIPv6 ? ["::1", "::/0", "::2", "2001:db8::/32"] : ["10.0.0.1", "10.0.0.0/8", "192.0.2.1", "0.0.0.0/0"]).randomElement(using: &random)!)"
        case .mac: return "\(field.name) \(sign("==", "!=")) 02:00:00:00:00:0\(Int.random(in: 0...2, using: &random))"
        case .string, .name, .bytes: return "\(field.name) \(sign("==", "!=", "contains", "starts_with", "ends_with", "~", "in")) \(text())"
        }
    }
}

// MARK: - Connections

/// When something becomes known.
private enum Moment: Equatable {
    case packet(Int)
    case discovery
    case session(Int)
    case sessionsOver
    case end
}

private final class RandomConnection: CustomStringConvertible {
    static let texts = ["", "a", "ab", "b.example", "B.EXAMPLE", "h2", "S1"]
    static let numbers: [UInt64] = [0, 1, 2, 3, 443, 64, 100, 0x303]

    let memory: FrameMemory
    let packets: [Packet]
    let service: Service?
    let moments: [Moment]
    /// By session and field's name.
    let sessions: [[String: [FieldValue]]]
    /// By moment's index and field's name.
    private var counts: [[String: FieldValue]] = []
    let originator: Endpoint

    init(using random: inout SeededGenerator) {
        let isIPv6 = Int.random(in: 0..<4, using: &random) == 0
        let number: UInt8 = [6, 6, 6, 17, 1].randomElement(using: &random)!
        let ends = [End([0x0a00_0001, 1].randomElement(using: &random)!, [443, 1].randomElement(using: &random)!), End([0xc000_0201, 2].randomElement(using: &random)!, 3)]
        let vlans: [UInt16] = Int.random(in: 0..<4, using: &random) == 0 ? [3] : []
        let frames = (0..<Int.random(in: 1...4, using: &random)).map { index in
            let isBack = index > 0 && Bool.random(using: &random)
            let (from, to) = isBack ? (ends[1], ends[0]) : (ends[0], ends[1])
            let payload = Array(Self.texts.randomElement(using: &random)!.utf8)
            let transport: Octets =
                switch number {
                case 6:
                    tcpHeader(
                        from.port, to.port, sequence: UInt32(index), acknowledgment: 2, flags: [.syn, [.syn, .ack], .ack, [.fin, .ack], .rst].randomElement(using: &random)!,
                        window: [1, 64, 443].randomElement(using: &random)!) + payload
                case 17: udp(from.port, to.port, payload)
                default: [8, 0, 0, 0, 0, 1, 0, 1]
                }
            let packet = isIPv6 ? ipv6(number == 1 ? 17 : number, from: from.address, to: to.address, number == 1 ? udp(from.port, to.port, payload) : transport)
                : ipv4(number, from: from.address, to: to.address, transport)
            return Sent(ethernet(isIPv6 ? 0x86dd : 0x0800, vlans: vlans, packet), at: start)
        }
        memory = FrameMemory(frames)
        packets = memory.frames.map { Packet($0) }
        originator = packets[0].senderIsB ? .b : .a

        var moments = packets.indices.map(Moment.packet)
        let isTCP = packets[0].transport == .tcp
        if isTCP, Int.random(in: 0..<4, using: &random) > 0 {
            service = Bool.random(using: &random) || Bool.random(using: &random) ? .tls : Service.none
            sessions = service == .tls
                ? (0..<Int.random(in: 0...2, using: &random)).map { _ in Self.session(using: &random) } : []
            var place = Int.random(in: 1...moments.count, using: &random)
            for moment in [.discovery] + sessions.indices.map(Moment.session) + [.sessionsOver] {
                moments.insert(moment, at: place)
                place = Int.random(in: place + 1...moments.count, using: &random)
            }
        } else {
            service = isTCP ? Service.none : nil
            sessions = []
        }
        self.moments = moments + [.end]

        var values: [String: UInt64] = [:]
        for moment in self.moments {
            var now: [String: FieldValue] = [:]
            for field in ConnectionRecord.filterFields {
                guard case .connection(_, let growth) = field.source else { continue }
                switch (growth, field.type) {
                case (.grows, .duration), (.grows, .integer):
                    let step: UInt64 = field.type == .duration ? 1_000_000_000 : 1
                    values[field.name, default: 0] += step * UInt64.random(in: 0...1, using: &random)
                    now[field.name] = .integer(values[field.name]!)
                case (.constant, _): now[field.name] = .string("ab")
                default: if moment == .end { now[field.name] = .string(Self.texts.randomElement(using: &random)!) }
                }
            }
            counts.append(now)
        }
    }

    private static func session(using random: inout SeededGenerator) -> [String: [FieldValue]] {
        var session: [String: [FieldValue]] = [:]
        for field in TLSParser.fields {
            session[field.name] = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                switch field.type {
                case .boolean: .integer(UInt64.random(in: 0...1, using: &random))
                case .integer: .integer((numbers + field.valueNames.values.sorted()).randomElement(using: &random)!)
                default: .string(texts.randomElement(using: &random)!)
                }
            }
        }
        return session
    }

    /// The value of a connection's field, as far as it is known.
    func count(_ name: String, at moment: Moment) -> FieldValue? { counts[moments.firstIndex(of: moment)!][name] }

    private func hasPassed(_ moment: Moment, at now: Moment) -> Bool {
        guard let index = moments.firstIndex(of: moment) else { return false }
        return index <= moments.firstIndex(of: now)!
    }

    func serviceKnown(at now: Moment) -> Service? { hasPassed(.discovery, at: now) || now == .end ? service : nil }
    func sessionsAreOver(at now: Moment) -> Bool { now == .end || packets[0].transport != .tcp || hasPassed(.sessionsOver, at: now) }

    /// By the definitions: is there, or may there be, a packet and a session for which it holds?
    func naiveVerdict(_ filter: NaiveFilter, at now: Moment) -> Match {
        let seen = packets.indices.filter { hasPassed(.packet($0), at: now) }
        let over = sessionsAreOver(at: now)
        let told = sessions.indices.filter { hasPassed(.session($0), at: now) }
        var verdict = Match.no
        for packet in seen + (now == .end ? [] : [-1]) {
            var knowledge = NaiveFilter.Knowledge(memory.frames[max(0, packet)])
            knowledge.packetIsKnown = packet >= 0
            knowledge.senderIsSource = (packets[max(0, packet)].senderIsB ? Endpoint.b : .a) == originator
            knowledge.service = serviceKnown(at: now)
            knowledge.connection = { field in
                guard case .connection(_, let growth) = field.source else { return nil }
                if now == .end || growth == .constant { return self.count(field.name, at: now).map { [$0] } ?? [] }
                return nil
            }
            for session in told + (over ? told.isEmpty ? [-2] : [] : [-1]) {
                knowledge.session = { field in session == -1 ? nil : session == -2 ? [] : self.sessions[session][field.name] ?? [] }
                verdict = verdict.or(filter.match(knowledge))
            }
        }
        return verdict
    }

    var description: String { "\(packets.map { "\($0.transport) \($0.source) \($0.sourcePort) \($0.flags)" }) \(moments) \(sessions) service \(service as Any)" }
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
