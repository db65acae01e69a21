/// Names of groups for key exchange: IANA's registry, "TLS Supported Groups".
enum TLSGroups {
    static let numbers: [String: UInt64] = [
        "sect163k1": 1, "sect163r2": 3, "sect233k1": 6, "sect233r1": 7, "sect283k1": 9, "sect283r1": 10, "sect409k1": 11, "sect409r1": 12, "sect571k1": 13,
        "sect571r1": 14, "secp192r1": 19, "secp224r1": 21, "secp256k1": 22, "secp256r1": 23, "secp384r1": 24, "secp521r1": 25, "brainpoolP256r1": 26,
        "brainpoolP384r1": 27, "brainpoolP512r1": 28, "x25519": 29, "x448": 30, "ffdhe2048": 256, "ffdhe3072": 257, "ffdhe4096": 258, "ffdhe6144": 259,
        "ffdhe8192": 260, "MLKEM512": 512, "MLKEM768": 513, "MLKEM1024": 514, "SecP256r1MLKEM768": 4587, "X25519MLKEM768": 4588, "SecP384r1MLKEM1024": 4589,
        "X25519Kyber768Draft00": 25497,
    ]

    private static let names = Dictionary(uniqueKeysWithValues: numbers.map { (UInt16($0.value), $0.key) })

    static func name(_ group: UInt16) -> String { names[group] ?? "unknown-\(group)" }
}

extension TLSHandshake {
    /// IANA's name of the group of the key exchange.
    public var groupName: String? { group.map(TLSGroups.name) }
}
