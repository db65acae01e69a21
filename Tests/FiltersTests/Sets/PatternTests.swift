import Testing

@testable import Filters

@Suite struct `Regular expression` {
    @Test(arguments: [
        ("example", "www.example.org", true), ("^example", "www.example.org", false), ("org$", "www.example.org", true),
        ("a*", "", true), ("a*", "b", true), ("", "", true), ("^$", "", true), ("^$", "a", false), ("a", "", false),
        ("a.b", "a\nb", true), ("a.b", "a\r\nb", false), ("Example", "example", false), ("(?i)Example", "eXAMPLE", true),
        ("^(a+)+$", String(repeating: "a", count: 50_000) + "b", false), ("[0-9]{3,5}x", "12x 1234x", true), ("(?P<name>a|b)c", "bc", true),
        ("\\x00", "a\0b", true), ("é+$", "éé", true), ("^.$", "é", false), ("(*UTF8)^.$", "é", true), ("\\p{Lu}", "aÉ", true), ("\\x{e9}", "é", true),
    ]) func `is searched for anywhere`(pattern: String, text: String, isFound: Bool) throws {
        let found = try Pattern(pattern).matches(Array(text.utf8))
        #expect(found == isFound)
    }

    @Test func `ignores case where it shall`() throws {
        #expect(try Pattern("Ex.mple", ignoresCase: true).matches(Array("eXAMPLE".utf8)))
        #expect(try Pattern("É", ignoresCase: true).matches(Array("é".utf8)))
        #expect(try !Pattern("É").matches(Array("é".utf8)))
    }

    @Test func `is about bytes, of any value`() throws {
        #expect(try Pattern("^\\xff.[\\x80-\\x8f]$").matches([0xff, 0, 0x85]))
        #expect(try Pattern(containing: [0, 0xff, 40, 65]).matches([1, 0, 0xff, 40, 65, 2]))
        #expect(try !Pattern(containing: [0, 0xff, 40, 65]).matches([0, 0xff, 41, 65]))
        #expect(try Pattern(containing: []).matches([]))
    }

    @Test func `takes what is no UTF-8 for U+FFFD when it is about characters`() throws {
        #expect(try Pattern("aé").matches([0xff, 97, 0xc3, 0xa9, 0xc3]))
        #expect(try Pattern("^\u{fffd}b$").matches([0xff, 98]))
    }

    @Test(arguments: [
        ("(", "Missing close parenthesis for group started at index 0.", 0), ("a)", "Unmatched parentheses at index 1.", 1),
        ("é)", "Unmatched parentheses at index 2.", 1), ("*a", "Invalid repeat at index 0.", 0), ("(a)\\1", "Back-references are unsupported.", nil),
        ("(?=a)b", "Zero-width assertions are not supported.", nil), ("a\0", "A NUL is written \\x00.", 1),
    ] as [(String, String, Int?)]) func `is refused with what is wrong`(text: String, message: String, offset: Int?) {
        #expect(throws: PatternError(message: message, offset: offset)) { try Pattern(text) }
    }

    @Test(arguments: ["a{1000000}", "a$b", "\\", "[z", "x++y", "(?P=x)", "(?<!x)y"])
    func `is refused when Hyperscan cannot do it`(text: String) {
        #expect(throws: PatternError.self) { try Pattern(text) }
    }

    @Test func `is equal to one of the same text and case`() throws {
        #expect(try Pattern("a") == Pattern("a") && Pattern("a") != Pattern("a", ignoresCase: true) && Pattern("a") != Pattern("b"))
        #expect(try Set([Pattern("a"), Pattern("a"), Pattern("b")]).count == 2)
    }
}

@Suite struct `Set of patterns` {
    private func found(_ patterns: [Pattern], _ text: String) throws -> [Int] {
        let scanner = PatternScanner(try PatternSet(patterns))
        var numbers: [Int] = []
        Array(text.utf8).withUnsafeBytes { scanner.scan($0) { numbers.append($0) } }
        return numbers.sorted()
    }

    @Test func `gives each pattern that is found, once`() throws {
        let patterns = try ["a", "a+", "^b", "x*", "é", "a|é", "(?i)A", "a"].map { try Pattern($0) }
        #expect(try found(patterns, "aaaa") == [0, 1, 3, 5, 6, 7])
        #expect(try found(patterns, "bé") == [2, 3, 4, 5])
        #expect(try found(patterns, "") == [3])
        #expect(try found([], "a") == [])
    }

    @Test func `agrees with its patterns one by one`() throws {
        let texts = (0..<60).map { number in ["host-\(number)\\.", "^[a-h]+-\(number % 7)", "\(number)\\.example\\.(org|com)$", "é\(number)"][number % 4] }
        let patterns = try texts.map { try Pattern($0, ignoresCase: $0.count % 2 == 0) }
        for number in 0..<60 {
            for text in ["host-\(number).example.org", "HOST-\(number).example.com", "a-\(number)é\(number)"] {
                let expected = patterns.indices.filter { patterns[$0].matches(Array(text.utf8)) }
                #expect(try found(patterns, text) == expected, "\(text)")
            }
        }
    }

    /// With a backtracking engine this takes longer than anyone lives.
    @Test func `takes time that is linear in the bytes`() throws {
        let scanner = PatternScanner(try PatternSet(try ["^(a|a)*c", "(a+)+x", "(.*)*z"].map { try Pattern($0) }))
        let bytes = [UInt8](repeating: 97, count: 1 << 20)
        var count = 0
        let time = ContinuousClock().measure { bytes.withUnsafeBytes { scanner.scan($0) { _ in count += 1 } } }
        #expect(count == 0 && time < .seconds(5))
    }

    @Test func `is shared by all who ask for the same patterns`() throws {
        let patterns = [(text: "a+b", ignoresCase: false), (text: "shared", ignoresCase: true)]
        let first = try PatternSet.shared(patterns)
        #expect(try PatternSet.shared(patterns) === first)
        #expect(try PatternSet.shared([("a+b", true), ("shared", true)]) !== first)
    }

    @Test func `says which pattern is wrong`() {
        #expect(throws: PatternError(message: "Unmatched parentheses at index 1.", offset: 1)) { try PatternSet(compiling: [("b", false), ("a)", false)]) }
    }
}
