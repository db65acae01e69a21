import Packets
import Testing
@testable import Tracking

/// What attackers make of fragments (the names are those of the attacks, or of others' bugs).
@Suite struct `Hostile fragments` {
    private let payload = pattern(120)
    private var datagram: Octets { udp(5000, 53, payload) }

    @Test(arguments: [false, true]) func `an identification used again elsewhere is another datagram`(isIPv6: Bool) throws {
        let base = Cutter(isIPv6: isIPv6)
        var others: [Cutter] = []
        for change in [{ $0.id = 8 }, { $0.from = 99 }, { $0.to = 99 }, { $0.vlans = [5] }, { $0.vlans = [5, 6] }] as [(inout Cutter) -> Void] {
            var other = base
            change(&other)
            others.append(other)
        }
        if !isIPv6 {
            var other = base
            other.number = 253
            others.append(other)
        }
        let whole = base.frames(datagram, at: [64])
        for other in others {
            let foreign = other.frames(udp(5000, 53, pattern(120, 0xff)), at: [64])
            let mixed = try Run.payloads([whole[0], foreign[1]])
            #expect((mixed.counters[.fragment], mixed.counters.datagrams, mixed.counters[DatagramLoss.drained]) == (2, 0, 2))
            let both = try Run.payloads([whole[0], foreign[1], foreign[0], whole[1]])
            #expect(both.counters.datagrams == 2)
            #expect(both.log.payloads.contains(payload))
        }
    }

    @Test(arguments: [false, true]) func `a hole is a hole though the last fragment is there`(isIPv6: Bool) throws {
        let frames = Cutter(isIPv6: isIPv6).frames(datagram, at: Array(stride(from: 8, to: 128, by: 8)))
        for missing in frames.indices {
            var rest = frames
            rest.remove(at: missing)
            let run = try Run.payloads(rest + rest.reversed())
            #expect(run.log.payloads.isEmpty)
            #expect((run.counters[.fragment], run.counters.fragmentDuplicates) == (30, 15))
        }
    }

    @Test(arguments: [false, true]) func `ends off by one`(isIPv6: Bool) throws {
        let cutter = Cutter(isIPv6: isIPv6)
        let bytes = datagram
        let (first, last) = (Piece(0, Octets(bytes[..<64]), more: true), Piece(64, Octets(bytes[64...]), more: false))
        // What goes on where the end is, a unit before it, and a unit behind it; a second end; in any order.
        for (piece, isWrong) in [
            (Piece(120, Octets(bytes[120..<128]), more: true), true), (Piece(128, pattern(8), more: true), true),
            (Piece(112, Octets(bytes[112..<120]), more: false), true), (Piece(64, Octets(bytes[64..<127]), more: false), true),
            (Piece(128, [1], more: false), true), (Piece(64, Octets(bytes[64...]), more: false), false),
        ] {
            for order in permutations([first, piece, last]) {
                // What comes after the whole is another's, and begins a datagram that lacks the rest.
                let isLast = order[2].offset == piece.offset && order[2].more == piece.more && order[2].bytes == piece.bytes
                let run = try Run.payloads(cutter.frames(order))
                #expect(run.log.payloads == (isLast || !isWrong ? [payload] : []), "\(order)")
                // The shorter of two ends may come with all that is before it: a whole datagram, too short for what its header says.
                #expect(run.counters.datagrams + run.counters[DatagramLoss.overlap] == 1, "\(order)")
            }
        }
    }

    @Test func `teardrop: IPv4 keeps what came first`() throws {
        let cutter = Cutter()
        let bytes = datagram
        let wrong = Piece(24, pattern(40, 0xaa), more: true)
        let pieces = [Piece(0, Octets(bytes[..<32]), more: true), wrong, Piece(32, Octets(bytes[32...]), more: false)]
        let late = try Run.payloads(cutter.frames([pieces[0], pieces[2], wrong]))
        #expect(late.log.payloads == [payload])
        let early = try Run.payloads(cutter.frames(pieces))
        // The second came before the third, so that of the first's bytes none are touched, and of the third's some.
        #expect(early.log.payloads == [Octets(bytes[8..<32] + wrong.bytes[8...] + bytes[64...])])
        #expect((early.counters.fragmentConflicts, early.counters.fragmentDuplicates) == (2, 0))
        // The same bytes are no conflict.
        let same = try Run.payloads(cutter.frames([pieces[0], Piece(24, Octets(bytes[24..<64]), more: true), pieces[2]]))
        #expect(same.log.payloads == [payload])
        #expect((same.counters.fragmentConflicts, same.counters[.tracked]) == (0, 3))
    }

