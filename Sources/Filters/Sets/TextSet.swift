/// Texts to be equal to, looked up by hash.
public struct TextSet: Hashable, Sendable {
    public let texts: Set<[UInt8]>
    /// The list in the config that it was read from, without the `$`.
    public let listName: String?

    public init(_ texts: some Sequence<[UInt8]>, listName: String? = nil) {
        self.texts = Set(texts)
        self.listName = listName
    }

    public func contains(_ text: [UInt8]) -> Bool { texts.contains(text) }
}
