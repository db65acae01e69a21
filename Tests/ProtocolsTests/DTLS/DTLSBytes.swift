/// Writes DTLS as it goes over the wire.
enum DTLSBytes {
    /// A ClientHello's body.
    static func clientHello(version: UInt16 = 0xfefd, cookie: [UInt8] = [], name: String = "dtls.example.org", versions: [UInt16] = [], filler: Int = 0) -> [UInt8] {
        let host = TLSBytes.vector16([0] + TLSBytes.vector16(Array(name.utf8)))
        var extensions: [(type: UInt16, content: [UInt8])] = [(0, host), (10, TLSBytes.vector16([0, 29])), (14, [0, 2, 0, 1, 0])]
        if !versions.isEmpty { extensions.append((43, TLSBytes.vector8(versions.flatMap(TLSBytes.big)))) }
        if filler > 0 { extensions.append((21, [UInt8](repeating: 0, count: filler))) }
        return TLSBytes.big(version) + TLSBytes.random + [0] + TLSBytes.vector8(cookie) + TLSBytes.vector16([0xc0, 0x2b, 0x13, 0x01]) + [1, 0]
            + TLSBytes.vector(extensions)
    }

    static func serverHello(version: UInt16 = 0xfefd, random: [UInt8] = TLSBytes.random, selected: UInt16? = nil) -> [UInt8] {
        var extensions: [(type: UInt16, content: [UInt8])] = [(23, [])]
        if let selected { extensions.append((43, TLSBytes.big(selected))) }
        return TLSBytes.big(version) + random + [0] + TLSBytes.big(0xc02b) + [0] + TLSBytes.vector(extensions)
    }

    static func helloVerifyRequest(_ cookie: [UInt8]) -> [UInt8] { TLSBytes.big(0xfeff) + TLSBytes.vector8(cookie) }

    static func record(_ type: UInt8, _ content: [UInt8], version: UInt16 = 0xfefd, epoch: UInt16 = 0, sequence: UInt32 = 0) -> [UInt8] {
        [type] + TLSBytes.big(version) + TLSBytes.big(epoch) + [0, 0] + TLSBytes.big(UInt16(sequence >> 16)) + TLSBytes.big(UInt16(sequence & 0xffff))
            + TLSBytes.vector16(content)
    }

    /// A part of a message, all of it unless said otherwise.
    static func fragment(_ type: UInt8, _ body: [UInt8], sequence: UInt16 = 0, _ range: Range<Int>? = nil) -> [UInt8] {
        let range = range ?? 0..<body.count
        return [type] + uint24(body.count) + TLSBytes.big(sequence) + uint24(range.lowerBound) + uint24(range.count) + body[range]
    }

    /// A message in a record and a datagram of its own.
    static func datagram(_ type: UInt8, _ body: [UInt8], sequence: UInt16 = 0) -> [UInt8] { record(22, fragment(type, body, sequence: sequence)) }

    private static func uint24(_ number: Int) -> [UInt8] { [UInt8(number >> 16)] + TLSBytes.big(UInt16(number & 0xffff)) }
}