    @Test func `an overlap drops an IPv6 datagram, and what still comes of it`() throws {
        var cutter = Cutter(isIPv6: true)
        let bytes = datagram
        let (first, second, last) = (Piece(0, Octets(bytes[..<32]), more: true), Piece(32, Octets(bytes[32..<64]), more: true), Piece(64, Octets(bytes[64...]), more: false))
        for overlap in [
            Piece(24, Octets(bytes[24..<40]), more: true), Piece(8, Octets(bytes[8..<16]), more: true), Piece(0, Octets(bytes[..<64]), more: true),
            Piece(32, pattern(32, 1), more: true), Piece(0, Octets(bytes[..<24]), more: true), Piece(40, Octets(bytes[40..<64]), more: true),
        ] {
            let run = try Run.payloads(cutter.frames([first, second, overlap, last, first, second, last]))
            #expect(run.log.payloads.isEmpty, "\(overlap)")
            #expect((run.counters[DatagramLoss.overlap], run.counters[.fragment]) == (1, 7), "\(overlap)")
        }
        let copies = try Run.payloads(cutter.frames([first, first, second, second, last]))
        #expect(copies.log.payloads == [payload])
        #expect((copies.counters.fragmentDuplicates, copies.counters[.tracked]) == (2, 5))
        // After the timeout the identification is free.
        var frames = cutter.frames([first, Piece(24, pattern(16), more: true)])
        cutter.time = start + 30 * aSecond
        frames += cutter.frames([first, second, last])
        #expect(try Run.payloads(frames).log.payloads == [payload])
    }

    @Test(arguments: [false, true]) func `ping of death`(isIPv6: Bool) throws {
        let cutter = Cutter(isIPv6: isIPv6)
        // The last possible place of a fragment, and one byte too many there.
        for (length, isPossible) in [(7, false), (8, false), (1480, false), (isIPv6 ? 7 : 1, isIPv6)] {
            let run = try Run.payloads([cutter.frame(Piece(65528, pattern(length), more: false))])
            #expect(run.counters.overlongFragments == (isPossible || isIPv6 && length == 7 ? 0 : 1))
            #expect(run.counters[.fragment] == 1)
        }
        // The largest datagram there is.
        let largest = udp(1, 2, pattern((isIPv6 ? 65535 : 65515) - 8))
        let run = try Run.payloads(cutter.frames(largest, at: Array(stride(from: 1448, to: largest.count, by: 1448))).reversed())
        let isWhole = run.log.payloads == [Octets(largest[8...])]
        #expect(isWhole)
        var options = Run.options
        options.fragmentMemory = 1
        #expect(try Run.payloads(cutter.frames(largest, at: [65000]), options).counters.datagrams == 1)
    }

    @Test(arguments: [false, true]) func `ports in the second fragment`(isIPv6: Bool) throws {
        var cutter = Cutter(isIPv6: isIPv6)
        cutter.number = 6
        let segment = tcpHeader(4000, 443, sequence: 1, acknowledgment: 0, flags: .syn)
        for border in [8, 16] {
            let run = try Run.payloads(cutter.frames(segment, at: [border]).reversed())
            try #require(run.log.ended.count == 1)
            #expect((run.log.ended[0].originator.port, run.log.ended[0].responder.port) == (4000, 443))
            #expect(run.log.ended[0].history == "S")
        }
    }

    @Test(arguments: [false, true]) func `pieces that are none`(isIPv6: Bool) throws {
        let cutter = Cutter(isIPv6: isIPv6)
        let good = Cutter.pieces(datagram, at: [64])
        for bad in [Piece(0, pattern(7), more: true), Piece(64, pattern(15), more: true), Piece(64, [], more: true), Piece(64, [], more: false)] {
            let run = try Run.payloads(cutter.frames([bad, good[0], bad, good[1]]))
            #expect(run.log.payloads == [payload])
            #expect((run.counters.malformedFragments, run.counters[.fragment], run.counters[.tracked]) == (2, 2, 2))
        }
    }

