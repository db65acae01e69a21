import Packets
import Testing
@testable import Tracking

/// What TCP's rarer turns bring of a stream.
@Suite struct `Corners of TCP streams` {
    private func run(_ talk: Talk, _ options: TrackerOptions = Run.options) throws -> Run {
        let run = try Run(Streams.self, .everything, options)
        run.send(talk)
        run.drain()
        return run
    }

    private func expect(_ run: Run, bytes count: Int, gaps: [Int] = [], at place: SourceLocation = #_sourceLocation) {
        let stream = run.log.stream(.originator)
        #expect(stream.count == count, sourceLocation: place)
        #expect(run.log.gaps == gaps, sourceLocation: place)
        for (index, byte) in stream.enumerated() where byte != nil && byte != Talk.byte(index + 1, .originator) {
            Issue.record("byte \(index) is wrong", sourceLocation: place)
            break
        }
    }

    /// The circle begins anew in a segment, in a hole, in what is held, at the FIN.
    @Test(arguments: 0..<60 as Range<UInt32>) func `the circle's end is a number like any other`(distance: UInt32) throws {
        var talk = Talk()
        talk.firstNumbers.client = .max - distance
        talk.say(">S <SA >A >PA10@21 >PA10@41 >PA20@1 >FA@51 >PA10@31 <FA")
        expect(try run(talk), bytes: 50)
        var lossy = Talk()
        lossy.firstNumbers = talk.firstNumbers
        lossy.say(">S <SA >A >PA20@1 >PA10@31 >FA@46 <FA")
        expect(try run(lossy), bytes: 45, gaps: [10, 5])
    }

    @Test(arguments: [
        // Taken by the receiver, all, in part or not: what was not taken comes again, as it was or other.
        (">S10 <SA#11 >PA5", 15, 0), (">S10 <SA#1 >PA10@1 >PA5@11", 15, 10), (">S10 <SA#5 >PA6@5 >PA5@11", 15, 6),
        // Again, with data and without; twice the same is one.
        (">S10 >S10 <SA#11 >PA5", 15, 0), (">S10 >S <SA#1 >PA10@1", 10, 10), (">S10 >S <SA#11 >PA5@11", 15, 0),
        // The answer was not seen: whoever goes on behind the data has been told.
        (">S10 >PA5@11", 15, 0), (">S10 >PA10@1", 10, 10),
        // Never answered.
        (">S10", 0, 10), (">S10 <RA", 0, 10),
        // Began anew with another number.
        (">S10@700 >S10 <SA#11 >PA5@11", 15, 10),
    ]) func `data in a SYN comes once, when it was taken`(talk: (text: String, count: Int, refused: UInt64)) throws {
        let run = try run(Talk(talk.text))
        expect(run, bytes: talk.count)
        #expect(run.counters[bytes: .outOfWindow] == talk.refused)
    }

    @Test func `what was refused of a SYN is not mixed with what came for it`() throws {
        var talk = Talk()
        talk.payloads = [[1, 2, 3], [7, 8, 9]]
        talk.say(">S3 <SA#1 >PA3@1")
        let run = try run(talk)
        #expect(run.log.stream(.originator) == [7, 8, 9])
        #expect(run.log.conflicts == [])
    }

    /// A flood of SYNs with data holds no memory for long, and no more than there is.
    @Test func `data of SYNs that nobody answers is forgotten in time`() throws {
        var options = Run.options
        options.reassemblyMemory = 5 * SegmentPages.cost
        options.tcpEstablishTimeout = 100 * second
        let run = try Run(Streams.self, .everything, options)
        for port in 1...20 as ClosedRange<UInt16> {
            var talk = Talk()
            talk.client.port = port
            talk.say(">S10")
            run.send(talk)
        }
        #expect(run.pipeline.tracker.reassembly.heldPages == 5)
        #expect(run.counters[bytes: .outOfWindow] == 150)
        run.advance(to: 12 * second)
        #expect(run.pipeline.tracker.reassembly.heldPages == 0)
        run.drain()
        #expect(run.log.events.isEmpty)
        #expect(run.counters[bytes: .outOfWindow] == 200)
    }

