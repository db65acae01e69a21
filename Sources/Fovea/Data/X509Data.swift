import Filters
import Protocols
import Tracking

/// `data = "x509"`: a line for each certificate of a TLS handshake, as often as it is sent: before TLS 1.3, which sends them encrypted. Fields are those of
/// Zeek's x509.log, behind whose connection it was.
struct X509Data: SessionTrackable {
    typealias Parser = TLSParser

    static let name = "x509"
    static let summary = "certificates of TLS handshakes before TLS 1.3: subject, issuer, names, validity, key, fingerprint"
    static let filter: Filter = .tls
    static let sessionDepth = SessionDepth.whole

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) {}

    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        for (chain, isClient) in [(handshake.serverCertificates, false), (handshake.clientCertificates, true)] {
            for (place, certificate) in (chain?.certificates ?? []).enumerated() {
                output.write { line in
                    line.addIdentity(of: connection)
                    line.addCertificate(certificate)
                    line.add("host_cert", place == 0)
                    line.add("client_cert", isClient)
                }
            }
        }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}

extension LogLine {
    /// What a line says of a certificate; times are whole seconds since 1970. Fields are those of Zeek's x509.log, and a few more at the end.
    public mutating func addCertificate(_ certificate: X509Certificate) {
        add("fingerprint", certificate.sha256)
        if let version = certificate.version { add("certificate.version", version) }
        add("certificate.serial", certificate.serialNumber)
        add("certificate.subject", certificate.subject)
        add("certificate.issuer", certificate.issuer)
        if let time = certificate.notBefore { add("certificate.not_valid_before", time) }
        if let time = certificate.notAfter { add("certificate.not_valid_after", time) }
        let key = certificate.publicKey
        add("certificate.key_alg", key?.algorithm)
        add("certificate.sig_alg", certificate.signatureAlgorithm)
        add("certificate.key_type", key?.type)
        if let bits = key?.bitCount { add("certificate.key_length", bits) }
        add("certificate.exponent", key?.exponent.map { "\($0)" })
        add("certificate.curve", key?.curve)
        if let names = certificate.alternativeNames {
            if !names.dnsNames.isEmpty { add("san.dns", names.dnsNames) }
            if !names.uris.isEmpty { add("san.uri", names.uris) }
            if !names.emails.isEmpty { add("san.email", names.emails) }
            if !names.addresses.isEmpty { add("san.ip", names.addresses.map(\.description)) }
        }
        if let isCA = certificate.isCA { add("basic_constraints.ca", isCA) }
        if let length = certificate.pathLength { add("basic_constraints.path_len", length) }
        add("self_signed", certificate.isSelfSigned)
        add("sha1", certificate.sha1)
        if !certificate.isReadable { add("problem", "malformed") }
    }
}
