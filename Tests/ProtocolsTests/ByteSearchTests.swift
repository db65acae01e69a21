import Testing
import TestSupport
@testable import Protocols

@Suite struct `Byte search` {
    /// Colons, and what is one or a bit away from them, which arithmetic on words might take for one.
    @Test(arguments: 0..<20 as Range<UInt64>) func `finds near bytes where they are met first`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let alphabet: [UInt8] = Bool.random(using: &random) ? [0x39, 0x3b, 0xba, 0] : [0x39, 0x3a, 0x3b, 0xba, 0, 0x80, 0xff]
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let end = Int.random(in: 0...bytes.count, using: &random), start = Int.random(in: 0...end, using: &random)
            #expect(bytes.span.bytes.nearPlace(of: 0x3a, from: start, to: end) == bytes[start..<end].firstIndex(of: 0x3a))
        }
    }

    @Test(arguments: [
        ("", false, true), ("H", false, true), ("HTTP", false, true), ("HTTP/", true, true), ("HTTP/1", true, true), ("h", false, false),
        ("HTTQ", false, false), ("http/1", false, false), ("HTTP-1", false, false),
    ])
    func `knows what begins as a text, and what may yet become one`(text: String, begins: Bool, agrees: Bool) {
        let bytes = Array(text.utf8)
        #expect(bytes.span.bytes.begins(with: "HTTP/") == begins && bytes.span.bytes.agrees(with: "HTTP/") == agrees)
        #expect(bytes.span.bytes.equals("HTTP/") == (text == "HTTP/"))
        let (whole, other) = (Array("HTTP/".utf8), Array("".utf8))
        #expect(bytes.span.bytes.begins(with: whole.span.bytes) == begins && bytes.span.bytes.begins(with: other.span.bytes))
    }
}

@Suite struct `Queue` {
    /// Runs the same random steps on the queue and on an array.
    @Test(arguments: 0..<20 as Range<UInt64>) func `agrees with an array`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = Protocols.Queue<String>(), model: [String] = []
        for step in 0..<2000 {
            if Int.random(in: 0..<200, using: &random) < (step / 500 % 2 == 0 ? 120 : 80) {
                queue.append("\(step)")
                model.append("\(step)")
            } else {
                let first = model.isEmpty ? nil : model.removeFirst()
                #expect(queue.popFirst() == first)
            }
            if Int.random(in: 0..<20, using: &random) == 0, !model.isEmpty {
                let place = Int.random(in: 0..<model.count, using: &random)
                #expect(queue.remove(at: place) == model.remove(at: place))
            }
            #expect(queue.count == model.count && queue.isEmpty == model.isEmpty && queue.first == model.first)
        }
    }
}
