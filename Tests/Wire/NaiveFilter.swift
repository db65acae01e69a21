import Filters
import Packets

/// What a filter means, straight from the definitions: a walk over its tree, a question at a time. Slow, and beyond doubt.
///
/// A filter is asked of one packet together with its connection and one session of that. What is not known yet is unknown, by Kleene's rules.
public struct NaiveFilter {
    private let filter: Filter

    public init(_ filter: Filter) { self.filter = filter }

    /// What is known at some moment.
    public struct Knowledge {
        public let frame: Frame
        public let packet: Packet
        /// False: what is known is what all packets of the connection have in common.
        public var packetIsKnown = true
        /// Whether the packet's sender is the end that counts as the source; nil while that is open.
        public var senderIsSource: Bool?
        public var service: Service?
        /// A session field's values; nil while there may still be some, none without a session.
        public var session: (Field) -> [FieldValue]? = { _ in nil }
        /// A connection field's values; nil while they may change.
        public var connection: (Field) -> [FieldValue]? = { _ in nil }

        public init(_ frame: Frame) {
            self.frame = frame
            packet = Packet(frame)
        }
    }

    /// What the filter says of one packet and one session.
    public func match(_ knowledge: Knowledge) -> Match { match(filter.node, knowledge, knowledge.packet) }

    /// Whether a connection matches: there is a packet and a session of it for which the filter holds. A connection without sessions has one of which
    /// nothing is true.
    public func matches(_ packets: [Knowledge], sessions: [(Field) -> [FieldValue]]) -> Bool {
        packets.contains { packet in
            (sessions.isEmpty ? [{ _ in [] }] : sessions).contains { session in
                var knowledge = packet
                knowledge.session = session
                return match(knowledge) == .yes
            }
        }
    }

    private func match(_ node: Filter.Node, _ knowledge: Knowledge, _ packet: Packet) -> Match {
        switch node {
        case .condition(let condition): match(condition, knowledge, packet)
        case .not(let node): match(node, knowledge, packet).not
        case .all(let nodes): nodes.reduce(.yes) { $0.and(match($1, knowledge, packet)) }
        case .any(let nodes): nodes.reduce(.no) { $0.or(match($1, knowledge, packet)) }
        }
    }

    private func match(_ condition: Condition, _ knowledge: Knowledge, _ packet: Packet) -> Match {
        let isIP = packet.kind.hasPorts || packet.kind == .fragment
        let hasPorts = packet.kind.hasPorts && [.tcp, .udp, .sctp].contains(packet.transport)
        /// The answer from those for sender and receiver.
        func ends(_ side: Side, _ sender: Bool, _ receiver: Bool) -> Match {
            switch (side, knowledge.senderIsSource) {
            case (.either, _): Match(sender || receiver)
            case (.source, true?), (.destination, false?): Match(sender)
            case (.destination, true?), (.source, false?): Match(receiver)
            case (_, nil): sender == receiver ? Match(sender) : .unknown
            }
        }
        switch condition {
        case .ipVersion(let version): return Match(isIP && packet.isIPv4 == (version == 4))
        case .transport(let transport): return Match(isIP && packet.transport == transport)
        case .arp: return Match(packet.kind == .notIP && packet.etherType == EtherType.arp)
        case .port(let side, let ports):
            return hasPorts ? ends(side, ports.contains(packet.sourcePort), ports.contains(packet.destinationPort)) : .no
        case .ports(let side, let ports):
            return hasPorts ? ends(side, ports.contains(UInt64(packet.sourcePort)), ports.contains(UInt64(packet.destinationPort))) : .no
        case .address(let side, let block):
            return isIP ? ends(side, block.contains(packet.source), block.contains(packet.destination)) : .no
        case .addresses(let side, let set):
            func contains(_ address: IPAddress) -> Bool { set.prefixes.contains { $0.contains(address) } }
            return isIP ? ends(side, contains(packet.source), contains(packet.destination)) : .no
        case .vlan(let ids):
            return Match(isIP && [packet.vlans >> 16, packet.vlans & 0xffff].contains { $0 != 0 && ids.contains(UInt16($0)) })
        case .service(let service):
            guard packet.kind.hasPorts, service.transports.contains(packet.transport) else { return .no }
            return knowledge.service.map { Match($0 == service) } ?? .unknown
        case .test(let test):
            return values(of: test.field, knowledge, packet).map { Match($0.contains(where: test.fits)) } ?? .unknown
        case .fact:
            return .unknown
        }
    }

    private func values(of field: Field, _ knowledge: Knowledge, _ packet: Packet) -> [FieldValue]? {
        switch field.source {
        case .packet(let field):
            !knowledge.packetIsKnown ? nil : withUnsafePointer(to: packet) { packet in withUnsafePointer(to: knowledge.frame) { FramedPacket(packet, $0).values(of: field) } }
        case .connection: knowledge.connection(field)
        case .session: knowledge.session(field)
        case .key, .either: []
        }
    }
}

extension Match {
    public init(_ answer: Bool) { self = answer ? .yes : .no }
}
