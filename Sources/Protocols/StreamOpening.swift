import Packets

/// What a direction's first bytes say about whether a protocol that they are none of may begin later.
public enum LaterBeginning: Sendable {
    /// It may at any time, whatever the other direction's said.
    case expected
    /// They say nothing.
    case open
    /// Unless something unusual comes soon: a few more chunks are looked at.
    case unlikely
    /// It cannot: all that follows is another protocol's.
    case ruledOut
}

/// A direction's first bytes, as far as they tell what cannot come behind them.
enum StreamOpening {
    /// All that follows is encrypted, or a hello.
    case tls
    /// All that follows is encrypted, once keys are exchanged.
    case ssh
    /// A request to a web server, whose target is a path: one to a proxy may lead anywhere.
    case webRequest
    /// A web server's consent to go on in another protocol, RFC 9110 15.2.2.
    case switchingProtocols
    case other

    init(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        // "GET " and "PUT ", "POST" and "HEAD", and what follows of " /"; "HTTP"; "SSH-".
        switch reader.uint32() {
        case 0x4745_5420, 0x5055_5420: self = reader.uint8() == UInt8(ascii: "/") ? .webRequest : .other
        case 0x504f_5354, 0x4845_4144: self = reader.uint16() == 0x202f ? .webRequest : .other
        case 0x4854_5450: self = bytes.begins(with: "HTTP/1.1 101") ? .switchingProtocols : .other
        case 0x5353_482d: self = SSHParser.probe(bytes) == .mine ? .ssh : .other
        case .some: self = bytes.byte(1) == 3 && TLSParser.probe(bytes) == .mine ? .tls : .other
        case nil: self = .other
        }
    }

    /// Whether a protocol may begin later. Of what is its own opening nothing is known: the parser was asked about that.
    func prospect(of service: Service) -> LaterBeginning {
        switch self {
        case .tls: service == .tls ? .open : .ruledOut
        case .ssh: service == .ssh ? .open : .ruledOut
        // Unless it is answered by another protocol, as RFC 2817 3.2 has it for TLS.
        case .webRequest: service == .http ? .open : .unlikely
        case .switchingProtocols: service == .http ? .open : .expected
        case .other: .open
        }
    }
}
