import Packets

/// A question to one field that a flow's key does not answer: of the field's values, does one fit?
public struct FieldTest: Hashable, Sendable {
    public let field: Field
    public let predicate: FieldPredicate

    public init(_ field: Field, _ predicate: FieldPredicate) {
        self.field = field
        self.predicate = predicate
    }

    /// Whether a value of the field fits.
    public func fits(_ value: FieldValue) -> Bool {
        switch (predicate, value) {
        case (.exists, _): true
        case (.integers(let set), .integer(let number)): set.contains(number)
        case (.addresses(let set), .address(let address)): set.contains(address)
        case (.texts(let set), .bytes(let bytes)): set.contains(fold(bytes))
        case (.contains(let part), .bytes(let bytes)): part.isEmpty || fold(bytes).firstRange(of: part) != nil
        case (.startsWith(let part), .bytes(let bytes)): fold(bytes).starts(with: part)
        case (.endsWith(let part), .bytes(let bytes)): bytes.count >= part.count && fold(bytes).suffix(part.count).elementsEqual(part)
        case (.matches(let pattern), .bytes(let bytes)): pattern.matches(bytes)
        default: false
        }
    }

    private func fold(_ bytes: [UInt8]) -> [UInt8] { field.type == .name ? bytes.map(\.lowercasedASCII) : bytes }
}

/// What is asked of a field's value. Texts of a `name` field are in lower case here.
public enum FieldPredicate: Hashable, Sendable {
    case exists
    /// Also booleans, durations and MAC addresses.
    case integers(IntegerSet)
    case addresses(AddressSet)
    case texts(TextSet)
    case contains([UInt8])
    case startsWith([UInt8])
    case endsWith([UInt8])
    case matches(Pattern)
}

extension UInt8 {
    @inlinable var lowercasedASCII: UInt8 { (65...90).contains(self) ? self | 0x20 : self }
}

extension Array<UInt8> {
    /// Where a part lies first; nil for none.
    func firstRange(of part: [UInt8]) -> Range<Int>? {
        guard part.count <= count else { return nil }
        return (0...count - part.count).first { self[$0..<$0 + part.count].elementsEqual(part) }.map { $0..<$0 + part.count }
    }
}
