/// Fingerprints of hellos: texts by which the programs behind them are told apart. Each is worked out when asked for. GREASE (RFC 8701) is no part of any.
extension TLSClientHello {
    /// What JA3 hashes, <https://github.com/salesforce/ja3>: version, cipher suites, extensions, groups and point formats as sent, in decimal.
    public var ja3Text: String {
        var text = "\(legacyVersion.rawValue),"
        text.append(numbers: cipherSuites)
        text += ","
        text.append(numbers: extensionTypes)
        text += ","
        text.append(numbers: supportedGroups)
        text += ","
        text.append(numbers: pointFormats.map(UInt16.init))
        return text
    }

    /// JA3: the MD5 of that, 32 digits.
    public var ja3: String { Hashes.md5(ja3Text) }

    /// JA4, <https://github.com/FoxIO-LLC/ja4>: `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    ///
    ///     t13d1516h2 _ 8daaf6152771 _ e5627efa2ab1
    ///     │││ │ │ │    │              └ extensions, sorted, without server name and ALPN; signature algorithms as sent: 12 digits of their SHA-256
    ///     │││ │ │ │    └ cipher suites, sorted: the same
    ///     │││ │ │ └ ALPN's first name: its first and last letter
    ///     │││ │ └ how many extensions      ││└ d with, i without a server name
    ///     │││ └ how many cipher suites     │└ the newest version offered
    ///     └── the transport
    public func ja4(over transport: TLSTransport = .tcp) -> String {
        let (suites, extensions) = (sortedSuites, sortedExtensionsAndAlgorithms)
        return ja4Head(transport) + "_" + Self.shortHash(suites) + "_" + Self.shortHash(extensions)
    }

    /// JA4_r: the same with the lists themselves in the place of their hashes.
    public func ja4Raw(over transport: TLSTransport = .tcp) -> String { ja4Head(transport) + "_" + sortedSuites + "_" + sortedExtensionsAndAlgorithms }

    private func ja4Head(_ transport: TLSTransport) -> String {
        var suites = 0, extensions = 0, hasName = false
        for suite in cipherSuites where !suite.isGREASE { suites += 1 }
        for type in extensionTypes where !type.isGREASE {
            extensions += 1
            if type == TLSExtension.serverName { hasName = true }
        }
        return transport.ja4Letter + newestVersion.ja4Text + (hasName ? "d" : "i") + Self.twoDigits(suites) + Self.twoDigits(extensions) + ja4Protocol
    }

    private static func twoDigits(_ count: Int) -> String { count < 10 ? "0\(count)" : "\(min(count, 99))" }

    /// Of a name that begins or ends with something else than a letter or digit the first and last hexadecimal digit.
    private var ja4Protocol: String {
        guard let name = firstProtocol, name.byteCount > 0 else { return "00" }
        var reader = ByteReader(name)
        let first = reader.uint8() ?? 0
        _ = reader.bytes(reader.count - 1)
        let last = reader.uint8() ?? first
        guard first.isLetterOrDigit, last.isLetterOrDigit else { return String(first >> 4, radix: 16) + String(last & 15, radix: 16) }
        return String(decoding: [first, last], as: UTF8.self)
    }

    private var sortedSuites: String { Self.list(cipherSuites.filter { !$0.isGREASE }.sorted()) }

    private var sortedExtensionsAndAlgorithms: String {
        let types = extensionTypes.filter { !$0.isGREASE && $0 != TLSExtension.serverName && $0 != TLSExtension.applicationProtocols }
        let algorithms = signatureAlgorithms.filter { !$0.isGREASE }
        let text = Self.list(types.sorted())
        return algorithms.isEmpty ? text : text + "_" + Self.list(algorithms)
    }

    private static func list(_ numbers: [UInt16]) -> String { numbers.map(\.hexadecimal).joined(separator: ",") }

    /// Of nothing twelve zeros.
    private static func shortHash(_ text: String) -> String { text.isEmpty ? "000000000000" : String(Hashes.sha256(text).prefix(12)) }
}

extension TLSServerHello {
    /// What JA3S hashes: version, cipher suite and extensions as sent, in decimal.
    public var ja3sText: String {
        var text = "\(legacyVersion.rawValue),\(cipherSuite),"
        text.append(numbers: extensionTypes)
        return text
    }

    /// JA3S: the MD5 of that, 32 digits.
    public var ja3s: String { Hashes.md5(ja3sText) }
}

extension TLSHandshake {
    /// JA3 of the client's hello.
    public var ja3: String? { clientHello?.ja3 }
    /// JA3S of the server's hello.
    public var ja3s: String? { serverHello?.ja3s }
    /// JA4 of the client's hello, over the transport that the handshake came by.
    public var ja4: String? { clientHello?.ja4(over: transport) }
    /// The same with lists in the place of hashes.
    public var ja4Raw: String? { clientHello?.ja4Raw(over: transport) }
}

/// What carries a handshake.
public enum TLSTransport: UInt8, Sendable {
    case tcp
    case quic
    /// Datagrams: DTLS.
    case datagrams

    fileprivate var ja4Letter: String {
        switch self {
        case .tcp: "t"
        case .quic: "q"
        case .datagrams: "d"
        }
    }
}

extension TLSVersion {
    fileprivate var ja4Text: String {
        switch self {
        case .tls13: "13"
        case .tls12: "12"
        case .tls11: "11"
        case .tls10: "10"
        case .ssl3: "s3"
        case .ssl2: "s2"
        case .dtls10: "d1"
        case .dtls12: "d2"
        case .dtls13: "d3"
        default: "00"
        }
    }
}

extension String {
    /// Decimal, with dashes between.
    fileprivate mutating func append(numbers: [UInt16]) {
        var isFirst = true
        for number in numbers where !number.isGREASE {
            if !isFirst { self += "-" }
            isFirst = false
            self += "\(number)"
        }
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool { 0x30...0x39 ~= self || 0x41...0x5a ~= self || 0x61...0x7a ~= self }
}
