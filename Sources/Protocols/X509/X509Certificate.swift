/// What an X.509 certificate says (RFC 5280), read from its DER when asked for: enough to log and to filter by. Nothing is verified. Whoever wants more - to
/// check chains, to read other extensions - gives `derBytes` to a library such as swift-certificates, off the packet path.
///
///     certificate ─┬─ to be signed ─ version · serial · signature algorithm · issuer · validity · subject · public key · extensions
///                  ├─ signature algorithm
///                  └─ signature
///
/// What cannot be read is nil or empty: then it is not `isReadable`.
public struct X509Certificate: Equatable, Sendable {
    private let storage: [UInt8]
    private let place: Range<Int>

    /// Any bytes.
    public init(_ der: [UInt8]) { self.init(der, at: der.indices) }

    /// - Parameter place: where it lies in bytes that it shares with others.
    init(_ storage: [UInt8], at place: Range<Int>) {
        self.storage = storage
        self.place = place
    }

    public static func == (one: Self, other: Self) -> Bool { one.storage[one.place] == other.storage[other.place] }

    /// The certificate as it was sent.
    public var derBytes: RawSpan {
        @_lifetime(borrow self)
        get { storage.span.bytes.extracting(place) }
    }

    private var fields: X509Fields? {
        @_lifetime(borrow self)
        get { X509Fields(derBytes) }
    }

    /// Whether it is one: its fields are where they belong.
    public var isReadable: Bool { fields != nil }

    /// 1...3; extensions came with the third.
    public var version: Int? {
        guard let fields else { return nil }
        return fields.version
    }

    /// Upper-case hexadecimal digits, two a byte, as Zeek writes it; with a minus before it where somebody made it negative.
    public var serialNumber: String? {
        guard let fields else { return nil }
        return Self.serial(fields.serial)
    }

    /// RFC 2253, as OpenSSL and so Zeek write it: `CN=www.example.org,O=Example,C=US`.
    public var subject: String? {
        guard let fields else { return nil }
        return X509Name.text(fields.subject)
    }

    /// The same of whoever signed it.
    public var issuer: String? {
        guard let fields else { return nil }
        return X509Name.text(fields.issuer)
    }

    /// The subject's last common name.
    public var commonName: String? {
        guard let fields else { return nil }
        return X509Name.commonName(fields.subject)
    }

    /// Seconds since 1970; the first and the last of its validity.
    public var notBefore: Int64? {
        guard let fields else { return nil }
        var reader = DERReader(fields.validity)
        guard let time = reader.next() else { return nil }
        return X509Time.seconds(time.content, tag: time.tag)
    }

    public var notAfter: Int64? {
        guard let fields else { return nil }
        var reader = DERReader(fields.validity)
        guard reader.next() != nil, let time = reader.next() else { return nil }
        return X509Time.seconds(time.content, tag: time.tag)
    }

    /// OpenSSL's name: `sha256WithRSAEncryption`; dotted decimal of what has none here.
    public var signatureAlgorithm: String? {
        guard let fields else { return nil }
        return X509Names.algorithm(fields.signatureAlgorithm)
    }

    /// What is known of its public key.
    public var publicKey: X509PublicKey? {
        guard let fields else { return nil }
        return X509PublicKey(fields.publicKey)
    }

    /// Whether subject and issuer are the same, to the byte. The signature is not looked at.
    public var isSelfSigned: Bool {
        guard let fields else { return false }
        return fields.subject.copied == fields.issuer.copied
    }

    /// Other names of the subject, RFC 5280 4.2.1.6.
    public var alternativeNames: X509AlternativeNames? {
        guard let fields, let content = fields.extension([0x55, 0x1d, 0x11]) else { return nil }
        return X509AlternativeNames(content)
    }

    /// Whether it may sign others, RFC 5280 4.2.1.9; nil without such an extension.
    public var isCA: Bool? { basicConstraints?.isCA }

    /// How many certificates may lie between it and the last of a chain; nil where that is not said.
    public var pathLength: Int? { basicConstraints?.pathLength }

