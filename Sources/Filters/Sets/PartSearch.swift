/// Searches for a part in time that is linear in the text, whatever the two are (Knuth, Morris and Pratt): for parts that Hyperscan finds too long.
struct PartSearch {
    private let part: [UInt8]
    /// For each length of the part's beginning: how much of it is still found when the next byte is another.
    private let fallbacks: [Int]

    init(_ part: [UInt8]) {
        self.part = part
        var fallbacks = [0, 0]
        var length = 0
        for byte in part.dropFirst() {
            while length > 0, part[length] != byte { length = fallbacks[length] }
            if part[length] == byte { length += 1 }
            fallbacks.append(length)
        }
        self.fallbacks = fallbacks
    }

    /// - Parameter ignoringCase: ASCII's, of the text; the part is in lower case.
    func isFound(in text: UnsafeRawBufferPointer, ignoringCase: Bool) -> Bool {
        var length = 0
        if part.isEmpty { return true }
        for byte in text {
            let byte = ignoringCase ? byte.lowercasedASCII : byte
            while length > 0, part[length] != byte { length = fallbacks[length] }
            if part[length] == byte { length += 1 }
            if length == part.count { return true }
        }
        return false
    }
}
