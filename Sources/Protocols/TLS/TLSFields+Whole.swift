import Filters

extension TLSParser {
    /// What lies behind the hellos: parsers go so far only where somebody asks for it.
    static let wholeFields: [SessionField<TLSHandshake>] = (flightFields + serverFields + clientFields).map { $0.at(.whole) }

    private static let flightFields: [SessionField<TLSHandshake>] = [
        .boolean("tls.established", "whether both sides went over to what they agreed on", example: "tls and not tls.established") { $0.isEstablished },
        .boolean("tls.certificate_requested", "whether the server wants a certificate of the client, before TLS 1.3", example: "tls.certificate_requested") {
            $0.flags.contains(.isWhole) ? $0.certificateRequested : nil
        },
        .strings("tls.problem", "what is wrong with a handshake that could be read nevertheless", example: "tls.problem == \"too_many_certificates\"") {
            $0.problems.map(\.rawValue)
        },
    ]
    private static let serverFields = certificateFields("tls.certificate", "the server's") { $0.serverCertificates }
    private static let clientFields = certificateFields("tls.client_certificate", "the client's") { $0.clientCertificates }

    /// The fields of a side's own certificate.
    private static func certificateFields(
        _ prefix: String, _ whose: String, _ chain: @escaping @Sendable (TLSHandshake) -> TLSCertificateChain?
    ) -> [SessionField<TLSHandshake>] {
        let seconds: UInt64 = 1 << 40
        let fields: [SessionField<TLSHandshake>] = [
            .string("\(prefix).subject", "\(whose) certificate's subject, before TLS 1.3: RFC 2253", example: "\(prefix).subject contains \"O=Example\"") {
                chain($0)?.first?.subject
            },
            .string("\(prefix).issuer", "who signed \(whose) certificate: RFC 2253", example: "\(prefix).issuer contains \"CN=R3,\"") {
                chain($0)?.first?.issuer
            },
            SessionField(
                "\(prefix).san", .name, "another name of \(whose) certificate's subject: DNS, address, mail, URI",
                example: "\(prefix).san ends_with \".example.org\""
            ) { handshake, give in
                for name in chain(handshake)?.first?.alternativeNames?.texts ?? [] { give(.string(name)) }
            },
            .name("\(prefix).serial", "\(whose) certificate's serial number, hexadecimal", example: "\(prefix).serial == \"00d1\"") {
                chain($0)?.first?.serialNumber
            },
            .integer(
                "\(prefix).not_before", max: seconds, "when \(whose) certificate begins to be valid, seconds since 1970",
                example: "\(prefix).not_before > 1700000000"
            ) {
                chain($0)?.first?.notBefore.map { UInt64(clamping: $0) }
            },
            .integer(
                "\(prefix).not_after", max: seconds, "when \(whose) certificate ends to be valid, seconds since 1970",
                example: "\(prefix).not_after < 1700000000"
            ) {
                chain($0)?.first?.notAfter.map { UInt64(clamping: $0) }
            },
            .boolean("\(prefix).self_signed", "whether \(whose) certificate's subject and issuer are the same", example: "\(prefix).self_signed") {
                chain($0)?.first?.isSelfSigned
            },
            .boolean("\(prefix).ca", "whether \(whose) certificate may sign others", example: "\(prefix).ca") { chain($0)?.first?.isCA },
            .string("\(prefix).key_type", "\(whose) certificate's kind of key", example: "\(prefix).key_type == \"rsa\"") { chain($0)?.first?.publicKey?.type },
            .integer("\(prefix).key_bits", max: 1 << 20, "the length of \(whose) certificate's key", example: "\(prefix).key_bits < 2048") {
                chain($0)?.first?.publicKey?.bitCount.map { UInt64(clamping: $0) }
            },
            .string(
                "\(prefix).signature_algorithm", "how \(whose) certificate is signed", example: "\(prefix).signature_algorithm == \"sha1WithRSAEncryption\""
            ) { chain($0)?.first?.signatureAlgorithm },
            .strings(
                "\(prefix).fingerprint", "the SHA-256 of a certificate of \(whose) chain",
                example: "\(prefix).fingerprint == \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
            ) { chain($0)?.certificates.map(\.sha256) ?? [] },
            .integer("\(prefix).count", max: 32, "how many certificates \(whose) chain has", example: "\(prefix).count > 3") {
                (chain($0)?.count).map(UInt64.init)
            },
        ]
        return fields
    }
}
