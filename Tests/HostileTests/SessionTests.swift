import Packets
import Protocols
import TestSupport
import Testing
import Tracking

@Suite struct `Hostile sessions` {
    /// A TLS record around a piece of a handshake message.
    private static func record(_ content: Octets) -> Octets { [22, 3, 1] + big(UInt16(content.count)) + content }

    private static func vector16(_ content: Octets) -> Octets { big(UInt16(content.count)) + content }

    /// A ClientHello's message: with so many bytes of other extensions, as a post-quantum key share is.
    private static func hello(_ name: Octets, filler: Int = 0, before: Octets = [], after: Octets = []) -> Octets {
        var extensions = before + big(0 as UInt16) + vector16(vector16([0] + vector16(name))) + after
        if filler > 0 { extensions += big(51 as UInt16) + vector16(Octets(repeating: 7, count: filler)) }
        let body = [3, 3] + Octets(0..<32) + [0, 0, 2, 0x13, 1, 1, 0] + vector16(extensions)
        return [1] + big(UInt32(body.count))[1...] + body
    }
    private static let plain = record(hello(Octets("www.example.com".utf8)))
    private static let answer = record([2, 0, 0, 38, 3, 3] + Octets(0..<32) + [0, 0x13, 1, 0])

    /// A connection whose client sends these pieces, and whose server answers.
    private static func talk(_ pieces: [Octets], number: Int) -> Talk {
        var talk = Talk(number: number)
        talk.payloads = pieces + [answer]
        return talk.saying(">S <SA >A " + pieces.map { _ in ">PA1" }.joined(separator: " ") + " <PA1 >FA <FA >A")
    }

    private static func cut(_ bytes: Octets, _ size: Int) -> [Octets] {
        stride(from: 0, to: bytes.count, by: size).map { Octets(bytes[$0..<min($0 + size, bytes.count)]) }
    }

    // MARK: 30

