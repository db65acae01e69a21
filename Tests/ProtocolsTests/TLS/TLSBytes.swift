/// Writes TLS as it goes over the wire.
enum TLSBytes {
    static let random = [UInt8](0..<32)
    /// SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3.
    static let retryRandom: [UInt8] = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
        0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ]

    /// A ClientHello with its handshake header.
    static func clientHello(
        version: UInt16 = 0x0303, serverName: [UInt8]? = Array("www.example.org".utf8), versions: [UInt16] = [], protocols: [String] = [],
        suites: [UInt16] = [0x1301, 0xc02f], extra: [(type: UInt16, content: [UInt8])] = []
    ) -> [UInt8] {
        var extensions: [(type: UInt16, content: [UInt8])] = []
        if let serverName { extensions.append((0, vector16([0] + vector16(serverName)))) }
        if !protocols.isEmpty { extensions.append((16, vector16(protocols.flatMap { vector8(Array($0.utf8)) }))) }
        if !versions.isEmpty { extensions.append((43, vector8(versions.flatMap(big)))) }
        let fields = big(version) + random + vector8([1, 2, 3]) + vector16(suites.flatMap(big)) + vector8([0])
        return message(1, fields + vector(extensions + extra))
    }

    /// A ServerHello with its handshake header.
    static func serverHello(
        version: UInt16 = 0x0303, random: [UInt8] = random, suite: UInt16 = 0xc02f, selected: UInt16? = nil, protocol name: String? = nil
    ) -> [UInt8] {
        var extensions: [(type: UInt16, content: [UInt8])] = []
        if let selected { extensions.append((43, big(selected))) }
        if let name { extensions.append((16, vector16(vector8(Array(name.utf8))))) }
        return message(2, big(version) + random + vector8([9]) + big(suite) + [0] + vector(extensions))
    }

    static let helloRetryRequest = serverHello(random: retryRandom, suite: 0x1302, selected: 0x0304)
    static let changeCipherSpec = record(20, [1])

    /// A ClientHello in SSL 2's format.
    static func sslv2ClientHello(
        version: UInt16 = 0x0301, specs: [UInt32] = [0x00002f, 0x010080, 0x000005], challenge: Int = 16
    ) -> [UInt8] {
        let fields = [1] + big(version) + big(UInt16(specs.count * 3)) + big(0) + big(UInt16(challenge))
        let all = fields + specs.flatMap { [UInt8($0 >> 16)] + big(UInt16($0 & 0xffff)) } + [UInt8](repeating: 7, count: challenge)
        return big(UInt16(all.count) | 0x8000) + all
    }

    static func record(_ type: UInt8, _ content: [UInt8], version: UInt16 = 0x0301) -> [UInt8] {
        [type] + big(version) + vector16(content)
    }

    /// A message in as many handshake records as it takes when each carries so many bytes.
    static func records(_ message: [UInt8], of size: Int) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { record(22, Array(message[$0..<min($0 + size, message.count)])) }
    }

    static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, UInt8(body.count >> 16)] + big(UInt16(body.count & 0xffff)) + body
    }

    static func vector(_ extensions: [(type: UInt16, content: [UInt8])]) -> [UInt8] {
        extensions.isEmpty ? [] : vector16(extensions.flatMap { big($0.type) + vector16($0.content) })
    }

    static func vector8(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count)] + bytes }
    static func vector16(_ bytes: [UInt8]) -> [UInt8] { big(UInt16(bytes.count)) + bytes }
    static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}
