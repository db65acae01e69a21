import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

/// DHCP messages, written out.
private enum DHCPBytes {
    static let mac: [UInt8] = [2, 0, 0, 0, 0, 7]

    static func option(_ code: UInt8, _ value: [UInt8]) -> [UInt8] { [code, UInt8(value.count)] + value }

    static func message(
        _ type: UInt8, id: UInt32 = 0x1234_5678, reply: Bool = false, client: [UInt8] = [0, 0, 0, 0], your: [UInt8] = [0, 0, 0, 0], names: [UInt8] = [], file: [UInt8] = [],
        mac: [UInt8] = mac, _ options: [[UInt8]] = []
    ) -> [UInt8] {
        func padded(_ bytes: [UInt8], _ length: Int) -> [UInt8] { bytes + [UInt8](repeating: 0, count: length - bytes.count) }
        let start: [UInt8] = [reply ? 2 : 1, 1, UInt8(mac.count), 0] + (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) } + [0, 9, 0x80, 0]
        let addresses = client + your + [0, 0, 0, 0] + [0, 0, 0, 0]
        return start + addresses + padded(mac, 16) + padded(names, 64) + padded(file, 128) + [0x63, 0x82, 0x53, 0x63] + option(53, [type]) + options.flatMap { $0 } + [255]
    }

    static let discover = message(1, [option(50, [192, 0, 2, 9]), option(12, Array("laptop".utf8)), option(60, Array("MSFT 5.0".utf8)), option(55, [1, 3, 6, 252])])
    static let offer = message(2, reply: true, your: [192, 0, 2, 20], [option(54, [192, 0, 2, 1]), option(51, [0, 0, 14, 16])])
    static let request = message(
        3, [option(50, [192, 0, 2, 20]), option(54, [192, 0, 2, 1]), option(12, Array("laptop\0".utf8)), option(81, [4, 0, 0, 6] + Array("laptop".utf8) + [7] + Array("example".utf8) + [0])])
    static let acknowledgment = message(5, reply: true, your: [192, 0, 2, 20], [option(54, [192, 0, 2, 1]), option(51, [0, 0, 14, 16]), option(15, Array("example.org".utf8))])
}

@Suite struct `DHCP parser` {
    private func feed(_ parser: inout DHCPParser, _ bytes: [UInt8], from sender: Direction = .originator, at seconds: Int64 = 0, missing: Int = 0) -> ParserProgress {
        parser.feed(datagram: bytes.span.bytes, missing: missing, from: sender, at: Timestamp(nanoseconds: seconds * 1_000_000_000))
    }

    private func sessions(_ parser: inout DHCPParser) -> [DHCPExchange] {
        var all: [DHCPExchange] = []
        while let session = parser.nextSession() { all.append(session) }
        return all
    }

    private func message(_ bytes: [UInt8]) throws -> DHCPMessage {
        let message = DHCPMessage(bytes.span.bytes, isCut: false)
        return try #require(message)
    }

    private func probe(_ bytes: [UInt8]) -> Bool { DHCPParser.probe(datagram: bytes.span.bytes) }

    // MARK: Exchanges

    @Test func `stands what any parser must stand`() {
        let parsed = DatagramVerifier<DHCPParser>(order: .given(because: "an exchange has its messages in their order")).verify(
            [
                .init(.originator, DHCPBytes.discover), .init(.responder, DHCPBytes.offer), .init(.originator, DHCPBytes.request),
                .init(.responder, DHCPBytes.acknowledgment),
            ])
        #expect(parsed.sessions.map(\.messageCount) == [4] && parsed.progress == .wantsMore)
        let two = DatagramVerifier<DHCPParser>().verify([.init(.originator, DHCPBytes.message(7)), .init(.responder, DHCPBytes.message(6, id: 9, reply: true))])
        #expect(two.sessions.map(\.messageCount) == [1, 1])
    }