    @Test func `case 30a a gap in a TLS record ends its parser, and is told in its place`() throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Self.talk(Self.cut(Self.plain, 20), number: number)
                talk.packets.remove(at: 5)
                return talk
            }
        }.run()
        #expect(after.all { $0.gaps.map(\.count) } == [[20]])
        #expect(after.all { $0.gaps.map(\.place) } == [[40]])
        #expect(after.all { $0.bytes.originator.count } == [Self.plain.count - 20])
        // The server's half is what can be said; the client's is not made up.
        #expect(after.all(\.names) == [[""]])
    }

    @Test func `case 30b a gap before the first byte takes the name, not the connection`() throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Self.talk(Self.cut(Self.plain, 20), number: number)
                talk.packets.remove(at: 3)
                return talk
            }
        }.run()
        #expect(after.all { $0.gaps.map(\.place) } == [[0]])
        #expect(after.all { $0.names.contains("www.example.com") } == [false])
        #expect(after.all(\.state) == [.sf])
    }

    // MARK: 31

    @Test func `case 31a a hello cut anywhere into two, or reversed, is the same hello`() throws {
        let after = try HostileCase(size: plainCuts) { size in
            .crowd(size) { number in
                let cut = number / 2 + 1
                var talk = Self.talk([Octets(Self.plain[..<cut]), Octets(Self.plain[cut...])], number: number)
                if number % 2 == 0 { talk.packets.swapAt(3, 4) }
                return talk
            }
        }.run()
        #expect(after.stories.count == plainCuts)
        #expect(after.all(\.names) == [["www.example.com"]])
    }
    private let plainCuts = 2 * (plain.count - 1)

    @Test(arguments: [1, 2, 7]) func `case 31b a hello in tiny segments is the same hello`(size: Int) throws {
        let after = try HostileCase(size: 12) { .crowd($0) { Self.talk(Self.cut(Self.plain, size), number: $0) } }.run()
        #expect(after.all(\.names) == [["www.example.com"]])
    }

    @Test func `case 31c a hello that ends anywhere, or has any byte changed, harms nobody`() throws {
        var random = SeededGenerator(seed: 31)
        let noise = (0..<2 * Self.plain.count).map { _ in UInt8.random(in: 1...255, using: &random) }
        let after = try HostileCase(size: 2 * Self.plain.count) { size in
            .crowd(size) { number in
                let place = number / 2
                var bytes = Self.plain
                if number % 2 == 0 { bytes.removeLast(bytes.count - place - 1) } else { bytes[place] ^= noise[number] }
                return Self.talk([bytes], number: number)
            }
        }.run()
        #expect(after.stories.count == 2 * Self.plain.count)
        #expect(after.stories.allSatisfy { $0.names.count <= 1 })
        #expect(after.all(\.state) == [.sf])
    }

    // MARK: 32

    private static let hellos: [(name: String, pieces: [Octets], names: [String])] = [
        ("five records in ten segments", cut(cut(hello(Octets("www.example.com".utf8)), 17).flatMap(record), 10), ["www.example.com"]),
        ("records of length 0 before it", [record([]) + record([]) + plain], ["www.example.com"]),
        ("a key share longer than a segment", cut(record(hello(Octets("pq.example.com".utf8), filler: 1800)), 1400), ["pq.example.com"]),
        ("nearly 64 KiB", cut(cut(hello(Octets("big.example.com".utf8), filler: 64_000), 16_000).flatMap(record), 1400), ["big.example.com"]),
        ("a name with NUL and what is not UTF-8", [record(hello([0x61, 0, 0xff, 0xfe, 0x0a]))], [String(decoding: [0x61, 0, 0xff, 0xfe, 0x0a] as Octets, as: UTF8.self)]),
        ("GREASE before and after", [record(hello(Octets("grease.example.com".utf8), before: [0x0a, 0x0a, 0, 0], after: [0xfa, 0xfa, 0, 1, 0]))], ["grease.example.com"]),
        (
            "extensions that come twice",
            [record(hello(Octets("first.example.com".utf8), after: big(0 as UInt16) + vector16(vector16([0] + vector16(Octets("second".utf8))))))], ["first.example.com"]
        ),
        ("SSL 2's format", [[0x80, 0x1f, 1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 0x2f, 0, 0, 5] + Octets(repeating: 7, count: 16)], [""]),
        ("a name of 16,000 bytes", cut(record(hello(Octets(repeating: 0x61, count: 16_000))), 1400), [String(repeating: "a", count: 16_000)]),
    ]

    @Test(arguments: hellos.map(\.name)) func `case 32a hellos of all kinds are read`(name: String) throws {
        let hello = Self.hellos.first { $0.name == name }!
        let after = try HostileCase(size: 8) { .crowd($0) { Self.talk(hello.pieces, number: $0) } }.run()
        #expect(after.all(\.names) == [hello.names])
        #expect(after.counters.parserFailures[Int(ParserFailure.overBudget.rawValue)] == 0)
    }

    @Test func `case 32b hellos that never end stay within their memory, and are counted`() throws {
        var options = HostileCase.options
        options.parserMemory = 256 << 10
        let endless = [Self.record([1, 0, 0xff, 0xff, 3, 3] + Octets(repeating: 9, count: 1300))] + (0..<12).map { _ in Self.record(Octets(repeating: 9, count: 1300)) }
        let after = try HostileCase(size: 80, options) { .crowd($0) { Self.talk(endless, number: $0) } }.run()
        #expect(after.counters.parserFailures[Int(ParserFailure.overBudget.rawValue)] > 40)
        #expect(after.all { $0.bytes.originator.count } == [endless.joined().count])
    }

    // MARK: 38

    private static let others: [(name: String, pieces: [String], state: ConnectionState)] = [
        ("ten bytes, then silence", ["ten bytes!"], .sf), ("HTTP on TLS's port", ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"], .sf),
        ("SSH on TLS's port", ["SSH-2.0-OpenSSH_9.6\r\n"], .sf), ("what begins like a record", ["\u{16}\u{3}\u{1}"], .sf),
    ]

    @Test(arguments: others.map(\.name)) func `case 38a what is not TLS brings no session, and all of its bytes`(name: String) throws {
        let other = Self.others.first { $0.name == name }!
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(number: number)
                talk.payloads = other.pieces.map { Octets($0.utf8) }
                return talk.saying(">S <SA >A >PA1 <A >FA <FA >A")
            }
        }.run()
        #expect(after.all(\.names) == [[]])
        #expect(after.all { $0.text(.originator) } == [other.pieces.joined()])
    }

    @Test func `case 38b TLS behind CONNECT is found`() throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(number: number)
                talk.payloads = [Octets("CONNECT a:443 HTTP/1.1\r\n\r\n".utf8), Octets("HTTP/1.1 200 OK\r\n\r\n".utf8), Self.plain, Self.answer]
                return talk.saying(">S <SA >A >PA1 <PA1 >PA1 <PA1 >FA <FA >A")
            }
        }.run()
        #expect(after.all(\.names) == [["www.example.com"]])
    }
}
