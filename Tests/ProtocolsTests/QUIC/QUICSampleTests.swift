import Packets
@testable import Protocols
import TestQUIC
import TestSupport
import Testing

/// What RFC 9001 A and RFC 9369 A print.
@Suite struct `QUIC samples` {
    private func id(_ digits: String) -> QUICConnectionID { QUICConnectionID(QUICBytes.octets(digits).span.bytes)! }

    /// A.2 and A.3.
    @Test(arguments: [
        (QUICSamples.clientV1, true, QUICVersion.v1), (QUICSamples.serverV1, false, .v1), (QUICSamples.clientV2, true, .v2), (QUICSamples.serverV2, false, .v2),
    ])
    func `opens the Initials that the RFCs print`(packet: [UInt8], isClients: Bool, version: QUICVersion) throws {
        guard let header = QUICLongHeader(packet.span.bytes) else {
            Issue.record("no header")
            return
        }
        let (place, type, tokenLength) = (header.rest, header.type, header.token.byteCount)
        let (found, end) = (header.version, header.end)
        #expect(found == version && type == .initial && end == packet.count && tokenLength == 0)
        let (destination, source) = (header.destination.description, header.source.description)
        #expect(destination == (isClients ? QUICSamples.destination : "") && source == (isClients ? "" : "f067a5502a4262b5"))
        var keys = try #require(QUICInitialKeys(version, id(QUICSamples.destination)))
        func open(client isClient: Bool) -> (number: UInt64, frames: [UInt8])? { keys.of(client: isClient).open(packet.span.bytes, numberAt: place,
            largest: nil) }
        let opened = try #require(open(client: isClients))
        #expect(opened.number == (isClients ? 2 : 1))
        let frames = isClients ? QUICSamples.clientFrames : QUICSamples.serverFrames
        #expect(opened.frames.starts(with: frames) && opened.frames.dropFirst(frames.count).allSatisfy { $0 == 0 })
        #expect(open(client: !isClients) == nil)
    }

    /// A.4.
    @Test(arguments: [(QUICSamples.retryV1, QUICFormat.v1), (QUICSamples.retryV2, .v2)])
    func `knows a Retry by its tag`(packet: [UInt8], format: QUICFormat) throws {
        guard let header = QUICLongHeader(packet.span.bytes) else {
            Issue.record("no header")
            return
        }
        let (type, source, token) = (header.type, header.source, header.token.copied)
        #expect(type == .retry && source.description == "f067a5502a4262b5" && token == Array("token".utf8))
        func isGenuine(_ format: QUICFormat, to digits: String) -> Bool? { format.isGenuine(retry: packet.span.bytes, to: id(digits)) }
        #expect(isGenuine(format, to: QUICSamples.destination) == true)
        #expect(isGenuine(format, to: "8394c8f03e515709") == false)
        #expect(isGenuine(.draft29, to: QUICSamples.destination) == false)
        #expect(isGenuine(.t051, to: QUICSamples.destination) == nil)
    }

    /// RFC 9000 A.2 and A.3.
    @Test func `tells a packet's number from its last bytes`() {
        #expect(QUICPacketKeys.number(0x9b32, 2, 0xa82f_30ea) == 0xa82f_9b32)
        #expect(QUICPacketKeys.number(0, 1, nil) == 0 && QUICPacketKeys.number(200, 1, nil) == 200 && QUICPacketKeys.number(3, 1, 255) == 259)
        #expect(QUICPacketKeys.number(0xff, 1, 256) == 255 && QUICPacketKeys.number(0, 4, (1 << 62) - 1) == 1 << 62)
    }

    /// RFC 9000 A.1.
    @Test(arguments: [("c2197c5eff14e88c", 151_288_809_941_952_652 as UInt64), ("9d7f3e7d", 494_878_333), ("7bbd", 15293), ("25", 37), ("4025", 37)])
    func `reads integers of any length`(digits: String, value: UInt64) {
        let octets = QUICBytes.octets(digits)
        var reader = ByteReader(octets.span.bytes)
        #expect(reader.variableInteger() == value && reader.isAtEnd)
        for length in octets.indices {
            var reader = ByteReader(octets.span.bytes.extracting(first: length))
            #expect(reader.variableInteger() == nil && reader.offset == 0)
        }
    }

    @Test func `finds both hellos in the RFCs' packets`() throws {
        for (client, server, name) in [(QUICSamples.clientV1, QUICSamples.serverV1, "1"), (QUICSamples.clientV2, QUICSamples.serverV2, "quicv2")] {
            let parsed = DatagramVerifier<QUICParser>(order: .keysFirst).verify([Datagram(.originator, client), Datagram(.responder, server)], flips: 7)
            let handshake = try #require(parsed.sessions.first)
            #expect(parsed.progress == .done && parsed.sessions.count == 1)
            #expect(handshake.version.name == name && handshake.lastVersion == handshake.version && handshake.problems == [])
            #expect(handshake.initialDestination?.description == QUICSamples.destination && handshake.clientID?.count == 0)
            #expect(handshake.serverID?.description == "f067a5502a4262b5" && handshake.serverName == "example.com" && handshake.offeredProtocols == ["alpn"])
            #expect(handshake.serverHello?.cipherSuite == 0x1301 && handshake.serverHello?.selectedVersion == .tls13)
            #expect(handshake.client == .originator && handshake.history.text(client: .originator) == "ISis")
        }
    }
}
