import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

/// NTP's messages, as real programs sent them.
private enum NTPBytes {
    static func hex(_ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8).map { $0 < 0x3a ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// chrony says nothing but a random number.
    static let chrony = hex("23000620000000000000000000000000000000000000000000000000000000000000000000000000f94c4feddfa9e089")
    static let server = hex("240806e600000000000000007f7f0101eeb50f90c3bbed63f94c4feddfa9e089eeb50f9227bef9d3eeb50f9227c44b5e")
    /// What small devices send.
    static let simplest = [0x1b] + [UInt8](repeating: 0, count: 47)
    static let ntpd = hex("e3000afa00010000000100000000000000000000000000000000000000000000000000000000000000c50204eceed33c52").prefix(48).map { $0 }
    /// RFC 5905 7.4.
    static let kiss = hex("e4000600000000000000000052415445") + [UInt8](repeating: 0, count: 8) + hex("f94c4feddfa9e089") + hex("eeb50f9227bef9d3eeb50f9227c44b5e")
    static let broadcast = hex("250106ec000000000000001047505300eeb50f90c3bbed63") + [UInt8](repeating: 0, count: 16) + hex("eeb50f9227c44b5e")
    static let active = hex("210306ec00000100000010000a000001eeb50f90c3bbed63eeb50f80c3bbed63eeb50f8227bef9d3eeb50f9227c44b5e")
    static let readVariables = hex("160200010000000000000000")
    static let variables = hex("1682000100000000") + [0, 0, 0, 22] + Array("version=\"ntpd\", x=\"y\"\r\n".utf8.prefix(22)) + [0, 0]
    static let monitorList = hex("1700032a00000000"), paddedMonitorList = hex("1700032a00000000") + [UInt8](repeating: 0, count: 184)
    static let monitorAnswer = hex("d700032a00020048") + [UInt8](repeating: 9, count: 144)

    static func field(_ type: UInt16, _ length: Int) -> [UInt8] {
        [UInt8(type >> 8), UInt8(truncatingIfNeeded: type), UInt8(length >> 8), UInt8(length & 255)] + [UInt8](repeating: 1, count: length - 4)
    }
}

@Suite struct `NTP parser` {
    private func probe(_ bytes: [UInt8]) -> Bool { NTPParser.probe(datagram: bytes.span.bytes) }

    private func message(_ bytes: [UInt8]) throws -> NTPMessage {
        var parser = NTPParser()
        let progress = parser.feed(datagram: bytes.span.bytes, missing: 0, from: .originator, at: .zero)
        #expect(progress == .ready && parser.heldBytes == 0)
        let (message, other) = (parser.nextSession(), parser.nextSession())
        #expect(other == nil)
        return try #require(message)
    }

    @Test func `stands what any parser must stand`() {
        let messages = [NTPBytes.chrony, NTPBytes.server, NTPBytes.simplest, NTPBytes.kiss, NTPBytes.readVariables, NTPBytes.variables]
        let parsed = DatagramVerifier<NTPParser>().verify(messages.enumerated().map { .init($0 % 2 == 0 ? .originator : .responder, $1) })
        #expect(parsed.sessions.map(\.mode) == [3, 4, 3, 4, 6, 6])
    }

    // MARK: Messages

    @Test func `reads what a server says of time`() throws {
        let message = try message(NTPBytes.server), time = try #require(message.time)
        #expect(message.version == 4 && message.mode == 4 && message.isAnswer == true && message.problem == nil)
        #expect(time.leap == 0 && time.stratum == 8 && time.poll == 6 && time.precision == -26 && time.rootDelay == 0 && time.reference == "127.127.1.1")
        // 2026-11-28.
        #expect(time.referenceTime.timestamp?.nanoseconds ?? 0 > 1_795_000_000_000_000_000 && time.transmitTime.timestamp?.nanoseconds ?? 0 < 1_796_000_000_000_000_000)
        #expect(time.receiveTime.timestamp!.nanoseconds < time.transmitTime.timestamp!.nanoseconds && time.extensionCount == 0 && !time.isAuthenticated)
        let client = try self.message(NTPBytes.chrony)
        #expect(client.time?.originTime.timestamp == nil && client.time?.precision == 32 && client.isAnswer == false)
        #expect(client.time?.transmitTime == time.originTime)
    }

