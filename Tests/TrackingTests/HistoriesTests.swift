import Packets
import TestSupport
import Testing
@testable import Tracking

/// A record of a history, copied out of it.
private enum Kept: Equatable {
    case packet(Octets, length: UInt32, Endpoint)
    case bytes(Octets, Endpoint)
    case gap(Int, Endpoint)
}

extension Histories {
    fileprivate func all(_ index: Int) -> [Kept] {
        var records: [Kept] = []
        replay(index) { record, sender in
            switch record {
            case .packet(let packet, let frame): records.append(.packet(Octets(UnsafeRawBufferPointer(start: frame.pointee.bytes, count: Int(frame.pointee.length))), length: packet.pointee.wireLength, sender))
            case .bytes(let bytes): records.append(.bytes(Octets(bytes), sender))
            case .gap(let count): records.append(.gap(count, sender))
            }
            return true
        }
        return records
    }

    fileprivate mutating func keep(_ index: Int, frame bytes: Octets, from sender: Endpoint) -> Bool {
        bytes.withUnsafeBytes { memory in
            let frame = Frame(bytes: memory.baseAddress!, timestamp: .zero, length: UInt32(memory.count), wireLength: UInt32(memory.count) + 7)
            var packet = Packet()
            packet.wireLength = frame.wireLength
            return withUnsafePointer(to: packet) { packet in withUnsafePointer(to: frame) { keep(index, packet, $0, from: sender) } }
        }
    }

    fileprivate mutating func keep(_ index: Int, bytes: Octets, from sender: Endpoint) -> Bool {
        bytes.withUnsafeBytes { keep(index, $0, from: sender) }
    }
}

@Suite struct `Histories of connections` {
    @Test func `come back in order, whatever their sizes`() {
        var histories = Histories(connections: 3, HistoryBudget(packets: 10, bytes: 1 << 20), memory: 1 << 20)
        let long = Octets(repeating: 7, count: 70_000)
        let kept = [histories.keep(1, frame: [1, 2, 3], from: .a), histories.keep(1, bytes: [4], from: .b), histories.keep(1, frame: long, from: .b)]
        histories.keepGap(1, 1000, from: .a)
        let more = histories.keep(1, bytes: long, from: .a)
        #expect(kept == [true, true, true] && more)
        let records = histories.all(1)
        #expect(records == [.packet([1, 2, 3], length: 10, .a), .bytes([4], .b), .packet(long, length: 70_007, .b), .gap(1000, .a), .bytes(long, .a)])
        let again = histories.all(1), others = histories.all(0) + histories.all(2)
        #expect(again == records && others.isEmpty)
        histories.release(1)
        let left = histories.all(1), held = histories.heldPages
        #expect(left.isEmpty && held == 0)
    }

    @Test func `stop where a packet budget ends, and bytes go on`() {
        var histories = Histories(connections: 1, HistoryBudget(packets: 2, bytes: 1000), memory: 1 << 20)
        let kept = (0..<4).map { histories.keep(0, frame: [UInt8($0)], from: .a) }
        let bytes = histories.keep(0, bytes: [9], from: .a)
        #expect(kept == [true, true, false, false] && bytes)
        let records = histories.all(0)
        #expect(records == [.packet([0], length: 8, .a), .packet([1], length: 8, .a), .bytes([9], .a)])
    }

    @Test func `say how many bytes of each side did not fit, and keep none behind these`() {
        var histories = Histories(connections: 1, HistoryBudget(packets: 10, bytes: 10), memory: 1 << 20)
        let kept = [6, 5, 1].map { histories.keep(0, bytes: Octets(repeating: 1, count: $0), from: .a) }
        histories.keepGap(0, 3, from: .b)
        let later = histories.keep(0, bytes: [2], from: .b)
        #expect(kept == [true, false, false] && !later)
        let records = histories.all(0)
        #expect(records == [.bytes(Octets(repeating: 1, count: 6), .a), .gap(6, .a), .gap(4, .b)])
    }

    @Test func `share their memory, and give it back`() {
        var histories = Histories(connections: 2, HistoryBudget(packets: 1000, bytes: 1 << 20), memory: 10 * 2052)
        var count = 0
        while histories.keep(0, bytes: Octets(repeating: 1, count: 1000), from: .a) { count += 1 }
        #expect((15...20).contains(count))
        // What is left of a page is another's to take only as a page.
        let other = histories.keep(1, bytes: Octets(repeating: 2, count: 3000), from: .a)
        #expect(!other)
        histories.release(0)
        histories.release(1)
        let now = histories.keep(1, bytes: Octets(repeating: 2, count: 3000), from: .a)
        #expect(now)
        let records = histories.all(1)
        #expect(records == [.bytes(Octets(repeating: 2, count: 3000), .a)])
    }

    @Test func `are none without a budget`() {
        let histories = Histories(connections: 1000, nil, memory: 1 << 20)
        #expect(histories.byteCount == 0)
        #expect(histories.poolByteCount <= 4)
    }

    /// Random records of a few connections, which end at random, against arrays.
    @Test(arguments: 0..<20 as Range<UInt64>) func `agree with a plain model`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var histories = Histories(connections: 4, HistoryBudget(packets: .max, bytes: .max), memory: 200 * 2052)
        var model = [[Kept]](repeating: [], count: 4)
        var lacks = [(packets: Bool, bytes: Bool)](repeating: (false, false), count: 4)
        for _ in 0..<500 {
            let index = Int.random(in: 0..<4, using: &random), sender = Bool.random(using: &random) ? Endpoint.a : .b
            let bytes = (0..<Int.random(in: 1...5000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                histories.release(index)
                (model[index], lacks[index]) = ([], (false, false))
            case 1..<10:
                let isKept = histories.keep(index, frame: bytes, from: sender)
                if isKept { model[index].append(.packet(bytes, length: UInt32(bytes.count) + 7, sender)) }
                #expect(!(isKept && lacks[index].packets))
                if !isKept { lacks[index].packets = true }
            default:
                let isKept = histories.keep(index, bytes: bytes, from: sender)
                if isKept { model[index].append(.bytes(bytes, sender)) }
                #expect(!(isKept && lacks[index].bytes))
                if !isKept { lacks[index].bytes = true }
            }
            let records = histories.all(index).filter { if case .gap = $0 { false } else { true } }
            #expect(records == model[index])
        }
        for index in 0..<4 { histories.release(index) }
        let held = histories.heldPages
        #expect(held == 0)
    }
}
