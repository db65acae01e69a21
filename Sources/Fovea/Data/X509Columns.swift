extension X509Data: LoggedSubscription {
    /// Zeek's x509.log.
    static let log = LogSchema(
        "x509",
        LogSchema.identity + [
            .init("fingerprint", .string), .init("certificate.version", .count), .init("certificate.serial", .string),
            .init("certificate.subject", .string), .init("certificate.issuer", .string), .init("certificate.not_valid_before", .int),
            .init("certificate.not_valid_after", .int), .init("certificate.key_alg", .string), .init("certificate.sig_alg", .string),
            .init("certificate.key_type", .string), .init("certificate.key_length", .count), .init("certificate.exponent", .string),
            .init("certificate.curve", .string), .init("san.dns", .strings), .init("san.uri", .strings), .init("san.email", .strings),
            .init("san.ip", .strings), .init("basic_constraints.ca", .bool), .init("basic_constraints.path_len", .count), .init("self_signed", .bool),
            .init("sha1", .string), .init("problem", .string), .init("host_cert", .bool), .init("client_cert", .bool),
        ])
}