    /// RFC 4330 3: seconds turn over on 7 February 2036.
    @Test func `reads times before and after 2036`() {
        #expect(NTPTimestamp(seconds: 0xffff_ffff, fraction: 0x8000_0000).timestamp?.nanoseconds == 2_085_978_495_500_000_000)
        #expect(NTPTimestamp(seconds: 0, fraction: 1).timestamp?.nanoseconds == 2_085_978_496_000_000_000)
        #expect(NTPTimestamp(seconds: 2_208_988_800, fraction: 0).timestamp?.nanoseconds == 0)
        #expect(NTPTimestamp(seconds: 0, fraction: 0).timestamp == nil)
    }

    @Test func `reads a clock's name and a kiss of death`() throws {
        #expect(try message(NTPBytes.kiss).time?.reference == "RATE" && message(NTPBytes.kiss).time?.leap == 3)
        #expect(try message(NTPBytes.broadcast).time?.reference == "GPS")
    }

    @Test func `counts extension fields and knows a MAC`() throws {
        func read(_ tail: [UInt8]) throws -> String {
            let time = try #require(try message(NTPBytes.server + tail).time)
            #expect(probe(NTPBytes.server + tail))
            return "\(time.extensionCount) \(time.isAuthenticated)"
        }
        let unique = NTPBytes.field(0x0104, 36), cookie = NTPBytes.field(0x0204, 104)
        #expect(try read([0, 0, 0, 1] + [UInt8](repeating: 5, count: 16)) == "0 true")
        #expect(try read([0, 0, 0, 1] + [UInt8](repeating: 5, count: 20)) == "0 true")
        #expect(try read([0, 0, 0, 0]) == "0 true")
        #expect(try read(unique + cookie) == "2 false" && read(unique + cookie + [0, 0, 0, 1] + [UInt8](repeating: 5, count: 20)) == "2 true")
        #expect(try read(NTPBytes.field(0x0104, 28) + NTPBytes.field(0x0404, 16)) == "2 false")
        for tail in [[1], [0, 0], Array(NTPBytes.field(1, 28).dropLast()), NTPBytes.field(1, 30), [0, 4, 0xff, 0xff] + [UInt8](repeating: 0, count: 60)] {
            #expect(!probe(NTPBytes.server + tail))
        }
    }

    @Test func `flags control messages, private ones and lists of clients`() throws {
        let control = try message(NTPBytes.readVariables), answer = try message(NTPBytes.variables)
        #expect(control.problem == .control && control.content == .control(operation: 2, isAnswer: false) && control.version == 2 && control.time == nil)
        #expect(answer.content == .control(operation: 2, isAnswer: true))
        for bytes in [NTPBytes.monitorList, NTPBytes.paddedMonitorList] {
            #expect(try message(bytes).problem == .monitorList && message(bytes).content == .privately(request: 42, isAnswer: false, itemCount: 0))
        }
        #expect(try message(NTPBytes.monitorAnswer).content == .privately(request: 42, isAnswer: true, itemCount: 2))
        #expect(try message(NTPBytes.hex("1700030000000000")).problem == .privateMode)
    }

    // MARK: Recognising

    @Test func `knows messages of all modes`() {
        for bytes in [
            NTPBytes.chrony, NTPBytes.server, NTPBytes.simplest, NTPBytes.ntpd, NTPBytes.kiss, NTPBytes.broadcast, NTPBytes.active, NTPBytes.readVariables, NTPBytes.variables,
            NTPBytes.monitorList, NTPBytes.paddedMonitorList, NTPBytes.monitorAnswer,
        ] {
            #expect(probe(bytes), "\(bytes)")
            // Zeros behind a request may be as many as they like.
            #expect((bytes == NTPBytes.paddedMonitorList || !probe(Array(bytes.dropLast()))) && !probe(bytes + [1]), "\(bytes)")
        }
    }

