import TestSupport
import Filters
import Packets
import TestWire

/// A filter as the obvious tree, and its meaning as the obvious recursion.
indirect enum FilterModel {
    case everything, nothing, ipv4, ipv6, arp
    case transport(TransportProtocol)
    case port(Set<Role>, ClosedRange<UInt16>)
    case address(Set<Role>, IPPrefix)
    case vlan(ClosedRange<UInt16>)
    case service(Service)
    case not(FilterModel)
    case and(FilterModel, FilterModel)
    case or(FilterModel, FilterModel)

    enum Role { case source, destination }

    var filter: Filter {
        switch self {
        case .everything: .everything
        case .nothing: .nothing
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        case .arp: .arp
        case .transport(.tcp): .tcp
        case .transport(.udp): .udp
        case .transport(.sctp): .sctp
        case .transport(.icmp): .icmpv4
        case .transport: .icmpv6
        case .port([.source], let ports): .sourcePort(ports)
        case .port([.destination], let ports): .destinationPort(ports)
        case .port(_, let ports): .port(ports)
        case .address([.source], let block): .source(block)
        case .address([.destination], let block): .destination(block)
        case .address(_, let block): .address(block)
        case .vlan(let ids): .vlan(ids)
        case .service(let service): .service(service)
        case .not(let model): !model.filter
        case .and(let left, let right): left.filter && right.filter
        case .or(let left, let right): left.filter || right.filter
        }
    }

    /// `source`: `.a` for the packet's sender.
    func match(_ packet: Packet, source: Endpoint?, service: Service?) -> Match {
        let key = packet.key
        let isIP = packet.kind.hasPorts || packet.kind == .fragment
        switch self {
        case .everything: return .yes
        case .nothing: return .no
        case .ipv4: return Match(isIP && key.isIPv4)
        case .ipv6: return Match(isIP && !key.isIPv4)
        case .arp: return Match(packet.kind == .notIP && packet.etherType == 0x0806)
        case .transport(let transport): return Match(isIP && key.transport == transport)
        case .port(let roles, let ports):
            guard packet.kind.hasPorts, [.tcp, .udp, .sctp].contains(key.transport) else { return .no }
            return ends(roles, ports.contains(packet.sourcePort), ports.contains(packet.destinationPort), source)
        case .address(let roles, let block):
            guard isIP else { return .no }
            return ends(roles, block.contains(packet.source), block.contains(packet.destination), source)
        case .vlan(let ids):
            return Match([key.outerVLAN, key.innerVLAN].contains { $0 != 0 && ids.contains($0) })
        case .service(let wanted):
            guard packet.kind.hasPorts, wanted.transports.contains(key.transport) else { return .no }
            return service.map { Match($0 == wanted) } ?? .unknown
        case .not(let model): return model.match(packet, source: source, service: service).not
        case .and(let left, let right):
            return left.match(packet, source: source, service: service).and(right.match(packet, source: source, service: service))
        case .or(let left, let right):
            return left.match(packet, source: source, service: service).or(right.match(packet, source: source, service: service))
        }
    }

    private func ends(_ roles: Set<Role>, _ a: Bool, _ b: Bool, _ source: Endpoint?) -> Match {
        if roles.count == 2 { return Match(a || b) }
        switch source {
        case nil: return a == b ? Match(a) : .unknown
        case .a: return Match(roles.contains(.source) ? a : b)
        case .b: return Match(roles.contains(.source) ? b : a)
        }
    }

    static func random(depth: Int, using random: inout SeededGenerator) -> FilterModel {
        if depth > 0, Int.random(in: 0..<8, using: &random) > 0 {
            func child() -> FilterModel { .random(depth: depth - 1, using: &random) }
            switch Int.random(in: 0..<5, using: &random) {
            case 0: return .not(child())
            case 1, 2: return .and(child(), child())
            default: return .or(child(), child())
            }
        }
        let roles: Set<Role> = [[.source], [.destination], [.source, .destination]].randomElement(using: &random)!
        func range(_ bounds: [UInt16]) -> ClosedRange<UInt16> {
            let pair = (bounds.randomElement(using: &random)!, bounds.randomElement(using: &random)!)
            return min(pair.0, pair.1)...max(pair.0, pair.1)
        }
        switch Int.random(in: 0..<16, using: &random) {
        case 0: return [.everything, .nothing].randomElement(using: &random)!
        case 1: return .ipv4
        case 2: return .ipv6
        case 3: return .arp
        case 4...6: return .transport([.tcp, .tcp, .udp, .sctp, .icmp, .icmpv6].randomElement(using: &random)!)
        case 7...9: return .port(roles, range([0, 1, 80, 442, 443, 444, 65535]))
        case 10...12:
            let address = IPAddress((Packet.ipv4Addresses + Packet.ipv6Addresses).randomElement(using: &random)!)!
            return .address(roles, IPPrefix(address, length: .random(in: 0...(address.isIPv4 ? 32 : 128), using: &random))!)
        case 13: return .vlan(range([0, 1, 2, 3, 4095]))
        default: return .service(Service.allCases.randomElement(using: &random)!)
        }
    }
}
