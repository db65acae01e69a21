extension X509Data: LoggedSubscription {
    /// Zeek's x509.log; an event with the names of Suricata's tls, for each certificate of a chain.
    static let log = LogSchema(
        "x509",
        LogSchema.identity + [
            .init("fingerprint", .string, event: "sha256"), .init("certificate.version", .count, event: "version"),
            .init("certificate.serial", .string, event: .pairs("serial")), .init("certificate.subject", .string, event: "subject"),
            .init("certificate.issuer", .string, event: "issuerdn"), .init("certificate.not_valid_before", .int, event: .date("notbefore")),
            .init("certificate.not_valid_after", .int, event: .date("notafter")), .init("certificate.key_alg", .string),
            .init("certificate.sig_alg", .string, event: "signature_algorithm"), .init("certificate.key_type", .string, event: "key_type"),
            .init("certificate.key_length", .count, event: "key_length"), .init("certificate.exponent", .string), .init("certificate.curve", .string),
            .init("san.dns", .strings, event: "subjectaltname"), .init("san.uri", .strings), .init("san.email", .strings), .init("san.ip", .strings),
            .init("basic_constraints.ca", .bool, event: "ca"), .init("basic_constraints.path_len", .count), .init("self_signed", .bool, event: "self_signed"),
            .init("sha1", .string, event: .pairs("fingerprint")), .init("problem", .string), .init("host_cert", .bool, event: "host_cert"),
            .init("client_cert", .bool, event: "client_cert"),
        ], event: "x509", transport: "tcp")
}
