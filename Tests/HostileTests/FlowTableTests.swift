import Testing
@testable import Packets
@testable import Tracking

@Suite struct `Hostile flow tables` {
    // MARK: 10

    /// Packets whose time is wrong among others whose time is right.
    @Test(arguments: [
        ("zero", 0), ("ten years ahead", start + 315_576_000 * second), ("ten years back", start - 315_576_000 * second), ("the greatest", .max),
        ("the smallest", .min), ("a minute back", start - 60 * second), ("microseconds for nanoseconds", start / 1000),
    ] as [(String, Int64)])
    func `case 10a a time that lies ends nobody's connection`(name: String, lie: Int64) throws {
        var attack = HostileCase(size: 1000) { size in
            (0..<size).map { number in
                let time = start + Int64(number) * 4 * second / Int64(size)
                return Sent(udpFrame(End(0x0a00_0001, number % 3 == 2 ? 3 : 1), End(0x0a00_0002, 2)), at: number % 3 == 2 ? lie : time)
            }
        }
        attack.sharesClock = false
        let after = try attack.run()
        #expect(after[.tracked] == 1000)
        // The flow that lies may be cut by its own lies, and no other.
        #expect(after.stories.filter { $0.record.originator.port == 1 }.map { $0.record.originator.packets } == [667])
        #expect(after.counters.timeLeaps == 0)
    }

    @Test(arguments: [0, -1]) func `case 10b time that stands or goes back ends nothing`(step: Int64) throws {
        var attack = HostileCase(size: 1000) { size in
            (0..<size).map { Sent(udpFrame(End(0x0a00_0001, 1), End(0x0a00_0002, 2)), at: start + 4 * second + Int64($0) * step * 1_000_000) }
        }
        attack.sharesClock = false
        let after = try attack.run()
        #expect(after.stories.count == 1)
        #expect(after.all { $0.record.originator.packets } == [1000])
    }

    @Test func `case 10c what comes out does not depend on how packets fall into bursts`() throws {
        let texts = ["<FA >S >A", ">S <SA >A >PA5 +6 <A >R +6 >PA5", ">S +1 <SA >A >PA10@11 >PA10 >FA <FA +7 >A", ">S +5.5 >S", "+1 <PA9 +301 >PA9"]
        var told: Set<[String]> = []
        for burst in [1, 3, 32, 64] {
            var attack = HostileCase(size: 50) { size in .crowd(size) { Talk(texts[$0 % texts.count], number: $0) }.sorted { $0.time < $1.time } }
            attack.burst = burst
            told.insert(try attack.run().stories.map(\.whole).sorted())
        }
        #expect(told.count == 1)
    }

    // MARK: 11

    @Test(arguments: [">S", ">S40", "<SA"])
    func `case 11a a flood of SYNs takes no place from those that are answered, nor from their handshakes`(packet: String) throws {
        var options = HostileCase.options
        options.maxConnections = 1000
        let after = try HostileCase(size: 6000, options) { .crowd($0) { Talk(packet, number: $0) } }.run()
        #expect(after.stories.count == 6000)
        #expect(after.counters[.evicted] + after.counters[.emergency] >= 5000)
    }

    @Test(arguments: [">A@70", ">F@70", ">R@70", ">PA40@70"])
    func `case 11b a flood of TCP without handshakes takes no place from those that are established`(packet: String) throws {
        var options = HostileCase.options
        options.maxConnections = 1000
        let after = try HostileCase(size: 3000, options) { size in [Sent].calm(size) + .crowd(size) { Talk(packet, number: $0) } + .calm(size) }.run()
        #expect(after.stories.count == 3001)
        #expect(after.counters[.evicted] + after.counters[.emergency] + after.counters[.rst] >= 2000)
    }

    @Test func `case 11c a flood of UDP from ever other hosts takes no place from those that are established`() throws {
        var options = HostileCase.options
        options.maxConnections = 1000
        let after = try HostileCase(size: 3000, options) { size in
            let flood = [Sent].frames((0..<size).map { udpFrame(End(0x0a01_0000 + UInt32($0), 9), End(0x0a00_0002, 53)) })
            return .calm(size) + flood + .calm(size)
        }.run()
        #expect(after.stories.count == 3001)
        #expect(after.stories.filter { $0.state == .s0 }.count == 3000)
    }

    /// Among so much of one kind there are only a few handshakes under way, and a few closed connections that late packets still belong to.
    @Test(arguments: ["UDP", ">A@70", ">R@70", ">PA40@70"])
    func `case 11d a flood of what nobody answers takes no place from handshakes, nor from what closes`(packet: String) throws {
        var options = HostileCase.options
        options.maxConnections = 1000
        try HostileCase(size: 6000, options) { size in
            guard packet == "UDP" else { return .crowd(size) { Talk(packet, number: $0) } }
            return .frames((0..<size).map { udpFrame(End(0x0a01_0000 + UInt32($0), 9), End(0x0a00_0002, 53)) })
        }.run()
    }