    @Test(arguments: [false, true]) func `a fragment cut anywhere`(isIPv6: Bool) throws {
        let frames = Cutter(isIPv6: isIPv6).frames(datagram, at: [64])
        for number in frames.indices {
            for length in 0..<frames[number].bytes.count {
                for order in [[0, 1], [1, 0]] {
                    let sent = order.map { $0 == number ? frames[$0].cut(to: length) : frames[$0] }
                    let counters = try Run.payloads(sent).counters
                    #expect((counters.datagrams, counters[.tracked]) == (0, 0))
                    #expect(counters[.malformed] == 1 || counters[DatagramLoss.cut] == 1, "\(number) \(length)")
                }
            }
        }
    }

    @Test func `65,535 halves stay in their memory, and a whole one gets through`() throws {
        var options = Run.options
        options.fragmentMemory = 1 << 20
        let run = try Run(Payloads.self, .everything, options)
        var cutter = Cutter()
        var sent: [Sent] = []
        for id in 0..<65535 as Range<UInt32> {
            cutter.id = id
            sent.append(cutter.frame(Piece(id % 2 == 0 ? 0 : 1480, pattern(64), more: id % 2 == 0 || id % 3 != 0)))
            guard id % 1000 == 0 else { continue }
            var other = Cutter()
            other.from = 77
            other.id = id
            sent += other.frames(datagram, at: [64]).reversed()
        }
        run.send(sent, burst: 64)
        #expect(run.counters.fragmentsPeak <= 1 << 20)
        #expect(run.pipeline.fragments.table.count <= 1 << 9)
        run.drain()
        #expect((run.counters.datagrams, run.log.payloads.count) == (66, 66))
        #expect(run.counters[DatagramLoss.full] + run.counters[DatagramLoss.drained] == 65535)
    }

    @Test func `no room is made for a datagram at the cost of younger ones`() throws {
        var options = Run.options
        options.fragmentMemory = 1
        var cutter = Cutter()
        // 32 pages: the first datagram takes one, others the rest; then the first wants more.
        var sent = [cutter.frame(Piece(0, pattern(64), more: true))]
        for id in 100..<131 as Range<UInt32> {
            cutter.id = id
            sent.append(cutter.frame(Piece(0, Octets(datagram[..<64]), more: true)))
        }
        cutter.id = 7
        sent.append(cutter.frame(Piece(4096, pattern(64), more: true)))
        cutter.id = 130
        sent.append(cutter.frame(Piece(64, Octets(datagram[64...]), more: false)))
        let run = try Run.payloads(sent, options)
        #expect(run.log.payloads == [payload])
        #expect((run.counters[DatagramLoss.full], run.counters[DatagramLoss.drained]) == (1, 30))
    }

    @Test func `a datagram has its time, and not more`() throws {
        func run(_ times: [Int64]) throws -> Run {
            let frames = Cutter().frames(datagram, at: [40, 80])
            return try Run.payloads(zip(frames, times).map { Sent($0.bytes, at: start &+ $1) }, burst: 1)
        }
        #expect(try run([0, 29 * aSecond, 30 * aSecond - 1]).log.payloads == [payload])
        #expect(try run([30 * aSecond - 1, 29 * aSecond, 0]).log.payloads == [payload])
        for late in [30 * aSecond, -30 * aSecond, .max, .min] {
            let counters = try run([0, 0, late]).counters
            #expect((counters[DatagramLoss.timeout], counters[DatagramLoss.drained], counters[.fragment]) == (1, 1, 3), "\(late)")
        }
    }

    @Test func `time that passes without fragments counts, too`() throws {
        let run = try Run(Payloads.self)
        run.send(Array(Cutter().frames(datagram, at: [64])[..<1]))
        run.advance(to: 30 * aSecond)
        #expect(run.counters[DatagramLoss.timeout] == 1)
        #expect(run.pipeline.fragments.heldPages == 0)
    }
}

private let aSecond: Int64 = 1_000_000_000
