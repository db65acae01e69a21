import Packets
import Synchronization

/// The lists that filters name: `ip.src in $scanners`.
///
/// A list knows no type until a field is compared with it: then its values are read, once for each type, and shared by all filters that ask again.
public struct FilterLists: Sendable {
    private var lists: [String: FilterList] = [:]

    public init() {}

    /// Adds an array of values. `origin` is where it stands, for messages: `fovea.toml`.
    public mutating func add(_ name: String, values: [String], origin: String? = nil) {
        lists[name] = FilterList(name: name, origin: origin, values: .array(values))
    }

    /// Adds the text of a file, one value a line. Blanks around a value do not count, nor do empty lines; `#` begins a comment at the start of a line
    /// or after a blank.
    public mutating func add(_ name: String, file: String, text: [UInt8]) {
        lists[name] = FilterList(name: name, origin: file, values: .lines(text))
    }

    public var names: [String] { lists.keys.sorted() }

    subscript(name: String) -> FilterList? { lists[name] }
}

/// A named list, and what it has been read as.
final class FilterList: Sendable {
    enum Values: Sendable {
        case array([String])
        case lines([UInt8])
    }

    private let name: String
    private let origin: String?
    private let values: Values
    private let predicates = Mutex<[Reading: FieldPredicate]>([:])

    /// Fields for which a list's values mean the same.
    private struct Reading: Hashable {
        var type: FieldType
        var valueNames: [String: UInt64]
    }

    init(name: String, origin: String?, values: Values) {
        self.name = name
        self.origin = origin
        self.values = values
    }

    /// Being one of the list's values.
    func predicate(for field: Field) throws(LiteralError) -> FieldPredicate {
        let reading = Reading(type: field.type, valueNames: field.valueNames)
        if let known = predicates.withLock({ $0[reading] }) { return known }
        let predicate = try read(for: field)
        predicates.withLock { $0[reading] = predicate }
        return predicate
    }

    private func read(for field: Field) throws(LiteralError) -> FieldPredicate {
        var members = Members()
        switch values {
        case .array(let values):
            for (index, value) in values.enumerated() { try add(value, to: &members, for: field, place: "value \(index + 1)") }
        case .lines(let text):
            var line = 0
            for bytes in text.split(separator: 10, omittingEmptySubsequences: false) {
                line += 1
                let value = Self.value(bytes)
                if !value.isEmpty { try add(String(decoding: value, as: UTF8.self), to: &members, for: field, place: "line \(line)") }
            }
        }
        return members.predicate(of: field.type, listName: name)
    }

    private func add(_ value: String, to members: inout Members, for field: Field, place: @autoclosure () -> String) throws(LiteralError) {
        do {
            try members.add(value, for: field)
        } catch {
            throw LiteralError(message: "$\(name), \(origin.map { "\($0) " } ?? "")\(place()): \(error.message)", suggestion: error.suggestion)
        }
    }

    /// A line without its comment and the blanks around it.
    private static func value(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
        var value = line.starts(with: [0xef, 0xbb, 0xbf]) ? line.dropFirst(3) : line
        let comment = value.indices.first { value[$0] == UInt8(ascii: "#") && ($0 == value.startIndex || isBlank(value[$0 - 1])) }
        value = value[..<(comment ?? value.endIndex)].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        return value
    }
}

/// What stands after `in`, or in a list.
struct Members {
    private var ranges: [ClosedRange<UInt64>] = []
    private var prefixes: [IPPrefix] = []
    private var texts: [[UInt8]] = []

    var isEmpty: Bool { ranges.isEmpty && prefixes.isEmpty && texts.isEmpty }

    mutating func add(_ literal: Literal) {
        switch literal {
        case .numbers(let range): ranges.append(range)
        case .prefixes(let more): prefixes += more
        case .text(let text): texts.append(text)
        }
    }

    /// A list's value: without quotation marks.
    mutating func add(_ value: String, for field: Field) throws(LiteralError) {
        switch field.type {
        case .string, .name:
            add(try field.literal(quoted: Array(value.utf8)))
        case .integer, .duration, .mac, .address:
            guard let dots = value.firstRange(of: "..") else { return add(try field.literal(value)) }
            add(try field.range(try field.literal(String(value[..<dots.lowerBound])), try field.literal(String(value[dots.upperBound...]))))
        default:
            add(try field.literal(value))
        }
    }

    /// Being one of them.
    func predicate(of type: FieldType, listName: String? = nil) -> FieldPredicate {
        switch type {
        case .integer, .boolean, .duration, .mac: .integers(IntegerSet(ranges, listName: listName))
        case .address: .addresses(AddressSet(prefixes, listName: listName))
        case .string, .name, .bytes: .texts(TextSet(texts, listName: listName))
        }
    }
}