    // MARK: 12

    private static func key(of bytes: Octets) -> FlowKey {
        bytes.withUnsafeBytes {
            Packet(Frame(bytes: $0.baseAddress!, timestamp: .zero, length: UInt32($0.count), wireLength: UInt32($0.count))).key
        }
    }

    /// Tuples whose 16-bit words have one sum by exclusive or: equal for Toeplitz hashing with a key that repeats, as cards are given for symmetry.
    private static func toeplitz(_ count: Int) -> [Octets] {
        (0..<count).map { number in
            let client = 0x0a01_0000 + UInt32(number)
            return udpFrame(End(client, 4000 ^ UInt16(client & 0xffff)), End(0x0a00_0002, 53))
        }
    }

    /// Tuples that would share a 256th of the buckets if the table's secret were 0.
    private static func withoutSecret(_ count: Int) -> [Octets] {
        let template = key(of: udpFrame(End(0x0a01_0000, 1), End(0x0a00_0002, 53)))
        var frames: [Octets] = [], number: UInt32 = 0
        while frames.count < count {
            var key = template
            let address = 0x0a01_0000 + number
            // The server's is the lesser address: the client is the key's second endpoint.
            key.words.3 = UInt64(address)
            if key.hash(seed: HashSeed(0)) & 255 == 0 { frames.append(udpFrame(End(address, 1), End(0x0a00_0002, 53))) }
            number += 1
        }
        return frames
    }

