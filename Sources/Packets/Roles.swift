/// Which of a flow key's endpoints: a place in the key, not a role in the connection.
public enum Endpoint: UInt8, BitwiseCopyable, Sendable {
    case a, b

    @inlinable @inline(__always)
    public var other: Endpoint { self == .a ? .b : .a }
}

/// Who sent something, in Zeek's words: the one who opened the connection, or the one who answered.
public enum Direction: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    case originator, responder

    public var opposite: Direction { self == .originator ? .responder : .originator }
}

/// An application protocol that Fovea recognises, by the name that filters, records and Zeek's `service` field use.
public enum Service: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    /// None of those below.
    case none
    case tls
    case dns
    case ssh
    case smtp
    case dhcp
    case ntp

    public var name: String { "\(self)" }

    /// What it is recognised in.
    public var transports: [TransportProtocol] {
        switch self {
        case .tls: [.tcp]
        case .ssh: [.tcp]
        case .smtp: [.tcp]
        case .dhcp, .ntp: [.udp]
        case .none, .dns: [.tcp, .udp]
        }
    }
}
