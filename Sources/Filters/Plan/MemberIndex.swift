import Packets

/// Finds the filters that may want a packet or flow, by its ports and addresses, without asking the others.
///
/// A filter is listed under ports or addresses one of which all that it wants must have: under 443 for `tcp.port == 443 and not ip.addr == 10.0.0.0/8`.
/// Those for which there are none have to be asked each time (`walkers`).
final class MemberIndex {
    /// Those that no port or address finds, ascending.
    let walkers: UnsafeMutableBufferPointer<Int>
    private let portMap: PortMap?
    private let addressMap: AddressMap?
    /// The same, for looks that count no references.
    private let ports: Unmanaged<PortMap>?
    private let addresses: Unmanaged<AddressMap>?

    /// Addresses and blocks that all filters together are listed under.
    private static let most = 2_000_000

    /// - Parameter filters: with their numbers.
    init(_ filters: [(number: Int, filter: Filter)]) {
        var walkers: [Int] = []
        var ports: [(ports: IntegerSet, member: Int)] = []
        var addresses: [(prefix: IPPrefix, member: Int)] = []
        for (number, filter) in filters {
            guard let handles = filter.node.negationsPushedDown().handles, addresses.count + handles.addresses.count <= Self.most else {
                walkers.append(number)
                continue
            }
            if !handles.ports.isEmpty { ports.append((IntegerSet(handles.ports), number)) }
            addresses += handles.addresses.map { ($0, number) }
        }
        self.walkers = .allocate(capacity: walkers.count)
        _ = self.walkers.initialize(from: walkers)
        portMap = ports.isEmpty ? nil : PortMap(ports)
        addressMap = addresses.isEmpty ? nil : AddressMap(addresses)
        self.ports = portMap.map { .passUnretained($0) }
        self.addresses = addressMap.map { .passUnretained($0) }
    }

    deinit { walkers.deallocate() }

    /// Calls `body` for each filter that is listed under one of the subject's ports or addresses, perhaps more than once, until it says true.
    @inline(__always)
    func anyCandidate<Subject: FilterSubject>(_ subject: UnsafePointer<Subject>, _ body: (Int) -> Bool) -> Bool {
        if let ports, subject.pointee.isFlow, ports._withUnsafeGuaranteedRef({ Self.any(of: $0, subject.pointee.portsOfEnds, body) }) { return true }
        guard let addresses else { return false }
        return addresses._withUnsafeGuaranteedRef { map in
            switch subject.pointee.context >> 56 {
            case 4:
                let ends = subject.pointee.ipv4Ends
                return Self.any(of: map, map.classNumber(ipv4: ends.a), map.classNumber(ipv4: ends.b), body)
            case 6:
                let ends = subject.pointee.ipv6Ends
                return Self.any(of: map, map.classNumber(ipv6: ends.a), map.classNumber(ipv6: ends.b), body)
            default:
                return false
            }
        }
    }

    @inline(__always)
    private static func any(of map: PortMap, _ ends: (a: UInt16, b: UInt16), _ body: (Int) -> Bool) -> Bool {
        let (a, b) = (map.classNumber(of: ends.a), map.classNumber(of: ends.b))
        if a | b == 0 { return false }
        for number in map.members(ofClass: a) where body(Int(number)) { return true }
        if b != a { for number in map.members(ofClass: b) where body(Int(number)) { return true } }
        return false
    }

    @inline(__always)
    private static func any(of map: AddressMap, _ a: UInt32, _ b: UInt32, _ body: (Int) -> Bool) -> Bool {
        if a | b == 0 { return false }
        for number in map.members(ofClass: a) where body(Int(number)) { return true }
        if b != a { for number in map.members(ofClass: b) where body(Int(number)) { return true } }
        return false
    }
}

/// Ports and addresses of which everything that a filter wants has at least one.
private struct Handles {
    var ports: [ClosedRange<UInt64>] = []
    var addresses: [IPPrefix] = []

    /// How much traffic has one of them, by a rough guess: fewer is better to be listed under.
    var breadth: Double {
        let ports = ports.reduce(0.0) { $0 + Double($1.upperBound - $1.lowerBound + 1) / 65536 }
        return addresses.reduce(ports) { sum, block in
            var share = 1.0
            for _ in 0..<min(block.length, 64) { share /= block.address.isIPv4 ? 2 : 1.4 }
            return sum + share
        }
    }
}

extension Filter.Node {
    /// Nil when there are none, or so many that it is better to ask the filter.
    fileprivate var handles: Handles? {
        switch self {
        case .condition(.port(_, let range)): Self.few(Handles(ports: [UInt64(range.lowerBound)...UInt64(range.upperBound)]))
        case .condition(.ports(_, let set)): Self.few(Handles(ports: set.ranges))
        case .condition(.address(_, let block)): Self.few(Handles(addresses: [block]))
        case .condition(.addresses(_, let set)): Self.few(Handles(addresses: set.prefixes))
        case .condition, .not: nil
        case .all(let nodes): nodes.compactMap(\.handles).min { $0.breadth < $1.breadth }
        case .any(let nodes):
            nodes.reduce(Handles()) { sum, node in
                guard let sum, let handles = node.handles else { return nil }
                return Handles(ports: sum.ports + handles.ports, addresses: sum.addresses + handles.addresses)
            }
        }
    }

    private static func few(_ handles: Handles) -> Handles? { handles.breadth <= 1.0 / 16 ? handles : nil }
}