    @Test(arguments: [
        // FIN with data, before missing data, again; SYN and FIN at once.
        (">S <SA >A >FPA5", 5, []), (">S <SA >A >FPA5@6 >PA5@1", 10, []), (">S <SA >A >FA@6 <FA >PA5@1", 5, []),
        (">S <SA >A >PA5@6 >FA@11 <FA >A >PA5@1", 10, []), (">S <SA >A >FPA5 >FPA5@1 <FA", 5, []), (">S <SA >A >FA@6", 5, [5]),
        // Keep-alives, and probes of a window of zero, whose byte is not taken until there is room.
        (">S <SA >A >PA5 >A1@5 >A@5 >PA5@6", 10, []), (">S <SA >A >PA5 <A~0 >A1@6 <A#6~0 >A1@6 <A#6~0 >PA5@6", 10, []),
        // Urgent data stays where it is in the stream: in line.
        (">S <SA >A >PA5 >PUA5 >PA5", 15, []),
        // RST: what was sent before it counts, the text in it and what is behind it do not.
        (">S <SA >A >PA5 >RA20", 5, []), (">S <SA >A >PA5@6 >RA@11 >PA5@1 >PA5@11", 10, []), (">S <SA >A >PA5 <R >PA5@6", 5, []),
        (">S <SA >A >PA5 >R@500000 >PA5", 10, []),
    ] as [(String, Int, [Int])]) func `bring what the receiver reads`(talk: (text: String, count: Int, gaps: [Int])) throws {
        expect(try run(Talk(talk.text)), bytes: talk.count, gaps: talk.gaps)
    }

    @Test func `a keep-alive's byte is no conflict`() throws {
        var talk = Talk()
        talk.payloads = [[1], [0], [2]]
        talk.say(">S <SA >A >PA1@1 >A1@1 >PA1@2")
        let run = try run(talk)
        #expect(run.log.stream(.originator) == [1, 2])
        #expect(run.log.conflicts == [])
    }

    @Test func `a tuple used anew is another stream`() throws {
        let run = try Run(Streams.self)
        var talk = Talk(">S <SA >A >PA5 >PA5@20 >FA@31 <FA >A")
        talk.say(">S@1000000 <SA@2000000 >A@1000001 >PA5@1000001")
        run.send(talk)
        run.drain()
        #expect(run.log.ended.count == 2)
        #expect(Set(run.log.events.map(\.connection)).count == 2)
        #expect(run.log.events.last?.event == .bytes(.originator, Talk.bytes(1_000_001..<1_000_006)))
    }

    // MARK: Windows

    /// SYNs with a window scale, or without; then a segment so far ahead. The receiver's window is 1024.
    @Test(arguments: [
        (client: 7, server: 7, place: 2 * 1024 << 7 + 65_000, true), (7, 7, 2 * 1024 << 7 + 65_600, false),
        // Both sides must have it.
        (nil, 7, 67_000, true), (nil, 7, 67_700, false), (7, nil, 67_700, false), (nil, nil, 67_700, false),
        (0, 2, 2 * 1024 << 2 + 65_000, true), (0, 2, 2 * 1024 << 2 + 65_600, false), (14, 200, 2 * 1024 << 14 + 65_000, true),
    ] as [(client: UInt8?, server: UInt8?, place: Int, isBelieved: Bool)])
    func `a segment is believed as far as the window reaches`(_ sample: (client: UInt8?, server: UInt8?, place: Int, isBelieved: Bool)) throws {
        var talk = Talk(">S <SA >A >PA5")
        for (index, shift) in [sample.client, sample.server].enumerated() {
            guard let shift else { continue }
            talk.packets[index].addOptions([1, 3, 3, shift])
        }
        talk.send(.originator, [.ack], place: sample.place, ack: 1, Talk.bytes(sample.place..<sample.place + 5))
        let run = try Run(Streams.self)
        run.send(talk)
        #expect(run.counters.held == (sample.isBelieved ? 5 : 0))
        #expect(run.counters[bytes: .outOfWindow] == (sample.isBelieved ? 0 : 5))
        run.drain()
    }

    /// The capture lost much; the receiver did not.
    @Test func `what the receiver has acknowledged reaches farther`() throws {
        let run = try Run(Streams.self)
        run.send(">S <SA >A >PA5 <A#500001 >PA5@500001 >PA5@800001")
        #expect(run.counters.held == 5)
        #expect(run.counters[bytes: .outOfWindow] == 5)
        run.drain()
    }

    @Test func `without both SYNs any window may be`() throws {
        let run = try Run(Streams.self)
        run.send(">S >PA5@1 >PA5@800001")
        #expect(run.counters.held == 5)
        run.drain()
    }

    @Test func `a FIN beyond the window is not believed, either`() throws {
        expect(try run(Talk(">S <SA >A >PA5 >FA@900000 >PA5@6")), bytes: 10)
    }
}

extension Sent {
    /// The same frame of Ethernet, IPv4 and TCP with options, a multiple of four bytes.
    mutating func addOptions(_ options: Octets) {
        bytes.insert(contentsOf: options, at: 54)
        bytes[46] += UInt8(options.count / 4) << 4
        let length = UInt16(bytes.count - 14)
        (bytes[16], bytes[17]) = (UInt8(length >> 8), UInt8(length & 0xff))
        wireLength = bytes.count
    }
}
