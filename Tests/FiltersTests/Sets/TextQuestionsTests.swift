import TestSupport
import Testing

@testable import Filters

@Suite struct `Questions to a text` {
    @Test(arguments: 0..<20 as Range<UInt64>) func `are answered as one by one`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let type: FieldType = Bool.random(using: &random) ? .name : .bytes
        let field = Field("text", type, .session, "a text", example: "text exists", .session(.tls, 0))
        let tests = try (0..<Int.random(in: 0...40, using: &random)).map { _ in FieldTest(field, try predicate(type, &random)) }
        let questions = try TextQuestions(tests.enumerated().map { ($0.element.predicate, $0.offset) }, ignoringCase: type == .name)
        for _ in 0..<100 {
            let value = text(lowercase: false, &random)
            var found: Set<Int> = []
            questions.look(up: value) { found.insert($0) }
            let expected = tests.indices.filter { tests[$0].fits(.bytes(value)) }
            #expect(found.sorted() == expected, "\(value) \(tests.map(\.predicate))")
        }
    }

    private func predicate(_ type: FieldType, _ random: inout SeededGenerator) throws -> FieldPredicate {
        let part = text(lowercase: type == .name, &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .exists
        case 1: return .texts(TextSet((0..<3).map { _ in text(lowercase: type == .name, &random) }))
        case 2: return .texts(TextSet((0..<1500).map { _ in text(lowercase: type == .name, &random) }))
        case 3: return .startsWith(part)
        case 4: return .endsWith(part)
        case 5: return .contains(part)
        case 6: return .contains([UInt8](repeating: 97, count: 1001))
        default: return .matches(try Pattern(["^a+b", "[a-c]{2}$", "\\xe5", "b.?b", "", "é"].randomElement(using: &random)!, ignoresCase: type == .name))
        }
    }

    /// Of few letters of either case, and of bytes that are letters in Latin-1 only.
    private func text(lowercase: Bool, _ random: inout SeededGenerator) -> [UInt8] {
        let letters: [UInt8] = lowercase ? [97, 98, 99, 0xe5, 0xc5] : [97, 98, 99, 65, 66, 0xe5, 0xc5, 0xc3, 0xa9]
        return (0..<Int.random(in: 0...5, using: &random)).map { _ in letters.randomElement(using: &random)! }
    }

    @Test func `long parts are found, too`() throws {
        let part = [UInt8](repeating: 97, count: 5000)
        for ignoresCase in [false, true] {
            let questions = try TextQuestions([(.contains(part), 7)], ignoringCase: ignoresCase)
            func found(_ text: [UInt8]) -> Bool {
                var isFound = false
                questions.look(up: text) { isFound = isFound || $0 == 7 }
                return isFound
            }
            #expect(found([98] + part) && !found([UInt8](repeating: 97, count: 4999)) && !found([]))
            #expect(found([65] + part.dropFirst()) == ignoresCase)
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func `a part is found wherever it lies`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func text(_ length: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: length, using: &random)).map { _ in Bool.random(using: &random) ? 97 : 98 }
        }
        for _ in 0..<50 {
            let (part, value) = (text(0...7), text(0...30))
            let found = value.withUnsafeBytes { PartSearch(part).isFound(in: $0, ignoringCase: false) }
            let expected = part.count <= value.count && (0...value.count - part.count).contains { value[$0...].starts(with: part) }
            #expect(found == expected, "\(part) \(value)")
        }
    }

    @Test func `share their patterns between cores`() throws {
        let patterns = [(text: "a+b", ignoresCase: false), (text: "shared", ignoresCase: true)]
        let first = try PatternSet.shared(patterns)
        #expect(try PatternSet.shared(patterns) === first)
        #expect(try PatternSet.shared([("a+b", true), ("shared", true)]) !== first)
    }
}
