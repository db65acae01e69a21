import Filters
import TOMLKit

/// A table of the configuration, from which keys are taken. What is left over at the end is a typo.
///
/// Taking never throws: a value that does not fit is noted and the default stays, so that the first error in the file can be
/// reported whatever the order of taking.
struct ConfigTable {
    private let toml: TOMLTable
    private let place: ConfigPlace
    private let path: String
    private let locator: ConfigLocator

    private var known: [String] = []
    private var errors: [ConfigError] = []
    private var absences: [ConfigError] = []

    /// The whole text as a table.
    init(parsing text: String, path: String) throws(ConfigError) {
        // The parser works with C strings.
        if let nul = text.utf8.firstIndex(of: 0) {
            let line = text.utf8[..<nul].count { $0 == UInt8(ascii: "\n") } + 1
            throw ConfigError(path: path, line: line, message: "a NUL byte")
        }
        locator = ConfigLocator(text)
        if let trap = locator.trap {
            _ = try tomlTable(parsing: trap.before, path: path)
            throw ConfigError(path: path, line: trap.line, message: trap.message)
        }
        toml = try tomlTable(parsing: text, path: path)
        place = []
        self.path = path
    }

    private init(_ toml: TOMLTable, at steps: ConfigPlace, in parent: Self) {
        self.toml = toml
        place = parent.place + steps
        path = parent.path
        locator = parent.locator
    }

    /// " in [conntrack]"; nothing for the top.
    private var suffix: String { place.isEmpty ? "" : " in \(place.header)" }

    /// Throws the error that comes first in the file. That something is missing is one only if all that is there is right.
    mutating func finish() throws(ConfigError) {
        reportLeftovers()
        if let error = errors.min(by: { $0.line ?? 0 < $1.line ?? 0 }) ?? absences.first { throw error }
    }

    private mutating func reportLeftovers() {
        for key in toml.keys where !known.contains(key) {
            let isTable = toml[key].map { $0.table != nil || $0.array?.first?.table != nil } ?? false
            let question = key.nearest(in: known).map { "; did you mean \($0)?" } ?? ""
            report("no such \(isTable ? "table" : "setting")\(suffix)\(question)", at: .key(key))
        }
    }
}

// MARK: - Taking

extension ConfigTable {
    mutating func take(_ key: String, into target: inout Int, in range: ClosedRange<Int>) {
        target = take(key, "an integer in \(range)") { $0.integer(in: range) } ?? target
    }

    mutating func take(_ key: String, into target: inout Bool) {
        target = take(key, "true or false", as: \.bool) ?? target
    }

    mutating func take(_ key: String, into target: inout String?) {
        target = take(key, "a string that is not empty", as: \.filledString) ?? target
    }

    mutating func take(_ key: String, into target: inout LocatedText?) {
        target = take(key, "a string", as: \.string).map { locate($0, at: key) } ?? target
    }

    mutating func takeFilled(_ key: String, into target: inout LocatedText?) {
        target = take(key, "a string that is not empty", as: \.filledString).map { locate($0, at: key) } ?? target
    }

    /// A text that means something else.
    mutating func take<Value>(_ key: String, into target: inout Located<Value>?, _ expected: String, _ read: (String) -> Value?) {
        guard let value = take(key, expected, as: { $0.string.flatMap(read) }) else { return }
        target = Located(value, path: path, line: locator.line(of: place + [.key(key)]))
    }

    /// A table, and where it stands.
    mutating func takeLocated<Value>(_ key: String, _ read: (inout Self) -> Value) -> Located<Value>? {
        take(key, read).map { Located($0, path: path, line: locator.line(of: place + [.key(key)])) }
    }

