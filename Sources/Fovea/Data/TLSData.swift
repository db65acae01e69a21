import Protocols
import Tracking

/// `data = "tls"`: a line for each TLS handshake, when it has come to its end or can be followed no further. Fields are those of Zeek's ssl.log.
struct TLSData: SessionLines {
    typealias Parser = TLSParser

    static let name = "tls"
    static let summary = "TLS handshakes: server name, version, cipher suite, application protocol, certificates' names, fingerprints JA3, JA3S and JA4"
    static let sessionDepth = SessionDepth.whole

    static func add(_ handshake: TLSHandshake, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection)
        line.addHandshake(handshake)
    }
}

/// `data = "dtls"`: the same of DTLS.
struct DTLSData: SessionLines {
    typealias Parser = DTLSParser

    static let name = "dtls"
    static let summary = "DTLS handshakes: server name, version, cipher suite, application protocol, certificates' names, fingerprints"
    static let sessionDepth = SessionDepth.whole

    static func add(_ handshake: TLSHandshake, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection)
        line.addHandshake(handshake)
    }
}

extension LogLine {
    /// What a line says of a TLS handshake. Fields are those of Zeek's ssl.log, and a few more at the end; those of certificates are there for handshakes that
    /// were followed so far (``SessionDepth/whole``).
    public mutating func addHandshake(_ handshake: TLSHandshake) {
        add("version", handshake.version?.name)
        add("cipher", hexadecimal: handshake.cipherSuite)
        add("curve", handshake.groupName)
        add("server_name", handshake.serverName)
        if let isResumed = handshake.isResumed { add("resumed", isResumed) }
        add("last_alert", (handshake.alert ?? handshake.warning)?.description)
        add("next_protocol", handshake.applicationProtocol)
        add("established", handshake.isEstablished ?? (handshake.version != nil && handshake.alert == nil))
        if let chain = handshake.serverCertificates {
            add("cert_chain_fps", chain.certificates.map(\.sha256))
            add("subject", chain.first?.subject)
            add("issuer", chain.first?.issuer)
        }
        if let chain = handshake.clientCertificates {
            add("client_cert_chain_fps", chain.certificates.map(\.sha256))
            add("client_subject", chain.first?.subject)
            add("client_issuer", chain.first?.issuer)
        }
        add("ja3", handshake.ja3)
        add("ja3s", handshake.ja3s)
        add("ja4", handshake.ja4)
        if let hello = handshake.clientHello {
            if !handshake.offeredProtocols.isEmpty { add("client_alpn", handshake.offeredProtocols) }
            add("ech", hello.hasEncryptedClientHello)
            add("psk_offered", hello.pskOffered)
        }
        if handshake.helloRetried { add("hello_retried", true) }
        if handshake.certificateRequested { add("certificate_requested", true) }
        let problems = handshake.problems
        if !problems.isEmpty { add("problems", problems.map(\.rawValue)) }
        addToEvent { $0.addCertificates(of: handshake) }
    }
}

/// What a line says of a TLS handshake, for those who keep it until their connection's end: the hellos' names, and not the messages themselves. Fields are
/// those of Zeek's ssl.log.
public struct TLSLine: Sendable {
    private let serverName: String?
    private let version: TLSVersion?
    private let cipherSuite: UInt16?
    private let applicationProtocol: String?
    private let alert: TLSAlert?

    public init(_ handshake: TLSHandshake) {
        serverName = handshake.serverName
        version = handshake.version
        cipherSuite = handshake.cipherSuite
        applicationProtocol = handshake.applicationProtocol
        alert = handshake.alert
    }

    public func add(to line: inout LogLine) {
        line.add("version", version?.name)
        line.add("cipher", hexadecimal: cipherSuite)
        line.add("server_name", serverName)
        line.add("last_alert", alert?.description)
        line.add("next_protocol", applicationProtocol)
        line.add("established", version != nil && alert == nil)
    }
}
