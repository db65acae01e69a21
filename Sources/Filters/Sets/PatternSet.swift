import CHyperscan
import Glibc
import Synchronization

/// Patterns that are searched for together, in one pass over the bytes and in time that is linear in these, however many patterns there are.
///
/// Searching is a `PatternScanner`'s. Compiling takes 2 ms a pattern (1,000 took 1.6 and 2.8 s): at start and when filters are loaded anew, never in between.
public final class PatternSet: @unchecked Sendable {
    public let count: Int
    /// The patterns about bytes, and those about characters; nil for none.
    fileprivate let ofBytes: OpaquePointer?
    fileprivate let ofCharacters: OpaquePointer?

    /// - Throws: `PatternError` when they are too much together.
    public convenience init(_ patterns: [Pattern]) throws(PatternError) { try self.init(compiling: patterns.map { ($0.text, $0.ignoresCase) }) }

    init(compiling patterns: [(text: String, ignoresCase: Bool)]) throws(PatternError) {
        count = patterns.count
        let expressions = patterns.enumerated().map { Expression($0.element.text, ignoresCase: $0.element.ignoresCase, number: UInt32($0.offset)) }
        ofBytes = try Expression.compile(expressions.filter { !$0.isOfCharacters })
        do throws(PatternError) {
            ofCharacters = try Expression.compile(expressions.filter(\.isOfCharacters))
        } catch {
            hs_free_database(ofBytes)
            throw error
        }
    }

    deinit {
        hs_free_database(ofBytes)
        hs_free_database(ofCharacters)
    }

    /// The set of these patterns that is in use already, or a new one: each core asks for it, and reloading asks again.
    static func shared(_ patterns: [(text: String, ignoresCase: Bool)]) throws(PatternError) -> PatternSet {
        let key = patterns.map { ($0.ignoresCase ? "i" : "c") + $0.text }
        return try inUse.withLock { sets throws(PatternError) in
            if let set = sets[key]?.set { return set }
            let set = try PatternSet(compiling: patterns)
            sets = sets.filter { $0.value.set != nil }
            sets[key] = InUse(set: set)
            return set
        }
    }

    private static let inUse = Mutex<[[String]: InUse]>([:])

    private struct InUse {
        weak var set: PatternSet?
    }
}

/// A pattern as Hyperscan is told of it.
private struct Expression {
    let text: String
    let number: UInt32
    let isOfCharacters: Bool
    private let flags: UInt32

    init(_ text: String, ignoresCase: Bool, number: UInt32) {
        self.text = text
        self.number = number
        isOfCharacters =
            text.utf8.contains { $0 >= 0x80 } || ["(*UTF", "(*UCP)"].contains(where: text.hasPrefix)
            || ["\\p", "\\P", "\\X", "\\x{"].contains(where: text.contains)
        var flags = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY
        if ignoresCase { flags |= HS_FLAG_CASELESS }
        if isOfCharacters { flags |= HS_FLAG_UTF8 }
        self.flags = UInt32(flags)
    }

    /// A database of all of them; nil for none.
    static func compile(_ expressions: [Self]) throws(PatternError) -> OpaquePointer? {
        guard !expressions.isEmpty else { return nil }
        // Hyperscan reads up to a NUL.
        for text in expressions.map(\.text) {
            guard let index = text.firstIndex(of: "\0") else { continue }
            throw PatternError(message: "A NUL is written \\x00.", offset: text.distance(from: text.startIndex, to: index))
        }
        let texts = expressions.map { UnsafePointer(strdup($0.text)) }
        defer { for text in texts { free(UnsafeMutablePointer(mutating: text)) } }
        var database: OpaquePointer?
        var failure: UnsafeMutablePointer<hs_compile_error_t>?
        let answer = hs_compile_multi(
            texts, expressions.map(\.flags), expressions.map(\.number), UInt32(expressions.count), UInt32(HS_MODE_BLOCK), nil, &database, &failure)
        guard answer != HS_SUCCESS else { return database }
        defer { hs_free_compile_error(failure) }
        guard let failure else { throw PatternError(message: "Hyperscan failed (\(answer)).", offset: nil) }
        let message = String(cString: failure.pointee.message)
        // Not of a single one: the number is negative.
        guard expressions.indices.contains(Int(failure.pointee.expression)) else { throw PatternError(message: message, offset: nil) }
        throw PatternError(message, in: expressions[Int(failure.pointee.expression)].text)
    }
}

/// Searches for the patterns of a set. It holds the memory that this takes, so that a search allocates nothing; each core has its own.
public final class PatternScanner {
    /// What Hyperscan writes to, as it finds patterns.
    private struct Found {
        var count = 0
        let numbers: UnsafeMutablePointer<UInt32>
    }

    private let set: PatternSet
    private var scratch: OpaquePointer?
    private var found: Found

    /// Traps when the machine has no memory left, as all that is made at start does.
    public init(_ set: PatternSet) {
        self.set = set
        found = Found(numbers: .allocate(capacity: max(1, set.count)))
        for database in [set.ofBytes, set.ofCharacters].compactMap(\.self) {
            let answer = hs_alloc_scratch(database, &scratch)
            precondition(answer == HS_SUCCESS, "no memory to search for patterns with")
        }
    }

    deinit {
        hs_free_scratch(scratch)
        found.numbers.deallocate()
    }

    /// Calls `body` with the number of each pattern that is found, in any order, once. `body` must not search with this scanner.
    ///
    /// Allocates nothing, but for patterns about characters in bytes that are not all ASCII.
    public func scan(_ bytes: UnsafeRawBufferPointer, _ body: (Int) -> Void) {
        found.count = 0
        search(set.ofBytes, bytes)
        if let database = set.ofCharacters {
            if bytes.allSatisfy({ $0 < 0x80 }) {
                search(database, bytes)
            } else {
                // What Hyperscan finds in ill-formed UTF-8 is undefined; here it is well-formed.
                var text = String(decoding: bytes, as: UTF8.self)
                text.withUTF8 { search(database, UnsafeRawBufferPointer($0)) }
            }
        }
        for index in 0..<found.count { body(Int(found.numbers[index])) }
    }

    private func search(_ database: OpaquePointer?, _ bytes: UnsafeRawBufferPointer) {
        guard let database else { return }
        withUnsafeMutablePointer(to: &found) { found in
            // No bytes may have no address, which Hyperscan refuses; then any will do.
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? UnsafePointer(UnsafeRawPointer(found).assumingMemoryBound(to: CChar.self))
            hs_scan(
                database, start, UInt32(clamping: bytes.count), 0, scratch,
                { number, _, _, _, context in
                    let found = context!.assumingMemoryBound(to: Found.self)
                    found.pointee.numbers[found.pointee.count] = number
                    found.pointee.count += 1
                    return 0
                }, found)
        }
    }
}
