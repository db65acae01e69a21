import Packets
import TestSupport
import Testing
@testable import Tracking

/// The same fragments through the pipeline and through a slow model that keeps each of them.
@Suite struct `Fragments against a model` {
    @Test(arguments: 0..<200 as Range<UInt64>) func `make the same datagrams`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fragments: [(cutter: Cutter, piece: Piece)] = []
        for _ in 0..<Int.random(in: 5...60, using: &random) { fragments += Self.datagram(&random) }
        // Fragments of neighbours change places; some are lost, some come twice.
        for index in fragments.indices { fragments.swapAt(index, min(fragments.count - 1, index + Int.random(in: 0...6, using: &random))) }
        fragments = fragments.flatMap { fragment in Array(repeating: fragment, count: [0, 1, 1, 1, 1, 1, 1, 1, 1, 2].randomElement(using: &random)!) }
        var time = start
        for index in fragments.indices {
            time &+= Int64.random(in: 0...(Int.random(in: 0..<100, using: &random) == 0 ? 20_000_000_000 : 100_000_000), using: &random)
            fragments[index].cutter.time = time
        }

        var model = Model()
        for fragment in fragments { model.take(fragment.cutter, fragment.piece) }
        let run = try Run.payloads(fragments.map { $0.cutter.frame($0.piece) }, burst: Int.random(in: 1...64, using: &random))
        let isSame = run.log.payloads == model.datagrams
        #expect(isSame)
        let counters = run.counters
        #expect(counters.datagrams == UInt64(model.datagrams.count))
        #expect((counters[.tracked], counters[.fragment]) == (model.tracked, UInt64(fragments.count) - model.tracked))
        #expect((counters[DatagramLoss.overlap], counters.fragmentDuplicates, counters.fragmentConflicts) == (model.dropped, model.duplicates, model.conflicts))
        #expect(counters[DatagramLoss.timeout] + counters[DatagramLoss.drained] == model.timedOut + model.incomplete)
        #expect(run.log.ended.reduce(0) { $0 + $1.originator.packets + $1.responder.packets } == counters[.tracked])
        #expect(run.pipeline.fragments.heldPages == 0)
    }

    /// A datagram's pieces: few identifications and addresses, so that they meet again; some pieces overlap others or have other bytes.
    private static func datagram(_ random: inout SeededGenerator) -> [(cutter: Cutter, piece: Piece)] {
        var cutter = Cutter(isIPv6: .random(using: &random))
        cutter.id = .random(in: 1...6, using: &random)
        cutter.number = 253
        cutter.from = .random(in: 1...2, using: &random)
        cutter.vlans = Bool.random(using: &random) ? [] : [9]
        let length = [20, 200, 3000, 9000].randomElement(using: &random)! + Int.random(in: 0..<16, using: &random)
        let bytes = pattern(length, .random(in: 0...255, using: &random))
        let borders = Set((0..<Int.random(in: 1...8, using: &random)).map { _ in Int.random(in: 1...(length - 1) / 8, using: &random) * 8 }).sorted()
        var pieces = Cutter.pieces(bytes, at: borders)
        if Int.random(in: 0..<4, using: &random) == 0 {
            let lower = Int.random(in: 0..<(length + 7) / 8, using: &random) * 8
            let upper = min(length, lower + Int.random(in: 1...20, using: &random) * 8)
            let salt: UInt8 = Bool.random(using: &random) ? 0 : 0x55
            pieces.append(Piece(lower, bytes[lower..<upper].map { $0 ^ salt }, more: upper < length || Int.random(in: 0..<8, using: &random) == 0 && upper % 8 == 0))
        }
        // A piece that is all of it is no fragment.
        return pieces.filter { $0.more ? $0.bytes.count % 8 == 0 : $0.offset > 0 }.shuffled(using: &random).map { (cutter, $0) }
    }
}

/// Datagrams as lists of fragments, looked through from the beginning each time.
private struct Model {
    struct Key: Hashable {
        var isIPv6: Bool
        var id: UInt32
        var from: UInt32
        var vlans: [UInt16]
    }
    struct Waiting {
        var key: Key
        var first: Int64
        var pieces: [Piece] = []
        var isDropped = false
    }

    private var waiting: [Waiting] = []
    var datagrams: [Octets] = []
    var tracked: UInt64 = 0
    var dropped: UInt64 = 0
    var duplicates: UInt64 = 0
    var conflicts: UInt64 = 0
    var timedOut: UInt64 = 0
    var incomplete: UInt64 { UInt64(waiting.count { !$0.isDropped }) }

    mutating func take(_ cutter: Cutter, _ piece: Piece) {
        while let oldest = waiting.first, cutter.time - oldest.first >= 30_000_000_000 {
            if !oldest.isDropped { timedOut += 1 }
            waiting.removeFirst()
        }
        let key = Key(isIPv6: cutter.isIPv6, id: cutter.id, from: cutter.from, vlans: cutter.vlans)
        if !waiting.contains(where: { $0.key == key }) { waiting.append(Waiting(key: key, first: cutter.time)) }
        let place = waiting.firstIndex { $0.key == key }!
        guard !waiting[place].isDropped else { return }
        let before = waiting[place].pieces
        waiting[place].pieces.append(piece)
        let all = waiting[place].pieces
        let ends = Set(all.filter { !$0.more }.map(\.end))
        let there = Self.bytes(before)
        let repeated = (piece.offset..<min(piece.end, max(there.count, piece.offset))).filter { there[$0] != nil }
        let isEqual = repeated.allSatisfy { there[$0] == piece.bytes[$0 - piece.offset] }
        let isCopy = before.contains { $0.offset == piece.offset && $0.bytes == piece.bytes }
        let isOverlap = !repeated.isEmpty && cutter.isIPv6 && !isCopy
        if ends.count > 1 || all.contains(where: { $0.more && $0.end >= ends.first ?? .max }) || isOverlap {
            waiting[place].isDropped = true
            dropped += 1
            return
        }
        if repeated.count == piece.bytes.count, isEqual { duplicates += 1 } else if !isEqual { conflicts += 1 }
        let bytes = Self.bytes(all)
        guard ends.count == 1, !bytes.contains(nil) else { return }
        datagrams.append(bytes.map { $0! })
        tracked += UInt64(all.count)
        waiting.remove(at: place)
    }

    /// Each byte as it came first.
    private static func bytes(_ pieces: [Piece]) -> [UInt8?] {
        var bytes = [UInt8?](repeating: nil, count: pieces.map(\.end).max() ?? 0)
        for piece in pieces.reversed() { bytes.replaceSubrange(piece.offset..<piece.end, with: piece.bytes.map { $0 }) }
        return bytes
    }
}

extension Piece {
    fileprivate var end: Int { offset + bytes.count }
}