    @Test(arguments: ["Toeplitz", "without a secret"]) func `case 12a tuples made to collide do not`(name: String) throws {
        let frames = name == "Toeplitz" ? Self.toeplitz(1200) : Self.withoutSecret(1200)
        let after = try HostileCase(size: frames.count) { .frames(Array(frames[..<$0])) }.run()
        #expect(after.stories.count == frames.count)
        // Buckets of a table of twice as many: chance puts eight into one about once in a million tables.
        var load: [UInt64: Int] = [:], loadWithoutSecret: [UInt64: Int] = [:]
        for frame in frames {
            let key = Self.key(of: frame)
            load[key.hash(seed: HashSeed(1)) & 4095, default: 0] += 1
            loadWithoutSecret[key.hash(seed: HashSeed(0)) & 4095, default: 0] += 1
        }
        #expect(load.values.max()! <= 8)
        // What it is that the secret protects from.
        if name != "Toeplitz" { #expect(loadWithoutSecret.count <= 16) }
    }

    @Test func `case 12b each table has another secret`() {
        let key = Self.key(of: udpFrame(End(1, 1), End(2, 2)))
        #expect(Set((0..<8).map { _ in key.hash(seed: HashSeed()) }).count == 8)
    }

    // MARK: 13

    @Test func `case 13 IPv4 and IPv6 tuples of the same numbers are two flows`() throws {
        let segment = tcp(from: 7, to: 7)
        func ipv6(_ prefix: Octets) -> Octets {
            let addresses: Octets = prefix + [10, 0, 0, 1] + prefix + [10, 0, 0, 2]
            return ethernet(0x86dd, [0x60, 0, 0, 0, 0, 20, 6, 64] + addresses + segment)
        }
        let zero = Octets(repeating: 0, count: 12), mapped = Octets(repeating: 0, count: 10) + [255, 255]
        let after = try HostileCase(size: 100) { .repeated([ethernet(0x0800, ipv4(6, segment)), ipv6(zero), ipv6(mapped)], $0) }.run()
        #expect(after.stories.count == 3)
        #expect(after.all { $0.record.originator.packets } == [100])
    }

    // MARK: 14

    /// A conversation, and another of the same tuple after so many seconds.
    private func reused(_ first: String, after gap: Double, _ next: String, sameNumbers: Bool = false) -> HostileCase {
        HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(first, number: number)
                var other = Talk(number: number)
                other.time = talk.time + Int64(gap * 1e9)
                if !sameNumbers { other.firstNumbers = (77_000_000, 99_000_000) }
                other.say(next)
                talk.packets += other.packets
                return talk
            }
        }
    }

    private static let whole = ">S <SA >A >PA5 <PA7 >FA <FA >A"

    @Test(arguments: [
        ("after FIN", whole, 10.0, EndReason.fin), ("in TIME_WAIT", whole, 1, .fin), ("after RST", ">S <SA >A >PA5 <PA7 >RA", 1, .rst),
        ("after silence", ">S <SA >A >PA5 <PA7", 301, .idle), ("when it is a tombstone no more", whole, 70, .fin),
    ]) func `case 14a a tuple used again is another connection`(name: String, first: String, gap: Double, end: EndReason) throws {
        let after = try reused(first, after: gap, Self.whole).run()
        #expect(after.stories.count == 80)
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<6)])
        #expect(after.all { $0.bytes.responder } == [Talk.bytes(1..<8, .responder)])
        #expect(after.stories.filter { $0.state == .sf }.count == (end == .fin ? 80 : 40))
        #expect(after.all(\.end) == [end, .fin])
        #expect(after[.afterEnd] == 0)
    }

    @Test func `case 14b the same first number in TIME_WAIT is no new connection, and is counted`() throws {
        let after = try reused(Self.whole, after: 10, Self.whole, sameNumbers: true).run()
        #expect(after.stories.count == 40)
        #expect(after[.afterEnd] == 40 * 8)
        #expect(after.counters[bytes: .afterEnd] == 40 * 12)
    }

    @Test func `case 14c port 0 and packets to oneself are flows like others`() throws {
        let after = try HostileCase(size: 100) { size in
            .repeated(
                [
                    ethernet(0x0800, ipv4(6, tcp(from: 0, to: 0, flags: .syn))), ethernet(0x0800, ipv4(6, to: 0x0a00_0001, tcp(from: 5, to: 5, flags: .syn))),
                    udpFrame(End(0x0a00_0003, 0), End(0x0a00_0003, 0)),
                ], size)
        }.run()
        #expect(after.stories.count == 3)
        #expect(after[.tracked] == 300)
    }

    @Test func `case 14d ICMP ids used again are one flow until it is silent`() throws {
        let after = try HostileCase(size: 40) { size in
            [start, start + 61 * second].flatMap { time -> [Sent] in
                let frames = (0..<UInt16(size)).flatMap { number -> [Octets] in
                    let query = ipv4(1, from: 0x0a00_0001, to: 0x0a00_0002, icmp(8, id: number % 5))
                    let answer = ipv4(1, from: 0x0a00_0002, to: 0x0a00_0001, icmp(0, id: number % 5))
                    return [ethernet(0x0800, query), ethernet(0x0800, answer)]
                }
                return .frames(frames, from: time)
            }
        }.run()
        #expect(after.stories.map { [$0.record.originator.packets, $0.record.responder.packets] } == [[40, 40], [40, 40]])
    }

    // MARK: 18

    @Test func `case 18 connections that expire in one moment are spread over bursts`() throws {
        var options = HostileCase.options
        options.maxConnections = 10_000
        options.emergencyThreshold = 100
        // So many that are silent from the first moment on, and a minute later somebody else who goes on.
        let after = try HostileCase(size: 5000, options) { size in
            (0..<size).map { Sent(udpFrame(End(0x0a01_0000 + UInt32($0), 9), End(0x0a00_0002, 53)), at: start) }
                + (0..<800).map { Sent(udpFrame(End(0x0a00_0001, 1), End(0x0a00_0002, 2)), at: start + 70 * second + Int64($0) * 1000) }
        }.run()
        #expect(after.counters[.idle] >= 5000)
        #expect(after.mostEndings <= 512 + 32)
    }

    // MARK: 19

    @Test(arguments: [(">S <SA >A >PA5 +301 >PA5 <A", 2), (">S <SA >A >PA5 +299 >PA5 <A", 1), (">S +5.1 <SA", 2), (">S +4.9 <SA", 1)])
    func `case 19a what goes on after its timeout is another connection`(text: String, connections: Int) throws {
        let after = try HostileCase(size: 40, text).run()
        #expect(after.stories.count == 40 * connections)
        #expect(after.counters[.idle] >= UInt64(connections == 2 ? 40 : 0))
    }

    @Test func `case 19b no end comes later than a tick`() throws {
        let options = HostileCase.options
        let after = try HostileCase(size: 400, options) { size in
            (0..<size).map { Sent(udpFrame(End(0x0a01_0000 + UInt32($0), 9), End(0x0a00_0002, 53)), at: start + Int64($0) * 7_000_000) }
                + (0..<3500).map { Sent(udpFrame(End(0x0a00_0001, 1), End(0x0a00_0002, 2)), at: start + 3 * second + Int64($0) * 20_000_000) }
        }.run()
        #expect(after.counters[.idle] >= 400)
        // A burst of 32 packets is 640 milliseconds of packet time: an end waits for the next.
        #expect(after.counters.lateness.most <= options.timeoutResolution + 32 * 20_000_000)
    }
}
