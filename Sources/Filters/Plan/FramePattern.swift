import Packets

/// Frames that a card can tell from others by their headers: all that is not nil must fit.
public struct FramePattern: Hashable, Sendable {
    /// 4 or 6; not nil where anything else is not.
    public var ipVersion: UInt8?
    public var transport: TransportProtocol?
    public var source: IPPrefix?
    public var destination: IPPrefix?
    public var sourcePort: ClosedRange<UInt16>?
    public var destinationPort: ClosedRange<UInt16>?

    init() {}

    init(_ change: (inout FramePattern) -> Void) { change(&self) }

    /// What both want; nil when no frame is both.
    func and(_ other: FramePattern) -> FramePattern? {
        guard let ipVersion = Self.common(ipVersion, other.ipVersion), let transport = Self.common(transport, other.transport),
            let source = Self.inner(source, other.source), let destination = Self.inner(destination, other.destination),
            let sourcePort = Self.overlap(sourcePort, other.sourcePort), let destinationPort = Self.overlap(destinationPort, other.destinationPort)
        else { return nil }
        return FramePattern {
            ($0.ipVersion, $0.transport, $0.source, $0.destination) = (ipVersion, transport, source, destination)
            ($0.sourcePort, $0.destinationPort) = (sourcePort, destinationPort)
        }
    }

    // Of two wishes what fits both, where nil wishes nothing; nil when nothing does.

    private static func common<Value: Equatable>(_ one: Value?, _ other: Value?) -> Value?? {
        guard let one, let other else { return .some(one ?? other) }
        return one == other ? .some(one) : nil
    }

    private static func inner(_ one: IPPrefix?, _ other: IPPrefix?) -> IPPrefix?? {
        guard let one, let other else { return .some(one ?? other) }
        let (wide, narrow) = one.length <= other.length ? (one, other) : (other, one)
        return wide.contains(narrow.address) ? .some(narrow) : nil
    }

    private static func overlap(_ one: ClosedRange<UInt16>?, _ other: ClosedRange<UInt16>?) -> ClosedRange<UInt16>?? {
        guard let one, let other else { return .some(one ?? other) }
        return one.overlaps(other) ? .some(one.clamped(to: other)) : nil
    }

    /// The same for each IP version and transport that it leaves open, and that a card must be told.
    fileprivate var spelledOut: [FramePattern] {
        let hasPorts = sourcePort != nil || destinationPort != nil
        let transports: [TransportProtocol?] = hasPorts && transport == nil ? [.tcp, .udp, .sctp] : [transport]
        return (ipVersion.map { [$0] } ?? [4, 6]).flatMap { version in
            transports.map { transport in
                var pattern = self
                (pattern.ipVersion, pattern.transport) = (version, transport)
                return pattern
            }
        }
    }
}

extension Filter {
    /// Patterns that together have all frames of the connections that the filter can want, in both directions, as far as a flow's key tells. None where
    /// the filter contradicts itself.
    ///
    /// A card that picks out these loses nothing of what headers of whole, unencapsulated packets decide; later fragments have no ports, and tunnels
    /// hide what they carry.
    ///
    /// - Returns: nil when every frame may be wanted, or when more than `limit` patterns are needed.
    public func framePatterns(limit: Int = 64) -> [FramePattern]? {
        guard let patterns = required(at: .packet).node.patterns(limit: limit) else { return nil }
        var seen: Set<FramePattern> = []
        let distinct = patterns.flatMap(\.spelledOut).filter { seen.insert($0).inserted }
        return distinct.count <= limit ? distinct : nil
    }
}

extension Filter.Node {
    /// Nil for frames of any kind, or too many kinds.
    fileprivate func patterns(limit: Int) -> [FramePattern]? {
        switch self {
        case .condition(let condition): return condition.patterns(limit: limit)
        case .not: return nil
        case .any(let nodes):
            var sum: [FramePattern] = []
            for node in nodes {
                guard let patterns = node.patterns(limit: limit), sum.count + patterns.count <= limit else { return nil }
                sum += patterns
            }
            return sum
        case .all(let nodes):
            var product: [FramePattern]?
            for node in nodes {
                guard let patterns = node.patterns(limit: limit) else { continue }
                guard let before = product else {
                    product = patterns
                    continue
                }
                let after = before.flatMap { one in patterns.compactMap { one.and($0) } }
                // What a part alone demands is less than the whole demands, and still true.
                if after.count <= limit { product = after }
            }
            return product
        }
    }
}

extension Condition {
    /// For either end there is a pattern for each direction.
    fileprivate func patterns(limit: Int) -> [FramePattern]? {
        func blocks(_ blocks: [IPPrefix]) -> [FramePattern]? {
            guard blocks.count <= limit / 2 else { return nil }
            return blocks.flatMap { block in
                let version: UInt8 = block.address.isIPv4 ? 4 : 6
                return [
                    FramePattern { ($0.ipVersion, $0.source) = (version, block) }, FramePattern { ($0.ipVersion, $0.destination) = (version, block) },
                ]
            }
        }
        func ports(_ ranges: [ClosedRange<UInt16>]) -> [FramePattern]? {
            guard ranges.count <= limit / 2 else { return nil }
            return ranges.flatMap { range in [FramePattern { $0.sourcePort = range }, FramePattern { $0.destinationPort = range }] }
        }
        switch self {
        case .ipVersion(let version): return [FramePattern { $0.ipVersion = version }]
        case .transport(let transport): return [FramePattern { $0.transport = transport }]
        case .port(_, let range): return ports([range])
        case .ports(_, let set): return ports(set.ranges.map { UInt16(clamping: $0.lowerBound)...UInt16(clamping: $0.upperBound) })
        case .address(_, let block): return blocks([block])
        case .addresses(_, let set): return blocks(set.prefixes)
        case .arp, .vlan, .service, .test, .fact: return nil
        }
    }
}