    /// All keys, each an array of values or the file that has them.
    mutating func takeLists() -> [String: Config.List] {
        var lists: [String: Config.List] = [:]
        for key in toml.keys {
            // What a filter can say behind `$`.
            if key.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_-]*/) == nil {
                report("expected a name of letters, digits, _ and -", at: .key(key))
            }
            if toml[key]?.table != nil {
                lists[key] = take(key) { Config.List.file($0.require("file")) }
            } else {
                lists[key] = takeTexts(key).map(Config.List.values)
            }
        }
        return lists
    }

    /// Strings, and integers as text, each with its place.
    private mutating func takeTexts(_ key: String) -> [LocatedText]? {
        let texts = takeList(key, #"an array of strings, or { file = "path" }"#, of: "a string that is not empty") {
            $0.filledString ?? $0.int.map(String.init)
        }
        guard let texts else { return nil }
        return texts.enumerated().map { index, text in
            LocatedText(text, path: path, line: locator.line(of: place + [.key(key), .index(index)]))
        }
    }

    mutating func takeSeconds(_ key: String, into target: inout Duration?, in range: ClosedRange<Int>) {
        target = take(key, "seconds, an integer in \(range)") { $0.integer(in: range) }.map { .seconds($0) } ?? target
    }

    mutating func takeMilliseconds(_ key: String, into target: inout Duration, in range: ClosedRange<Int>) {
        target = take(key, "milliseconds, an integer in \(range)") { $0.integer(in: range) }.map { .milliseconds($0) } ?? target
    }

    /// One of a few words.
    mutating func takeChoice<Choice: CaseIterable & RawRepresentable<String>>(_ key: String, into target: inout Choice) {
        let words = Choice.allCases.map(\.rawValue.shown).joined(separator: " or ")
        target = take(key, words) { $0.string.flatMap(Choice.init(rawValue:)) } ?? target
    }

    mutating func takeChoice<Choice: CaseIterable & RawRepresentable<String>>(_ key: String, into target: inout Choice?) {
        let words = Choice.allCases.map(\.rawValue.shown).joined(separator: " or ")
        target = take(key, words) { $0.string.flatMap(Choice.init(rawValue:)) } ?? target
    }

    /// An integer of bytes, or a string such as "64 MiB".
    mutating func takeSize(_ key: String, into target: inout Int, in range: ClosedRange<Int>) {
        let expected = #"bytes, an integer in \#(range) or a string such as "64 MiB""#
        target = take(key, expected) { value in
            (value.int ?? value.string.flatMap(byteCount)).flatMap { range.contains($0) ? $0 : nil }
        } ?? target
    }

    mutating func takeSize(_ key: String, into target: inout Int?, in range: ClosedRange<Int>) {
        var size = Int.min
        takeSize(key, into: &size, in: range)
        if size != .min { target = size }
    }

    /// True, false, or a size, which is more than true.
    mutating func takeSwitchOrSize(_ key: String, in range: ClosedRange<Int>, _ set: (_ isOn: Bool, _ size: Int?) -> Void) {
        let expected = #"true, false, or bytes, an integer in \#(range) or a string such as "64 MiB""#
        let answer: (Bool, Int?)? = take(key, expected) { value in
            if let isOn = value.bool { return (isOn, nil) }
            guard let size = value.int ?? value.string.flatMap(byteCount), range.contains(size) else { return nil }
            return (true, size)
        }
        if let answer { set(answer.0, answer.1) }
    }

    /// One of an enumeration's names.
    mutating func takeCase<Value: RawRepresentable<String> & CaseIterable>(_ key: String, into target: inout Value) {
        let names = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        target = take(key, "one of \(names)") { $0.string.flatMap(Value.init) } ?? target
    }

    /// A key that is no more, if it is there.
    mutating func refuse(_ key: String, _ message: String) {
        guard toml[key] != nil else { return }
        known.append(key)
        report(message, at: .key(key))
    }

    mutating func take(_ key: String, into target: inout [String]) {
        target = takeList(key, "an array of strings", of: "a string that is not empty", as: \.filledString) ?? target
    }

    mutating func take(_ key: String, into target: inout [Int], in range: ClosedRange<Int>) {
        target = takeList(key, "an array of integers", of: "an integer in \(range)") { $0.integer(in: range) } ?? target
    }

    /// A table, read by `read`. Nil if it is not there.
    mutating func take<Value>(_ key: String, _ read: (inout Self) -> Value) -> Value? {
        take(key, "a table", as: \.table).map { descend(into: $0, at: [.key(key)], read) }
    }

    mutating func take<Value>(_ key: String, into target: inout Value, _ read: (inout Self) -> Value) {
        target = take(key, read) ?? target
    }

    /// An array of tables, each read by `read`. No two may have the same `identity`, which `distinct` is the key of.
    mutating func take<Value>(
        _ key: String, into target: inout [Value], _ read: (inout Self) -> Value,
        distinct: String, _ identity: (Value) -> String
    ) {
        let header = (place + [.key(key), 0]).header
        guard let tables = takeList(key, "tables, each under \(header)", of: "a table", as: \.table) else { return }
        target = tables.enumerated().map { index, table in descend(into: table, at: [.key(key), .index(index)], read) }

        var first: [String: Int] = [:]
        for (index, value) in target.enumerated() {
            let earlier = first[identity(value), default: index]
            first[identity(value)] = earlier
            guard earlier != index else { continue }
            let line = locator.line(of: place + [.key(key), .index(earlier), .key(distinct)]) ?? 0
            report("the same as on line \(line)", at: .key(key), .index(index), .key(distinct))
        }
    }

    /// A string that has no default.
    mutating func require(_ key: String) -> String {
        var value: String?
        take(key, into: &value)
        if toml[key] == nil { reportMissing(key) }
        return value ?? ""
    }

    mutating func require(_ key: String) -> LocatedText {
        locate(require(key), at: key)
    }

    /// Notes that an array, already taken, is missing or empty.
    mutating func requireElements(_ key: String) {
        if toml[key] == nil { reportMissing(key) }
        if toml[key]?.array?.isEmpty == true { report("expected at least one, found none", at: .key(key)) }
    }

    /// Notes that of two tables both or none are there.
    mutating func expectOne(of one: String, _ other: String) {
        let expected = "expected one of [\(one)] and [\(other)]"
        let present = [one, other].filter { toml[$0] != nil }
        if present.isEmpty {
            absences.append(ConfigError(path: path, message: "\(expected), found neither"))
        } else if present.count == 2 {
            let last = present.max { locator.line(of: place + [.key($0)]) ?? 0 < locator.line(of: place + [.key($1)]) ?? 0 }!
            report("\(expected), found both", at: .key(last))
        }
    }

    /// Notes an error at a place below this table; the message is about the place's last key.
    mutating func report(_ message: String, at steps: ConfigStep...) {
        report(message, at: steps)
    }

    private mutating func report(_ message: String, at steps: ConfigPlace) {
        let place = place + steps
        errors.append(ConfigError(path: path, line: locator.line(of: place), message: "\(place.lastKey): \(message)"))
    }

    private mutating func reportMissing(_ key: String) {
        absences.append(ConfigError(path: path, line: locator.line(of: place), message: "\(key): missing\(suffix)"))
    }

    private mutating func take<Value>(_ key: String, _ expected: String, as convert: (TOMLValue) -> Value?) -> Value? {
        known.append(key)
        guard let found = toml[key]?.tomlValue else { return nil }
        return fit(found, expected, as: convert, at: [.key(key)])
    }

    private mutating func takeList<Value>(
        _ key: String, _ expected: String, of element: String, as convert: (TOMLValue) -> Value?
    ) -> [Value]? {
        take(key, expected, as: \.array)?.enumerated().compactMap { index, found in
            fit(found.tomlValue, element, as: convert, at: [.key(key), .index(index)])
        }
    }

    private mutating func fit<Value>(
        _ found: TOMLValue, _ expected: String, as convert: (TOMLValue) -> Value?, at steps: ConfigPlace
    ) -> Value? {
        if let value = convert(found) { return value }
        report("expected \(expected), found \(found.shown)", at: steps)
        return nil
    }

    private mutating func descend<Value>(into toml: TOMLTable, at steps: ConfigPlace, _ read: (inout Self) -> Value) -> Value {
        var table = Self(toml, at: steps, in: self)
        let value = read(&table)
        table.reportLeftovers()
        errors += table.errors
        absences += table.absences
        return value
    }

    private func locate(_ text: String, at key: String) -> LocatedText {
        LocatedText(text, path: path, line: locator.line(of: place + [.key(key)]))
    }

    func locate<Value>(_ value: Value, at key: String) -> Located<Value> { Located(value, path: path, line: locator.line(of: place + [.key(key)])) }
}

