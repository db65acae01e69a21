import Packets

/// What a filter can look at: a packet, or a flow by its key.
public protocol FilterSubject {
    /// All zero for what is not IP.
    var key: FlowKey { get }
    /// Whether it has ports and can have a service: a fragment has neither.
    var isFlow: Bool { get }
    var isARP: Bool { get }
}

extension Packet: FilterSubject {
    @inline(__always) public var isFlow: Bool { kind == .flow }
    @inline(__always) public var isARP: Bool { kind == .notIP && etherType == EtherType.arp }
}

extension FlowKey: FilterSubject {
    @inline(__always) public var key: FlowKey { self }
    @inline(__always) public var isFlow: Bool { true }
    @inline(__always) public var isARP: Bool { false }
}
