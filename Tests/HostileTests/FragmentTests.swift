import Packets
import Testing
import Tracking

@Suite struct `Hostile fragments` {
    private static let payload = pattern(120)
    private static let datagram = udp(5000, 53, payload)

    /// Datagrams of so many hosts at once, each in these pieces: the first ones of all, then the second ones.
    private static func pieces(_ count: Int, isIPv6: Bool, _ pieces: [Piece]) -> [Sent] {
        pieces.enumerated().flatMap { step, piece in
            (0..<count).map { number in
                var cutter = cutter(number, isIPv6: isIPv6)
                cutter.time += Int64(step * count + number) * 1000
                return cutter.frame(piece)
            }
        }
    }

    private static func cutter(_ number: Int, isIPv6: Bool = false) -> Cutter {
        var cutter = Cutter(isIPv6: isIPv6)
        (cutter.from, cutter.id) = (0x0a01_0000 + UInt32(number), UInt32(number))
        return cutter
    }

    private func run(_ pieces: [Piece], isIPv6: Bool = false, size: Int = 40) throws -> Aftermath {
        try HostileCase(size: size) { Self.pieces($0, isIPv6: isIPv6, pieces) }.run()
    }

    private static func piece(_ range: Range<Int>, more: Bool) -> Piece { Piece(range.lowerBound, Octets(datagram[range]), more: more) }

    // MARK: 6

    @Test(arguments: [false, true], [8, 16]) func `case 06a ports in the second fragment are the flow's`(isIPv6: Bool, border: Int) throws {
        let segment = tcpHeader(4000, 443, sequence: 1, acknowledgment: 0, flags: .syn)
        let after = try HostileCase(size: 40) { size in
            (0..<size).flatMap { number in
                var cutter = Self.cutter(number, isIPv6: isIPv6)
                cutter.number = 6
                return cutter.frames(segment, at: [border])
            }
        }.run()
        #expect(after.stories.count == 40)
        #expect(after.all { [$0.record.originator.port, $0.record.responder.port] } == [[4000, 443]])
        #expect(after.all { $0.record.history } == ["S"])
    }

    @Test(arguments: [Piece(24, pattern(16), more: true), piece(8..<16, more: true), piece(0..<64, more: true), piece(40..<64, more: true)])
    func `case 06b an overlap drops an IPv6 datagram, and IPv4 keeps what came first`(overlap: Piece) throws {
        let (first, second, last) = (Self.piece(0..<32, more: true), Self.piece(32..<64, more: true), Self.piece(64..<128, more: false))
        let newer = try run([first, second, overlap, last], isIPv6: true)
        #expect(newer.stories.isEmpty)
        #expect(newer.counters[DatagramLoss.overlap] == 40)
        #expect(newer[.fragment] == 160)
        let older = try run([first, second, overlap, last])
        #expect(older.all { $0.bytes.originator } == [Self.payload])
        #expect(older.counters.fragmentConflicts == (overlap.bytes == pattern(16) ? 40 : 0))
        #expect(older[.tracked] == 160)
    }

    @Test func `case 06c teardrop, a fragment within another, is no way around what came first`() throws {
        let evil = Piece(24, pattern(40, 0xaa), more: true)
        let after = try run([Self.piece(0..<32, more: true), Self.piece(32..<128, more: false), evil])
        #expect(after.all { $0.bytes.originator } == [Self.payload])
        // It came behind a whole datagram: it begins another, and nothing follows.
        #expect(after[.fragment] == 40)
        let before = try run([Self.piece(0..<32, more: true), evil, Self.piece(32..<128, more: false)])
        #expect(before.counters.fragmentConflicts == 80)
        #expect(before.all { Octets($0.bytes.originator.prefix(24)) } == [Octets(Self.payload.prefix(24))])
    }

    @Test(arguments: [false, true]) func `case 06d ping of death, a fragment beyond the largest datagram, is counted`(isIPv6: Bool) throws {
        let after = try run([Self.piece(0..<64, more: true), Piece(65528, pattern(1480), more: false)], isIPv6: isIPv6)
        #expect(after.counters.overlongFragments == 40)
        #expect(after.stories.isEmpty)
    }

    @Test(arguments: [false, true]) func `case 06e a hole is a hole though the last fragment is there`(isIPv6: Bool) throws {
        for hole in [0..<32, 32..<64, 64..<96] {
            let pieces = [0..<32, 32..<64, 64..<96].filter { $0 != hole }.map { Self.piece($0, more: true) } + [Self.piece(96..<128, more: false)]
            let after = try run(pieces + pieces.reversed(), isIPv6: isIPv6, size: 16)
            #expect(after.stories.isEmpty)
            #expect(after[.fragment] == 16 * 6)
            #expect(after.counters.fragmentDuplicates == 16 * 3)
        }
    }

