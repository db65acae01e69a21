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
    /// TLS in datagrams.
    case dtls
    case postgresql
    case mysql
    case redis
    case mongodb
    case quic
    case http
    /// HTTP/2 in the clear.
    case http2
    case ssh
    case smtp
    case dhcp
    case ntp
    case sip

    public var name: String { "\(self)" }

    /// What it is recognised in.
    public var transports: [TransportProtocol] {
        switch self {
        case .tls, .postgresql, .mysql, .redis, .mongodb, .http, .http2, .ssh, .smtp: [.tcp]
        case .dtls, .quic, .dhcp, .ntp: [.udp]
        case .none, .dns, .sip: [.tcp, .udp]
        }
    }
}