// MARK: - Values

private func tomlTable(parsing text: String, path: String) throws(ConfigError) -> TOMLTable {
    do {
        return try TOMLTable(string: text)
    } catch {
        guard let error = error as? TOMLParseError else { throw ConfigError(path: path, message: "\(error)") }
        let message = error.description.trimmingPrefix("Error while parsing ")
        throw ConfigError(path: path, line: error.source.begin.line, column: error.source.begin.column, message: String(message))
    }
}

extension TOMLValue {
    fileprivate func integer(in range: ClosedRange<Int>) -> Int? {
        int.flatMap { range.contains($0) ? $0 : nil }
    }

    fileprivate var filledString: String? {
        string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// As an error message shows it.
    fileprivate var shown: String {
        switch type {
        case .table: "a table"
        case .array: "an array"
        case .date, .time, .dateTime: "a \(type)"
        case .string: string?.shown ?? "a string"
        case .int, .double, .bool: debugDescription
        }
    }
}

/// Reads "64 MiB". Nil for what is no size, or no Int.
func byteCount(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    guard let count = Int(digits), let power = ["B", "KiB", "MiB", "GiB", "TiB"].firstIndex(of: unit) else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << (10 * power))
    return overflow ? nil : bytes
}

extension String {
    /// As an error message shows it: quoted, short, and without control characters.
    var shown: String { String(reflecting: count > 40 ? prefix(40) + "…" : self) }

    /// The word that this one is probably a misspelling of.
    func nearest(in words: [String]) -> String? {
        words.map { word in (word: word, edits: slips(Array(utf8.prefix(64)), Array(word.utf8))) }
            .filter { word, edits in edits <= (word.utf8.count + 2) / 3 }
            .min { $0.edits < $1.edits }?.word
    }
}