    @Test func `refuses what has something that NTP never has`() {
        // Version 5, mode 0, stratum 17, a poll of 18, a precision of 1, a delay of a minute, a time of 1970, no letters for a clock.
        for (place, byte) in [(0, 0x2c), (0, 0x20), (1, 17), (2, 18), (3, 1), (5, 60), (16, 0x83), (32, 0x83), (40, 0x83), (35, 0)] as [(Int, UInt8)] {
            var bytes = NTPBytes.server
            bytes[place] = byte
            #expect(!probe(bytes), "\(place) \(byte)")
        }
        var clock = NTPBytes.broadcast
        clock[12] = 7
        #expect(!probe(clock))
        #expect(!probe([UInt8](repeating: 0, count: 48)) && !probe([UInt8](repeating: 0xff, count: 48)) && !probe(Array("#".utf8) + [UInt8](repeating: 0x20, count: 47)))
        // Requests that say more than requests do, lengths that do not fit.
        for bytes in ["160200010001000000000000", "160200010000000000010000", "16020001000000000000000200", "1700092a00000000", "1700032a10000000", "1700032a00000048", "d700032a00020049", "171f032a0000000000"] {
            #expect(!probe(NTPBytes.hex(bytes)), "\(bytes)")
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `takes no random bytes for NTP`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50_000 {
            var bytes = (0..<[8, 12, 48, 68][Int(seed)]).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!probe(bytes))
            bytes[0] = [0x17, 0x16, 0x23, 0x24][Int(seed)]
            #expect(!probe(bytes))
        }
    }

    @Test(arguments: [NTPBytes.server, NTPBytes.variables, NTPBytes.monitorAnswer, NTPBytes.kiss + NTPBytes.field(1, 28)]) func `lives through any datagram`(whole: [UInt8]) {
        var random = SeededGenerator(seed: 1)
        for place in whole.indices {
            for bytes in [Array(whole[..<place]), whole.enumerated().map { $0.offset == place ? UInt8.random(in: 0...255, using: &random) : $0.element }] {
                var parser = NTPParser()
                _ = probe(bytes)
                _ = parser.feed(datagram: bytes.span.bytes, missing: 0, from: .responder, at: .zero)
                while let session = parser.nextSession() { for field in NTPParser.fields { field.read(session) { _ in } } }
            }
        }
    }

    @Test func `goes on after a datagram that is no message, and not after many`() {
        var parser = NTPParser()
        func feed(_ bytes: [UInt8]) -> ParserProgress { parser.feed(datagram: bytes.span.bytes, missing: 0, from: .originator, at: .zero) }
        for _ in 0..<7 { #expect(feed([1, 2, 3]) == .wantsMore) }
        #expect(feed(NTPBytes.server) == .ready)
        for _ in 0..<7 { #expect(feed([1, 2, 3]) == .wantsMore) }
        #expect(feed([1, 2, 3]) == .failed(.otherProtocol))
    }

    // MARK: Fields

    @Test func `has fields of modes and times`() throws {
        func values(_ bytes: [UInt8]) throws -> [String: [FieldValue]] {
            var values: [String: [FieldValue]] = [:]
            let message = try message(bytes)
            for field in NTPParser.fields { field.read(message) { values[field.name, default: []].append($0) } }
            return values
        }
        #expect(try values(NTPBytes.kiss)["ntp.refid"] == [.string("RATE")] && values(NTPBytes.server)["ntp.stratum"] == [.integer(8)])
        #expect(try values(NTPBytes.monitorList)["ntp.monlist"] == [.integer(1)] && values(NTPBytes.monitorList)["ntp.priv.reqcode"] == [.integer(42)])
        #expect(try values(NTPBytes.readVariables)["ntp.ctrl.flags2.opcode"] == [.integer(2)] && values(NTPBytes.readVariables)["ntp.stratum"] == nil)
    }
}