    @Test func `puts the messages of a transaction together`() throws {
        var parser = DHCPParser()
        #expect(feed(&parser, DHCPBytes.discover, at: 1) == .wantsMore && feed(&parser, DHCPBytes.offer, from: .responder, at: 2) == .wantsMore)
        #expect(feed(&parser, DHCPBytes.request, at: 3) == .wantsMore && feed(&parser, DHCPBytes.acknowledgment, from: .responder, at: 4) == .ready)
        let all = sessions(&parser)
        let exchange = try #require(all.first)
        #expect(all.count == 1 && exchange.messages.map(\.type) == [1, 2, 3, 5] && exchange.id == 0x1234_5678)
        #expect(exchange.hardwareAddress == "02:00:00:00:00:07" && exchange.hostName == "laptop" && exchange.clientName == "laptop.example" && exchange.domainName == "example.org")
        #expect(exchange.requestedAddress == IPAddress("192.0.2.20") && exchange.assignedAddress == IPAddress("192.0.2.20") && exchange.serverAddress == IPAddress("192.0.2.1"))
        #expect(exchange.leaseTime == 3600 && exchange.ended - exchange.began == 3_000_000_000 && exchange.vendorClass == "MSFT 5.0")
        #expect(exchange.requestedOptions == [1, 3, 6, 252] && !exchange.isMalformed && exchange.clientAddress == nil && exchange.relay == nil)
        parser.finish()
        #expect(parser.heldBytes == 0 && sessions(&parser).isEmpty)
    }

    @Test func `keeps transactions of one broadcast flow apart`() {
        var parser = DHCPParser()
        for id in [1, 2, 1, 2, 3] as [UInt32] { _ = feed(&parser, DHCPBytes.message(1, id: id)) }
        // The same id of another client.
        _ = feed(&parser, DHCPBytes.message(1, id: 3, mac: [2, 0, 0, 0, 0, 8]))
        _ = feed(&parser, DHCPBytes.message(6, id: 2, reply: true, [DHCPBytes.option(56, Array("wrong network".utf8))]))
        let refused = sessions(&parser)
        #expect(refused.map(\.id) == [2] && refused.first?.serverMessage == "wrong network" && refused.first?.messages.count == 3)
        // With no message for 20 s what there is is given.
        #expect(feed(&parser, DHCPBytes.message(8, id: 9), at: 21) == .ready)
        #expect(sessions(&parser).map(\.id) == [1, 3, 3])
        parser.finish()
        #expect(sessions(&parser).map { $0.messages.map(\.type) } == [[8]])
    }

    @Test func `keeps no more than it may`() {
        var parser = DHCPParser()
        var count = 0
        for id in 0..<10_000 {
            _ = feed(&parser, DHCPBytes.message(1, id: UInt32(id), [DHCPBytes.option(12, [UInt8](repeating: 0x61, count: 200))]))
            #expect(parser.heldBytes <= 256 << 10)
            count += sessions(&parser).count
        }
        parser.finish()
        #expect(count + sessions(&parser).count == 10_000 && parser.heldBytes == 0)
        // A client that repeats itself forever.
        for _ in 0..<1000 { _ = feed(&parser, DHCPBytes.discover) }
        #expect(parser.heldBytes < 8 << 10)
        parser.finish()
        let all = sessions(&parser)
        #expect(all.map(\.messageCount) == [1000] && all.map(\.messages.count) == [16])
    }

