import Packets
import Protocols
import TestQUIC
import TestSupport
import Testing

@Suite struct `QUIC probe` {
    private func probe(_ bytes: [UInt8]) -> Bool { QUICParser.probe(datagram: bytes.span.bytes) }

    @Test func `knows each kind of long header`() {
        for version in [QUICBytes.v1, QUICBytes.v2] {
            #expect(probe(QUICBytes.zeroRTT(version: version)) && probe(QUICBytes.handshake(version: version)))
            #expect(probe(QUICBytes.retry(version: version, source: [1, 2], token: [3])))
        }
        #expect(probe(QUICBytes.negotiation([QUICBytes.v1, 0x0a0a_0a0a])) && probe(QUICBytes.unknown(version: 0x1a2a_3a4a)))
        for version in [0xff00_001b, 0xff00_001d, 0xff00_0022, 0xface_b002, 0x5430_3531] as [UInt32] {
            #expect(probe(QUICBytes.unknown(version: version)))
            #expect(!QUICVersion(rawValue: version).name.hasPrefix("unknown"))
        }
    }

    @Test func `refuses what only looks like one`() {
        #expect(!probe([]) && !probe([0xc0]) && !probe(QUICBytes.oneRTT))
        // No fixed bit; IDs that are too long; a version that nobody has.
        #expect(!probe([0x80] + QUICBytes.zeroRTT().dropFirst()))
        #expect(!probe(QUICBytes.protected(2, destination: [UInt8](repeating: 1, count: 21), source: [])))
        #expect(!probe(QUICBytes.unknown(version: 0x1234_5678)) && !probe(QUICBytes.unknown(version: 0x1a2a_3a4a, count: 1199)))
        // A negotiation of nothing that is known, of too short an ID, and one that is cut.
        #expect(!probe(QUICBytes.negotiation([0x0a0a_0a0a])) && !probe(QUICBytes.negotiation(source: [1], [1]))
            && !probe(QUICBytes.negotiation([1]).dropLast()))
    }

    @Test func `takes no other protocol for QUIC`() {
        // DNS: an id and flags that could be a negotiation's, and the number of additional records that could be version 1.
        let dns: [UInt8] = [0xc0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 1, 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]
        #expect(!probe(dns) && !probe(dns + [0]) && !probe(dns + [0, 0]) && !probe(dns + [0, 0, 0]))
        let others: [[UInt8]] = [
            [0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100] + [UInt8](repeating: 1, count: 100),  // DTLS
            [0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42] + [UInt8](repeating: 9, count: 20),  // STUN
            [0x80, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 160), [0x80, 0xe0, 0, 1, 0, 0, 0, 160] + [UInt8](repeating: 0xd5, count: 160),  // RTP
            [0xe3] + [UInt8](repeating: 0, count: 47), [0x23, 2, 6, 0xe9] + [UInt8](repeating: 0, count: 44),  // NTP
            [UInt8](repeating: 0xff, count: 1300), [UInt8](repeating: 0,
                count: 1300), Array("M-SEARCH * HTTP/1.1\r\n\r\n".utf8), Array("Q043Q043Q043Q043".utf8),
        ]
        for bytes in others { #expect(!probe(bytes), "\(bytes.prefix(4))") }
    }

    @Test func `takes no random bytes for QUIC`() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<200_000 {
            var bytes = (0..<48).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!probe(bytes))
            bytes[0] |= 0xc0
            #expect(!probe(bytes))
        }
    }

    @Test(arguments: [
        DNSBytes.query(id: 0xc000, "www.example.org"), DNSBytes.query(id: 0xc000, "a.b", flags: 0), DNSBytes.query(id: 0xff00, "abc.example.org", flags: 0),
    ]) func `leaves DNS to DNS`(bytes: [UInt8]) {
        #expect(!probe(bytes))
    }
}
