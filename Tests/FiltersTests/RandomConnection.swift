import Filters
import Packets
import Protocols
import TestSupport
import TestWire
import Tracking

/// When something becomes known.
enum Moment: Equatable {
    case packet(Int)
    case discovery
    case session(Int)
    case sessionsOver
    case end
}

/// A connection from its first packet to its end, from a world so small that random filters hit.
final class RandomConnection: CustomStringConvertible {
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
        let hasService = [.tcp, .udp].contains(packets[0].transport)
        if hasService, Int.random(in: 0..<4, using: &random) > 0 {
            let spoken = packets[0].transport == .tcp ? Service.tls : .dns
            service = Bool.random(using: &random) || Bool.random(using: &random) ? spoken : Service.none
            sessions = service == .tls
                ? (0..<Int.random(in: 0...2, using: &random)).map { _ in Self.session(using: &random) } : []
            var place = Int.random(in: 1...moments.count, using: &random)
            for moment in [.discovery] + sessions.indices.map(Moment.session) + [.sessionsOver] {
                moments.insert(moment, at: place)
                place = Int.random(in: place + 1...moments.count, using: &random)
            }
        } else {
            service = hasService ? Service.none : nil
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
            session[field.name] = (0..<Int.random(in: 0...(field.isSingle ? 1 : 2), using: &random)).map { _ in
                switch field.type {
                case .boolean: .integer(UInt64.random(in: 0...1, using: &random))
                case .integer(let max): .integer((numbers + field.valueNames.values.sorted()).filter { $0 <= max }.randomElement(using: &random)!)
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
    func sessionsAreOver(at now: Moment) -> Bool { now == .end || service == nil || hasPassed(.sessionsOver, at: now) }

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