    @Test func `goes on after a datagram that is no message, and not after many`() {
        var parser = DHCPParser()
        for _ in 0..<7 { #expect(feed(&parser, [1, 2, 3]) == .wantsMore) }
        #expect(feed(&parser, DHCPBytes.discover) == .wantsMore)
        for _ in 0..<7 { #expect(feed(&parser, [1, 2, 3]) == .wantsMore) }
        #expect(feed(&parser, [1, 2, 3]) == .failed(.otherProtocol))
    }

    // MARK: Messages

    @Test func `reads options from the fields of names, and one that comes in parts`() throws {
        let names = DHCPBytes.option(12, Array("box".utf8)) + [255], file = DHCPBytes.option(60, Array("-two".utf8)) + [255]
        let message = try message(DHCPBytes.message(1, names: names, file: file, [DHCPBytes.option(60, Array("one".utf8)), DHCPBytes.option(52, [3]), [0, 0]]))
        #expect(message.text(DHCPOption.hostName) == "box" && message.text(DHCPOption.vendorClass) == "one-two" && message.isWhole)
        let plain = try self.message(DHCPBytes.message(1, names: names))
        #expect(plain.text(DHCPOption.hostName) == nil)
    }

    @Test func `says what is cut or runs over its end`() throws {
        #expect(try !message(Array(DHCPBytes.discover.dropLast(3)) + [99]).isWhole)
        var parser = DHCPParser()
        _ = feed(&parser, Array(DHCPBytes.discover.prefix(270)), missing: 30)
        parser.finish()
        #expect(sessions(&parser).map(\.isMalformed) == [true])
        let asText = try message(DHCPBytes.message(3, [DHCPBytes.option(81, [0, 0, 0] + Array("a.example".utf8)), DHCPBytes.option(51, [1, 2])]))
        #expect(asText.fullyQualifiedName == "a.example" && asText.seconds(option: DHCPOption.leaseTime) == nil)
    }

    @Test(arguments: [DHCPBytes.discover, DHCPBytes.offer, DHCPBytes.request, DHCPBytes.acknowledgment]) func `lives through any datagram`(whole: [UInt8]) {
        var random = SeededGenerator(seed: 1)
        for place in whole.indices {
            for bytes in [Array(whole[..<place]), whole.enumerated().map { $0.offset == place ? UInt8.random(in: 0...255, using: &random) : $0.element }] {
                var parser = DHCPParser()
                _ = probe(bytes)
                _ = feed(&parser, bytes)
                parser.finish()
                for session in sessions(&parser) { for field in DHCPParser.fields { field.read(session) { _ in } } }
            }
        }
    }

    // MARK: Recognising

    @Test func `knows a message by its cookie and type, and nothing else`() {
        #expect(probe(DHCPBytes.discover) && probe(DHCPBytes.acknowledgment))
        #expect(!probe(Array(DHCPBytes.discover.prefix(239))))
        // BOOTP without a type, op 3, an address of 17 octets, another cookie.
        #expect(!probe(Array(DHCPBytes.message(1).prefix(240)) + [255]))
        for (place, byte) in [(0, 3), (2, 17), (236, 0x64), (242, 0), (242, 19)] as [(Int, UInt8)] {
            var bytes = DHCPBytes.discover
            bytes[place] = byte
            #expect(!probe(bytes), "\(place)")
        }
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20_000 { #expect(!probe((0..<300).map { _ in UInt8.random(in: 0...255, using: &random) })) }
    }

    // MARK: Fields

    @Test func `has fields of what was asked and given`() throws {
        var parser = DHCPParser()
        for bytes in [DHCPBytes.discover, DHCPBytes.offer, DHCPBytes.request, DHCPBytes.acknowledgment] { _ = feed(&parser, bytes) }
        let session = try #require(sessions(&parser).first)
        var values: [String: [FieldValue]] = [:]
        for field in DHCPParser.fields { field.read(session) { values[field.name, default: []].append($0) } }
        #expect(values["dhcp.option.dhcp"] == [.integer(1), .integer(2), .integer(3), .integer(5)] && values["dhcp.hw.mac_addr"] == [.integer(0x0200_0000_0007)])
        #expect(values["dhcp.ip.your"] == [.address(IPAddress("192.0.2.20")!)] && values["dhcp.option.ip_address_lease_time"] == [.integer(3600)])
        #expect(values["dhcp.option.hostname"] == [.string("laptop")] && values["dhcp.ip.client"] == nil && values["dhcp.malformed"] == [.integer(0)])
    }
}
