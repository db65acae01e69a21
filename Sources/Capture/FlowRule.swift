import CDPDK
import Packets

/// Frames that a card could pick out by itself, and what it should do with them: what `rte_flow` calls a rule. What is nil may be anything.
///
/// Headers are asked for in their order on the wire, so that a transport, addresses or ports need an IP version, and ports a transport.
public struct FlowRule: Hashable, Sendable {
    /// 4 or 6.
    public var ipVersion: UInt8?
    public var transport: TransportProtocol?
    /// Blocks of the rule's IP version.
    public var source: IPPrefix?
    public var destination: IPPrefix?
    /// Of TCP, UDP or SCTP.
    public var sourcePort: PortBits?
    public var destinationPort: PortBits?
    public var action = Action.spread

    public enum Action: Hashable, Sendable {
        /// To the port's queues as RSS spreads over them.
        case spread
        case queue(Int)
        case drop
    }

    /// Ports that share their upper bits: what a card compares.
    public struct PortBits: Hashable, Sendable {
        public var value: UInt16
        /// The bits that count.
        public var mask: UInt16

        public init(_ value: UInt16, mask: UInt16 = .max) {
            self.value = value & mask
            self.mask = mask
        }

        /// The fewest that together are a range: at most 30.
        public static func covering(_ range: ClosedRange<UInt16>) -> [PortBits] {
            var blocks: [PortBits] = []
            var (next, last) = (Int(range.lowerBound), Int(range.upperBound))
            while next <= last {
                // As large as the first port's alignment and the range's end allow.
                var size = next == 0 ? 65536 : next & -next
                while next + size - 1 > last { size /= 2 }
                blocks.append(PortBits(UInt16(next), mask: UInt16(65536 - size)))
                next += size
            }
            return blocks
        }
    }

    public init() {}

    /// Why it is no rule of any card; nil when it may be one.
    fileprivate var contradiction: String? {
        if let ipVersion, ipVersion != 4, ipVersion != 6 { return "there is no IP version \(ipVersion)" }
        for block in [source, destination].compactMap(\.self) where ipVersion != (block.address.isIPv4 ? 4 : 6) {
            return "\(block) needs IP version \(block.address.isIPv4 ? 4 : 6)"
        }
        if transport != nil, ipVersion == nil { return "a transport needs an IP version" }
        if sourcePort != nil || destinationPort != nil, transport != .tcp, transport != .udp, transport != .sctp { return "ports need TCP, UDP or SCTP" }
        return nil
    }
}

extension FlowRule: CustomStringConvertible {
    /// `ipv4 src 10.0.0.0/8 / tcp dst 443`, much as testpmd writes it.
    public var description: String {
        func words(_ head: String, _ source: String?, _ destination: String?) -> String {
            head + (source.map { " src \($0)" } ?? "") + (destination.map { " dst \($0)" } ?? "")
        }
        func bits(_ bits: PortBits) -> String { bits.mask == .max ? "\(bits.value)" : "\(bits.value)...\(bits.value | ~bits.mask)" }
        guard let ipVersion else { return "eth" }
        let network = words("ipv\(ipVersion)", source?.description, destination?.description)
        guard let transport else { return network }
        let name = transport == .icmpv6 ? "icmpv6" : Int("\(transport)").map { "proto \($0)" } ?? "\(transport)"
        return network + " / " + words(name, sourcePort.map(bits), destinationPort.map(bits))
    }
}

extension Port {
    /// Asks whether the device would do this by itself, and sets nothing (`rte_flow_validate`).
    ///
    /// - Returns: nil when it would; otherwise the driver's reason, "not supported: the driver has no flow rules" where it takes none at all.
    public func validate(_ rule: FlowRule) -> String? {
        if let contradiction = rule.contradiction { return contradiction }
        var raw = rule.raw
        switch rule.action {
        case .drop: raw.action = UInt8(shim_flow_drop)
        case .queue(let queue):
            guard (0..<queueCount).contains(queue) else { return "there are \(queueCount) queues, and no queue \(queue)" }
            raw.action = UInt8(shim_flow_queue)
            raw.queue = UInt16(queue)
        case .spread:
            raw.action = UInt8(shim_flow_rss)
            raw.queues = UInt16(queueCount)
            if case .rss(let functions, _) = spreading { raw.rss_hash_functions = functions }
        }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            shim_flow_validate(number, &raw, message.baseAddress!, UInt32(message.count)) < 0 ? String(cString: message.baseAddress!) : nil
        }
    }
}

extension FlowRule {
    /// Without the action.
    fileprivate var raw: shim_flow_rule {
        var raw = shim_flow_rule()
        raw.ip_version = ipVersion ?? 0
        raw.transport = transport?.rawValue ?? 0
        if let source { source.write(&raw.source, mask: &raw.source_mask) }
        if let destination { destination.write(&raw.destination, mask: &raw.destination_mask) }
        if let sourcePort { (raw.source_port, raw.source_port_mask) = (sourcePort.value, sourcePort.mask) }
        if let destinationPort { (raw.destination_port, raw.destination_port_mask) = (destinationPort.value, destinationPort.mask) }
        return raw
    }
}

extension IPPrefix {
    /// Sixteen bytes each, as C has them.
    fileprivate func write<Bytes>(_ address: inout Bytes, mask: inout Bytes) {
        func write(_ high: UInt64, _ low: UInt64, _ bytes: inout Bytes) {
            withUnsafeMutableBytes(of: &bytes) { bytes in
                if self.address.isIPv4 {
                    bytes.storeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian, as: UInt32.self)
                } else {
                    bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                    bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
            }
        }
        write(self.address.high, self.address.low, &address)
        write(self.mask.high, self.mask.low, &mask)
    }
}
