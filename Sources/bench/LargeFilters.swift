import Capture
import Filters
import Packets
import Tracking

/// The filters of the scenarios that ask what a filter's size costs.
enum LargeFilters {
    case address, manyAddresses, name, manyNames, subscription, manySubscriptions, packetSubscription, manyPacketSubscriptions

    /// Filters that together want one address's traffic, or nothing where they ask for names.
    func all(wanting address: IPAddress) -> [Filter] {
        var random = SplitMix(state: 1)
        let wanted = IPPrefix(address)
        switch self {
        case .address: return [.address(in: AddressSet([wanted]))]
        case .manyAddresses: return [.address(in: AddressSet([wanted] + (1..<100_000).map { _ in IPPrefix(.random(using: &random)) }))]
        case .name: return [.serverName(in: 1)]
        case .manyNames: return [.serverName(in: 100_000)]
        case .subscription, .packetSubscription: return [.address(wanted)]
        case .manySubscriptions, .manyPacketSubscriptions: return [.address(wanted)] + (1..<1000).map { .other($0, using: &random) }
        }
    }

    /// The address that, of all in a capture, the share of packets is nearest to.
    static func address(inShare share: Double, of capture: String) throws -> IPAddress {
        var file = try CaptureFile(path: capture)
        var packet = Packet()
        var counts: [IPAddress: Int] = [:]
        var total = 0
        while var frame = try file.next() {
            _ = packet.read(&frame, opening: .all)
            total += 1
            guard packet.kind == .flow else { continue }
            let (key, _) = withUnsafePointer(to: packet) { $0.flow }
            for address in Set([key.addressA, key.addressB]) { counts[address, default: 0] += 1 }
        }
        // The text decides between equals, so that it is always the same one.
        func distance(_ count: Int) -> Double { abs(Double(count) / Double(total) - share) }
        let nearest = counts.min { (distance($0.value), $0.key.description) < (distance($1.value), $1.key.description) }
        guard let nearest else { throw BenchError(description: "\(capture) has no address") }
        return nearest.key
    }
}

extension Filter {
    /// TLS connections to one of so many servers.
    fileprivate static func serverName(in count: Int) -> Filter {
        let names = (0..<count).map { number in Array("\(["www", "mail", "cdn"][number % 3]).host-\(number).example".utf8) }
        return Filter(FieldCatalog.standard.field("tls.sni")!, .texts(TextSet(names)))
    }

    /// A filter as people write them, of traffic that is not there: by address, by network and port, by source and protocol.
    fileprivate static func other(_ number: Int, using random: inout SplitMix) -> Filter {
        let address = IPAddress.random(using: &random)
        switch number % 3 {
        case 0: return .address(IPPrefix(address))
        case 1: return .tcp && .port(UInt16(number)) && .address(IPPrefix(address, length: address.isIPv4 ? 24 : 48)!)
        default: return .udp && .source(IPPrefix(address)) && !.port(53)
        }
    }
}

extension IPPrefix {
    /// A single address.
    fileprivate init(_ address: IPAddress) { self.init(address, length: address.isIPv4 ? 32 : 128)! }
}

extension IPAddress {
    /// One that is given out: half of them IPv4, half of the IPv6 space in use.
    fileprivate static func random(using random: inout SplitMix) -> IPAddress {
        if Bool.random(using: &random) { return IPAddress(ipv4: .random(in: 0x0100_0000..<0xe000_0000, using: &random)) }
        return IPAddress(0x2000 << 48 | random.next() >> 3, random.next(), isIPv4: false)
    }
}
