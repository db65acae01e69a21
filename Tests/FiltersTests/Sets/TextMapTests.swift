import Packets
import TestSupport
import Testing

@testable import Filters

@Suite struct `Text map` {
    @Test(arguments: 0..<60 as Range<UInt64>) func `gives those whose texts are the text, or its start, or its end`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let texts = (0..<Int.random(in: 0...60, using: &random)).map { _ in (text: text(&random), member: Int.random(in: 0..<10, using: &random)) }
        for place in [.whole, .start, .end] as [TextMap.Place] {
            let map = TextMap(texts, at: place)
            for probe in (0..<200).map({ _ in text(&random) }) + texts.map(\.text) + texts.map({ $0.text + $0.text }) + [[]] {
                let expected = Set(
                    texts.filter {
                        switch place {
                        case .whole: probe == $0.text
                        case .start: probe.starts(with: $0.text)
                        case .end: probe.reversed().starts(with: $0.text.reversed())
                        }
                    }.map { Int32($0.member) }
                ).sorted()
                let found = Array(map.members(ofClass: map.classNumber(of: probe)))
                #expect(found == expected, "\(place) \(probe)")
            }
        }
    }

    /// Of two letters, so that texts are often parts of others.
    private func text(_ random: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0...6, using: &random)).map { _ in Bool.random(using: &random) ? 97 : 98 }
    }

    @Test func `ignores the case of ASCII where it shall`() {
        let map = TextMap([(text: Array("www.example.org".utf8), member: 0)])
        #expect(map.classNumber(of: Array("WWW.Example.Org".utf8), ignoringCase: true) != 0)
        #expect(map.classNumber(of: Array("WWW.Example.Org".utf8)) == 0)
        let ends = TextMap([(text: Array(".example.org".utf8), member: 0)], at: .end)
        #expect(ends.classNumber(of: Array("a.EXAMPLE.org".utf8), ignoringCase: true) != 0)
        // 'Å' in Latin-1 and '[' are no letters of ASCII, though they look like some of its bits.
        #expect(TextMap([(text: [0xe5], member: 0)]).classNumber(of: [0xc5], ignoringCase: true) == 0)
        #expect(TextMap([(text: [0x7b], member: 0)]).classNumber(of: [0x5b], ignoringCase: true) == 0)
    }

    /// Members with texts of all lengths up to 3,000 that a text of 16 MB starts and ends with.
    @Test func `reads no more of a text than the longest of the members has`() {
        let value = [UInt8](repeating: 97, count: 16 << 20)
        let parts = (1...3000).map { (text: Array(value[..<$0]), member: $0) }
        for place in [.start, .end] as [TextMap.Place] {
            let map = TextMap(parts.map { ($0.text, $0.member % 2) }, at: place)
            let clock = ContinuousClock()
            let time = clock.measure { for _ in 0..<20 { _ = map.classNumber(of: value) } }
            #expect(map.members(ofClass: map.classNumber(of: value)).count == 2)
            #expect(time < .seconds(2))
        }
        #expect(TextMap(parts).classNumber(of: value) == 0)
    }
}

@Suite struct `Text set` {
    @Test func `has 100,000 texts and no other`() {
        let set = TextSet((0..<100_000).lazy.map { Array("host-\($0 * 2).example.org".utf8) }, listName: "hosts")
        let found = (0..<1000).count { set.contains(Array("HOST-\($0 * 100 + $0 % 2).example.org".utf8), ignoringCase: true) }
        #expect(found == 500)
        #expect(!set.contains([]))
    }

    @Test func `is equal to one of the same texts in any order`() {
        let texts = ["a", "b", "", "a"].map { Array($0.utf8) }
        #expect(TextSet(texts) == TextSet(texts.reversed()))
        #expect(TextSet(texts).hashValue == TextSet(texts.reversed()).hashValue)
        #expect(TextSet(texts) != TextSet(texts.prefix(2)))
        #expect(TextSet(texts) != TextSet(texts, listName: "list"))
        #expect(TextSet(texts).texts == Array(texts.prefix(3)))
    }
}