    @Test func `case 06f an identification used again with another protocol or VLAN is another datagram`() throws {
        let changes: [@Sendable (inout Cutter) -> Void] = [{ $0.number = 253 }, { $0.vlans = [5] }, { $0.vlans = [5, 6] }, { $0.to += 1 }]
        for change in changes {
            let after = try HostileCase(size: 40) { size in
                (0..<size).flatMap { number in
                    let cutter = Self.cutter(number)
                    var other = cutter
                    change(&other)
                    let evil = other.frames(udp(5000, 53, pattern(120, 0xff)), at: [64]), good = cutter.frames(Self.datagram, at: [64])
                    return [good[0], evil[1], evil[0], good[1]]
                }
            }.run()
            let told = after.stories.filter {
                $0.record.transport == .udp && $0.record.vlans.outer == 0 && $0.record.responder.address.description == "10.0.0.2"
            }
            #expect(told.count == 40)
            #expect(Set(told.map(\.bytes.originator)) == [Self.payload])
            #expect(after.counters.datagrams == 80)
        }
    }

    @Test(arguments: [
        piece(120..<128, more: true), Piece(128, pattern(8), more: true), piece(112..<120, more: false), Piece(64, pattern(63), more: false), Piece(128, [1], more: false),
    ]) func `case 06g an end that is off by one drops the datagram`(wrong: Piece) throws {
        let after = try run([Self.piece(64..<128, more: false), wrong, Self.piece(0..<64, more: true)])
        #expect(after.stories.isEmpty)
        #expect(after.counters[DatagramLoss.overlap] == 40)
    }

    @Test(arguments: [false, true]) func `case 06h half datagrams without end stay in their memory, and whole ones get through`(isIPv6: Bool) throws {
        let after = try HostileCase(size: 4000) { size in
            (0..<size).flatMap { number -> [Sent] in
                let half = Self.cutter(number, isIPv6: isIPv6).frame(Piece(number % 2 * 1480, pattern(64), more: number % 2 == 0 || number % 3 != 0))
                guard number % 100 == 0 else { return [half] }
                var whole = Cutter(isIPv6: isIPv6)
                (whole.from, whole.id) = (0x0a0f_0001, UInt32(number))
                return [half] + whole.frames(Self.datagram, at: [64]).reversed()
            }
        }.run()
        #expect(after.counters.datagrams == 40)
        #expect(after.stories.map { $0.record.originator.packets } == [80])
        #expect(after.counters[DatagramLoss.full] + after.counters[DatagramLoss.drained] == 4000)
        #expect(after.counters[DatagramLoss.full] > 3000)
    }

    @Test(arguments: [29.9, 30]) func `case 06i a datagram has thirty seconds`(gap: Double) throws {
        let after = try HostileCase(size: 40) { size in
            (0..<size).map { Self.cutter($0).frames(Self.datagram, at: [64])[0] }
                + (0..<size).map { number in
                    var cutter = Self.cutter(number)
                    cutter.time += Int64(gap * 1e9)
                    return cutter.frames(Self.datagram, at: [64])[1]
                }
        }.run()
        #expect(after.stories.count == (gap < 30 ? 40 : 0))
        #expect(after.counters[DatagramLoss.timeout] == (gap < 30 ? 0 : 40))
    }

    @Test(arguments: [false, true]) func `case 06j fragments in any order are the same datagram`(isIPv6: Bool) throws {
        let pieces = Cutter.pieces(Self.datagram, at: [24, 48, 104])
        let orders = permutations(Array(pieces.indices))
        let after = try HostileCase(size: orders.count * 2) { size in
            (0..<size).flatMap { number in Self.cutter(number, isIPv6: isIPv6).frames(orders[number % orders.count].map { pieces[$0] }) }
        }.run()
        #expect(after.stories.count == orders.count * 2)
        #expect(after.all { $0.bytes.originator } == [Self.payload])
    }

    // MARK: 7

    @Test(arguments: [false, true]) func `case 07 fragmented and whole packets of a flow are one flow, and one stream`(isIPv6: Bool) throws {
        let after = try HostileCase(size: 40) { size in
            .crowd(size) { number in
                var talk = Talk(number: number)
                talk.isIPv6 = isIPv6
                talk.say(">S <SA >A >PA100 >PA100 <A >FA <FA >A")
                // The second piece of the stream comes in three fragments, the last of them first.
                let sent = talk.packets.remove(at: 4)
                var cutter = Self.cutter(number, isIPv6: isIPv6)
                (cutter.number, cutter.from, cutter.to, cutter.time) = (6, talk.client.address, talk.server.address, sent.time)
                talk.packets.insert(contentsOf: cutter.frames(Octets(sent.bytes[(isIPv6 ? 54 : 34)...]), at: [24, 64]).reversed(), at: 4)
                return talk
            }
        }.run()
        #expect(after.stories.count == 40)
        #expect(after.all { $0.bytes.originator } == [Talk.bytes(1..<201)])
        #expect(after.all(\.state) == [.sf])
        #expect(after.counters.datagrams == 40)
        #expect(after[.tracked] == 40 * 11)
    }
}