    private var basicConstraints: (isCA: Bool, pathLength: Int?)? {
        guard let fields, let content = fields.extension([0x55, 0x1d, 0x13]) else { return nil }
        var outer = DERReader(content)
        guard let list = outer.next(DERTag.sequence) else { return nil }
        var reader = DERReader(list)
        let isCA = reader.next(DERTag.boolean)
        var isTrue = false
        if let isCA, isCA.byteCount == 1 { isTrue = isCA.unsafeLoad(fromByteOffset: 0, as: UInt8.self) != 0 }
        guard let length = reader.next(DERTag.integer), (1...4).contains(length.byteCount) else { return (isTrue, nil) }
        var bytes = ByteReader(length)
        var number = 0
        while let byte = bytes.uint8() { number = number << 8 | Int(byte) }
        return (isTrue, number)
    }

    /// SHA-256 of `derBytes`, 64 digits: what Zeek calls it by.
    public var sha256: String { Hashes.sha256(derBytes) }

    /// SHA-1 of `derBytes`, 40 digits.
    public var sha1: String { Hashes.sha1(derBytes) }

    private static func serial(_ content: RawSpan) -> String {
        var bytes = content.copied
        let isNegative = bytes.first.map { $0 & 0x80 != 0 } ?? false
        if isNegative {
            // Two's complement.
            var carry = true
            for place in bytes.indices.reversed() {
                bytes[place] = ~bytes[place]
                if carry { (bytes[place], carry) = bytes[place].addingReportingOverflow(1) }
            }
        }
        let digits = bytes.drop { $0 == 0 }
        guard !digits.isEmpty else { return "00" }
        return (isNegative ? "-" : "") + Array(digits).span.bytes.hexadecimal.uppercased()
    }
}

/// Where a certificate's fields lie.
struct X509Fields: ~Escapable {
    var version: Int
    var serial: RawSpan
    var signatureAlgorithm: RawSpan
    var issuer: RawSpan
    var validity: RawSpan
    var subject: RawSpan
    var publicKey: RawSpan
    /// Empty where there are none.
    var extensions: RawSpan

    @_lifetime(copy certificate)
    init?(_ certificate: RawSpan) {
        var outer = DERReader(certificate)
        guard let all = outer.next(DERTag.sequence), outer.isAtEnd else { return nil }
        var parts = DERReader(all)
        guard let signed = parts.next(DERTag.sequence), let algorithm = parts.next(DERTag.sequence), parts.next(DERTag.bitString) != nil else { return nil }
        var reader = DERReader(signed)
        version = 1
        // [0] explicit; absent, it is the first.
        if let explicit = reader.next(0xa0) {
            var inner = DERReader(explicit)
            guard let number = inner.next(DERTag.integer), number.byteCount == 1 else { return nil }
            version = Int(number.unsafeLoad(fromByteOffset: 0, as: UInt8.self)) + 1
        }
        guard let serial = reader.next(DERTag.integer), reader.next(DERTag.sequence) != nil, let issuer = reader.next(DERTag.sequence),
            let validity = reader.next(DERTag.sequence), let subject = reader.next(DERTag.sequence), let key = reader.next(DERTag.sequence)
        else { return nil }
        self.serial = serial
        signatureAlgorithm = algorithm
        self.issuer = issuer
        self.validity = validity
        self.subject = subject
        publicKey = key
        // [1] and [2] are ids that nobody uses, [3] the extensions.
        for tag in [0x81, 0xa1, 0x82, 0xa2] as [UInt8] { _ = reader.next(tag) }
        extensions = reader.listInside(0xa3)
    }

    /// The value of the first extension with this identifier: an octet string's content.
    @_lifetime(copy self)
    func `extension`(_ identifier: [UInt8]) -> RawSpan? {
        var reader = DERReader(extensions)
        while let entry = reader.next(DERTag.sequence) {
            var parts = DERReader(entry)
            guard let name = parts.next(DERTag.objectIdentifier) else { return nil }
            _ = parts.next(DERTag.boolean)
            guard let value = parts.next(DERTag.octetString) else { return nil }
            if name.byteCount == identifier.count, name.copied == identifier { return value }
        }
        return nil
    }
}
