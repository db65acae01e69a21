import Packets

/// What a direction's first bytes say about whether a protocol that they are none of may begin later.
public enum LaterBeginning: Sendable {
    /// It may at any time, whatever the other direction's said.
    case expected
    /// They say nothing.
    case open
    /// Unless something unusual comes soon: a few more chunks are looked at.
    case unlikely
    /// They say nothing, unless the other direction's made it unlikely: then it cannot.
    case seconded
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
    /// Any other answer of it that is its last to a request.
    case webAnswer
    /// No text. Protocols of that kind which may go on in TLS do so with their first messages: PostgreSQL, MySQL, LDAP, RDP, SOCKS.
    case binary
    case other

    init(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        // "GET " and "PUT ", "POST" and "HEAD", and what follows of " /"; "HTTP"; "SSH-".
        switch reader.uint32() {
        case 0x4745_5420, 0x5055_5420: self = reader.uint8() == UInt8(ascii: "/") ? .webRequest : .other
        case 0x504f_5354, 0x4845_4144: self = reader.uint16() == 0x202f ? .webRequest : .other
        case 0x4854_5450: self = Self.ofAnswer(bytes)
        case 0x5353_482d: self = SSHParser.probe(bytes) == .mine ? .ssh : .other
        case .some(let word):
            if bytes.byte(1) == 3, TLSParser.probe(bytes) == .mine { self = .tls } else { self = Self.isText(word) ? .other : .binary }
        case nil: self = .other
        }
    }

    private static func ofAnswer(_ bytes: RawSpan) -> StreamOpening {
        if bytes.begins(with: "HTTP/1.1 101") { return .switchingProtocols }
        return bytes.begins(with: "HTTP/1.") && bytes.byteCount > 9 && bytes.byte(9) > UInt8(ascii: "1") ? .webAnswer : .other
    }

    /// Whether none of four bytes is a control character, line ends and tabs included in those, or beyond ASCII. A text's first line is longer.
    private static func isText(_ word: UInt32) -> Bool { (word | (word &- 0x2020_2020)) & 0x8080_8080 == 0 }

    /// Whether a protocol may begin later. Of what is its own opening nothing is known: the parser was asked about that.
    func prospect(of service: Service) -> LaterBeginning {
        switch self {
        case .tls: service == .tls ? .open : .ruledOut
        case .ssh: service == .ssh ? .open : .ruledOut
        // Unless it is answered by another protocol, as RFC 2817 3.2 has it for TLS.
        case .webRequest: service == .http ? .open : .unlikely
        case .switchingProtocols: service == .http ? .open : .expected
        case .webAnswer: service == .http ? .open : .seconded
        // What was captured from its midst on may be anybody's.
        case .binary: service == .tls ? .unlikely : .open
        case .other: .open
        }
    }
}
