import TOMLKit

/// One step on the way to a value: into a table, or into an array.
enum ConfigStep: Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case key(String)
    case index(Int)

    init(stringLiteral key: String) { self = .key(key) }
    init(integerLiteral index: Int) { self = .index(index) }
}

/// The way to a value: `["online", "ports", 1, "device"]`.
typealias ConfigPlace = [ConfigStep]

/// Where each key of a TOML text stands. TOMLKit's nodes have no position, so the text is walked once more, for its shape only:
/// headers, keys, and where strings, arrays and inline tables end.
///
/// The walk ends on any text, but only for one that TOMLKit accepts do the lines mean something. Up to the first syntax error
/// both see the same shape; so the walk, which goes first, also finds what TOMLKit would trap on.
struct ConfigLocator {
    /// The line that first names a place.
    private(set) var lines: [ConfigPlace: Int] = [:]
    /// How many `[[headers]]` an array of tables had so far.
    private var counts: [ConfigPlace: Int] = [:]
    /// What TOMLKit must not see.
    private(set) var trap: Trap?

    struct Trap {
        /// Nil for what grows over many lines.
        var line: Int?
        var message: String
        /// All that stands before the statement. If that has an error of its own, the walk may have taken the rest for what it is not.
        var before: String
    }

    /// Each table of a dotted key costs TOMLKit a stack frame, and it knows no limit but the stack's. Keys may lie in each other, so theirs count together.
    private static let mostDots = 4096
    private var dots = 0

    /// No setting lies deeper: `online.ports[0].cores[0]` is five steps.
    private static let depth = 8

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    /// Arrays and inline tables around the value that is being walked.
    private var nesting = 0
    /// Where the statement begins that is being walked.
    private var statement = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        walk()
    }

    /// The line of the place, or else of the table that it belongs into.
    func line(of place: ConfigPlace) -> Int? {
        var place = place[...]
        while !place.isEmpty {
            if let line = lines[Array(place)] { return line }
            place.removeLast()
        }
        return nil
    }

    private mutating func walk() {
        var table: ConfigPlace = []
        while true {
            skip(while: \.isBetweenStatements)
            guard let byte = next else { return }
            statement = at
            switch byte {
            case UInt8(ascii: "#"): skipComment()
            case UInt8(ascii: "["): table = header()
            default: pair(in: table)
            }
        }
    }

    /// `[a.b]` or `[[a.b]]`
    private mutating func header() -> ConfigPlace {
        advance()
        skip(while: \.isBlank)
        let isArray = skip("[")
        skip(while: \.isBlank)
        if let byte = next, !byte.beginsKey, byte != UInt8(ascii: "]") { trap("a table header without a name") }
        let keys = dottedKey()
        skip(while: { $0 == UInt8(ascii: "]") })

        var place: ConfigPlace = []
        for (number, key) in keys.enumerated() {
            place.append(.key(key))
            note(place)
            guard place.count <= Self.depth else { continue }
            if isArray, number == keys.count - 1 { counts[place, default: 0] += 1 }
            if let count = counts[place] { place.append(.index(count - 1)) }
        }
        note(place)
        return place
    }

    /// `a.b = value`
    private mutating func pair(in table: ConfigPlace) {
        var place = table
        for key in dottedKey() {
            place.append(.key(key))
            note(place)
        }
        skip("=")
        skip(while: \.isBlank)
        value(at: place)
    }

    private mutating func value(at place: ConfigPlace) {
        nesting += 1
        defer { nesting -= 1 }
        switch next {
        case _ where nesting > 256:
            // More than TOMLKit reads.
            scalar()
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            skipString()
        case UInt8(ascii: "["):
            elements(until: "]") { walker, index in
                walker.note(place + [.index(index)])
                if let byte = walker.next, byte == UInt8(ascii: "}") || byte >= 0x80 { walker.trap("an array's element that is no value") }
                walker.value(at: place + [.index(index)])
            }
        case UInt8(ascii: "{"):
            elements(until: "}") { walker, _ in walker.pair(in: place) }
        default:
            scalar()
        }
    }

    /// Skips one byte at least, so that every walk ends.
    private mutating func scalar() {
        let start = at
        advance()
        skip(while: { !$0.endsScalar })
        let scalar = bytes[start..<at]
        // TOMLKit asserts that a time follows a date.
        let isTime = scalar.contains(UInt8(ascii: ":")) || bytes[at...].dropFirst().first?.isDigit == true
        if scalar.first?.isDigit == true, scalar.contains(UInt8(ascii: "-")), isTime { trap("a date and time, which no setting is") }
    }

    private mutating func elements(until end: Unicode.Scalar, _ element: (inout Self, Int) -> Void) {
        advance()
        var index = 0
        while true {
            skip(while: { $0.isBetweenStatements || $0 == UInt8(ascii: ",") })
            if next == nil || skip(end) { return }
            if next == UInt8(ascii: "#") {
                skipComment()
            } else {
                element(&self, index)
                index += 1
            }
        }
    }

    private mutating func dottedKey() -> [String] {
        var keys: [String] = []
        repeat {
            if !keys.isEmpty { countDot() }
            skip(while: \.isBlank)
            let start = at
            if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
                skipString()
                keys.append(unquoted(bytes[start..<at]))
            } else {
                skip(while: { !$0.endsBareKey })
                keys.append(String(decoding: bytes[start..<at], as: UTF8.self))
            }
            skip(while: \.isBlank)
        } while skip(".")
        return keys
    }

    private mutating func countDot() {
        dots += 1
        if dots > Self.mostDots { trap("more than \(Self.mostDots) dots, which might be a key too deep to read", hasLine: false) }
    }

    /// What a quoted key says; TOMLKit knows the escapes.
    private func unquoted(_ quoted: ArraySlice<UInt8>) -> String {
        let text = String(decoding: quoted, as: UTF8.self)
        return (try? TOMLTable(string: "key = \(text)"))?["key"]?.string ?? text
    }

    /// Skips a string in any of the four spellings: basic or literal, on one line or several.
    private mutating func skipString() {
        guard let quote = next else { return }
        let isLong = bytes[at...].starts(with: [quote, quote, quote])
        for _ in 0..<(isLong ? 3 : 1) { advance() }
        while let byte = next {
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                let rest = bytes[at...]
                if rest.starts(with: #"\u0000"#.utf8) || rest.starts(with: #"\U00000000"#.utf8) {
                    trap("a NUL character in a string")
                }
                advance()
                advance()
            } else if bytes[at...].starts(with: isLong ? [quote, quote, quote] : [quote]) {
                // A long string may end in quotes of its own, before the three.
                skip(while: { $0 == quote })
                return
            } else {
                advance()
            }
        }
    }

    private mutating func skipComment() {
        skip(while: { $0 != UInt8(ascii: "\n") })
    }

    private mutating func trap(_ message: String, hasLine: Bool = true) {
        guard trap == nil else { return }
        trap = Trap(line: hasLine ? line : nil, message: message, before: String(decoding: bytes[..<statement], as: UTF8.self))
    }

    private mutating func note(_ place: ConfigPlace) {
        if place.count <= Self.depth, lines[place] == nil { lines[place] = line }
    }
}

