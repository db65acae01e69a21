@testable import Protocols
import TestSupport
import Testing

@Suite struct `QUIC CRYPTO stream` {
    private let message: [UInt8] = [1, 0, 1, 0] + (0..<256).map { UInt8($0) }

    private func insert(_ stream: inout QUICCryptoStream, _ bytes: some Collection<UInt8>, at offset: UInt64) -> QUICCryptoStream.Complaint? {
        stream.insert(Array(bytes).span.bytes, at: offset)
    }

    private func body(_ stream: inout QUICCryptoStream) -> [UInt8]? {
        guard case .whole(type: 1, let body) = stream.nextMessage() else { return nil }
        return body
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func `gives a message whatever its pieces' order, overlaps and repetitions`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = QUICCryptoStream()
        var pieces: [Range<Int>] = []
        var place = 0
        while place < message.count {
            let end = min(message.count, place + Int.random(in: 1...(seed % 2 == 0 ? 4 : 60), using: &random))
            pieces.append(max(0, place - Int.random(in: 0...3, using: &random))..<end)
            place = end
        }
        pieces += pieces.prefix(3)
        var found: [UInt8]?
        for piece in pieces.shuffled(using: &random) {
            #expect(insert(&stream, message[piece], at: UInt64(piece.lowerBound)) == nil)
            if let body = body(&stream) { found = body }
        }
        #expect(found == Array(message.dropFirst(4)))
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func `agrees with a plain model, and says where bytes differ`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = QUICCryptoStream()
        var model: [Int: UInt8] = [:]
        for _ in 0..<60 {
            let start = Int.random(in: 0..<260, using: &random), count = Int.random(in: 0...20, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...(seed % 3 == 0 ? 1 : 0), using: &random) }
            let differs = bytes.indices.contains { place in model[start + place].map { $0 != bytes[place] } ?? false }
            #expect(insert(&stream, bytes, at: UInt64(start)) == (differs ? .differs : nil))
            for (place, byte) in bytes.enumerated() where model[start + place] == nil { model[start + place] = byte }
        }
        // Read as one message: its length is what the first bytes say, which are overwritten here with nothing but what came first.
        var ready = 0
        while model[ready] != nil { ready += 1 }
        if case .whole(let type, let body) = stream.nextMessage() {
            #expect(type == model[0] && body.count + 4 <= ready && body.indices.allSatisfy { body[$0] == model[4 + $0] })
        }
    }

    @Test func `gives several messages one after the other`() {
        var stream = QUICCryptoStream()
        _ = insert(&stream, [1, 0, 0, 1, 7, 1, 0, 0, 0, 1, 0, 0, 2, 8], at: 0)
        #expect(body(&stream) == [7] && body(&stream) == [] && body(&stream) == nil)
        _ = insert(&stream, [9], at: 14)
        #expect(body(&stream) == [8, 9])
    }

    @Test func `35: takes no memory for what lies far away`() {
        var stream = QUICCryptoStream()
        for offset in [1 << 62 - 1, 1 << 62 - 16, .max, 1 << 32, 1 << 16, 1 << 16 - 9, 1 << 14 + 1] as [UInt64] {
            #expect(insert(&stream, [UInt8](repeating: 1, count: 10), at: offset) == .tooFar)
        }
        #expect(stream.heldBytes == 0)
        // Within reach it is as much as lies before it.
        #expect(insert(&stream, [1], at: 1 << 14 - 1) == nil)
        #expect(stream.heldBytes <= 2 << 14 + 256)
        // And no more than 64 KiB in all.
        for place in 0..<100 as Range<UInt64> { _ = insert(&stream, [UInt8](repeating: 0, count: 1 << 12), at: place << 12) }
        #expect(stream.heldBytes <= 2 << 16 + 256)
    }

    @Test func `35: keeps no more than 256 pieces`() {
        var stream = QUICCryptoStream()
        let answers = (1...1000).map { insert(&stream, [UInt8($0 & 0xff)], at: UInt64(2 * $0)) }
        #expect(answers.prefix(256).allSatisfy { $0 == nil } && answers.dropFirst(256).allSatisfy { $0 == .tooFar })
        // What joins pieces is taken.
        #expect(insert(&stream, [3], at: 3) == nil && insert(&stream, [3], at: 9000) == nil)
    }

    @Test func `refuses a message that is longer than what is read`() {
        var stream = QUICCryptoStream()
        _ = insert(&stream, [1, 1, 0, 0], at: 0)
        guard case .tooLong = stream.nextMessage() else {
            Issue.record("it was read")
            return
        }
    }
}
