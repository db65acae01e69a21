import Packets

/// The fields and protocols that a filter's text may name.
///
/// `packets` has what every frame has; each protocol's parser and the tracker add their own.
public struct FieldCatalog: Sendable {
    /// In the order in which they were declared.
    public private(set) var fields: [Field] = []
    private var fieldsByName: [String: Field] = [:]
    private(set) var protocols: [String: Filter] = [:]

    public init() {}

    public mutating func add(_ field: Field) {
        guard fieldsByName[field.name] == nil else { return }
        fields.append(field)
        for name in [field.name] + field.aliases { fieldsByName[name] = field }
    }

    /// The field of a name or alias.
    public func field(_ name: String) -> Field? { fieldsByName[name] }

    mutating func add(protocol name: String, _ filter: Filter) { protocols[name] = filter }

    var names: [String] { Array(fieldsByName.keys) + protocols.keys }
}