// MARK: - Reading

extension ConfigLocator {
    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func advance() {
        guard at < bytes.count else { return }
        if bytes[at] == UInt8(ascii: "\n") { line += 1 }
        at += 1
    }

    private mutating func skip(while matches: (UInt8) -> Bool) {
        while let byte = next, matches(byte) { advance() }
    }

    @discardableResult
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        advance()
        return true
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    fileprivate var isBetweenStatements: Bool { isBlank || self == UInt8(ascii: "\r") || self == UInt8(ascii: "\n") }
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
    /// Of a bare key, or of a quoted one.
    fileprivate var beginsKey: Bool { isLetter || isDigit || "-_\"'".utf8.contains(self) }
    fileprivate var endsScalar: Bool { isBetweenStatements || ",]}#".utf8.contains(self) }
    fileprivate var endsBareKey: Bool { isBetweenStatements || ".=]#\"'".utf8.contains(self) }
}

extension ConfigPlace {
    /// The innermost key on the way.
    var lastKey: String {
        for case .key(let key) in reversed() { return key.wholeMatch(of: /[A-Za-z0-9_-]{1,40}/) == nil ? key.shown : key }
        return ""
    }

    /// As a header names the table: `[conntrack]`, `[[online.ports]]`.
    var header: String {
        let name = compactMap { if case .key(let key) = $0 { key } else { nil } }.joined(separator: ".")
        if case .index = last { return "[[\(name)]]" }
        return "[\(name)]"
    }
}
