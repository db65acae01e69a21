import Filters
import Protocols

extension FieldCatalog {
    /// All that filters can ask for.
    public static let standard: FieldCatalog = {
        var catalog = FieldCatalog.packets
        for field in ConnectionRecord.filterFields { catalog.add(field) }
        for parser in Parsers.all { catalog.add(parser) }
        return catalog
    }()
}

extension Filter {
    /// Reads a filter's text, with all fields that Fovea knows (`FieldCatalog.standard`).
    public init(parsing text: String, lists: FilterLists = FilterLists()) throws(FilterError) {
        try self.init(parsing: text, in: .standard, lists: lists)
    }
}
