/// Texts to be equal to, looked up by hash. However many there are, a copy is a reference, and hashing one is hashing a number.
public struct TextSet: Sendable {
    private final class Storage: Sendable {
        let texts: [[UInt8]]
        let listName: String?
        let map: TextMap
        let hash: Int

        init(_ texts: some Sequence<[UInt8]>, _ listName: String?) {
            var seen: Set<[UInt8]> = []
            self.texts = texts.filter { seen.insert($0).inserted }
            self.listName = listName
            map = TextMap(self.texts.lazy.map { ($0, 0) })
            hash = seen.hashValue
        }
    }

    private let storage: Storage

    /// In the order in which they were given, each once.
    public var texts: [[UInt8]] { storage.texts }
    /// The list in the config that it was read from, without the `$`.
    public var listName: String? { storage.listName }

    public init(_ texts: some Sequence<[UInt8]>, listName: String? = nil) { storage = Storage(texts, listName) }

    /// - Parameter ignoringCase: ASCII's, of the text; the set's are in lower case.
    public func contains(_ text: [UInt8], ignoringCase: Bool = false) -> Bool { storage.map.classNumber(of: text, ignoringCase: ignoringCase) != 0 }
    public func contains(_ text: UnsafeRawBufferPointer, ignoringCase: Bool = false) -> Bool {
        storage.map.classNumber(of: text, ignoringCase: ignoringCase) != 0
    }
}

extension TextSet: Hashable {
    /// Sets are equal that have the same texts, under the same name.
    public static func == (left: Self, right: Self) -> Bool {
        left.storage === right.storage
            || left.storage.hash == right.storage.hash && left.listName == right.listName && left.texts.count == right.texts.count
                && left.texts.allSatisfy { right.contains($0) }
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(storage.hash) }
}
