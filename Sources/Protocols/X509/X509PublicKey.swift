/// What is known of a public key without its use, RFC 3279, RFC 5480, RFC 8410.
public struct X509PublicKey: Equatable, Sendable {
    /// OpenSSL's name of the algorithm: `rsaEncryption`, `id-ecPublicKey`.
    public let algorithm: String
    /// Zeek's name of its kind: `rsa`, `dsa`, `ecdsa`; `ed25519`, `ed448`, `unknown`.
    public let type: String
    /// Bits of the modulus, prime or field; nil where that is not known.
    public let bitCount: Int?
    /// RSA's, in decimal; nil of other keys, and of exponents beyond 64 bits.
    public let exponent: UInt64?
    /// OpenSSL's name: `prime256v1`.
    public let curve: String?

    /// - Parameter info: the content of the SubjectPublicKeyInfo.
    init?(_ info: RawSpan) {
        var reader = DERReader(info)
        guard let identifier = reader.next(DERTag.sequence), let bits = reader.next(DERTag.bitString) else { return nil }
        var parts = DERReader(identifier)
        guard let name = parts.next(DERTag.objectIdentifier) else { return nil }
        let number = name.objectIdentifier
        algorithm = X509Names.algorithms[number] ?? number
        var (bitCount, exponent, curve): (Int?, UInt64?, String?) = (nil, nil, nil)
        switch number {
        case "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10":
            type = "rsa"
            // Behind the number of unused bits.
            var key = DERReader(bits.extracting(min(1, bits.byteCount)...))
            if let list = key.next(DERTag.sequence) {
                var numbers = DERReader(list)
                if let modulus = numbers.next(DERTag.integer), let power = numbers.next(DERTag.integer) {
                    bitCount = Self.bits(modulus)
                    exponent = Self.number(power)
                }
            }
        case "1.2.840.10040.4.1":
            type = "dsa"
            if let list = parts.next(DERTag.sequence) {
                var numbers = DERReader(list)
                if let prime = numbers.next(DERTag.integer) { bitCount = Self.bits(prime) }
            }
        case "1.2.840.10045.2.1":
            type = "ecdsa"
            if let name = parts.next(DERTag.objectIdentifier) {
                let number = name.objectIdentifier
                curve = X509Names.curves[number]?.name ?? number
                bitCount = X509Names.curves[number]?.bits
            }
        case "1.3.101.112": (type, bitCount) = ("ed25519", 256)
        case "1.3.101.113": (type, bitCount) = ("ed448", 456)
        default: type = "unknown"
        }
        (self.bitCount, self.exponent, self.curve) = (bitCount, exponent, curve)
    }

    private static func bits(_ integer: RawSpan) -> Int {
        var reader = ByteReader(integer)
        while let byte = reader.uint8() {
            if byte != 0 { return reader.count * 8 + 8 - byte.leadingZeroBitCount }
        }
        return 0
    }

    private static func number(_ integer: RawSpan) -> UInt64? {
        guard bits(integer) <= 64 else { return nil }
        var reader = ByteReader(integer)
        var number: UInt64 = 0
        while let byte = reader.uint8() { number = number << 8 | UInt64(byte) }
        return number
    }
}
