/// What many filters ask of a text: a text goes in once, and out come the numbers of all predicates that it fits.
///
/// Equalities are looked up by hash, and so are starts and ends; all that is searched for, parts and regular expressions, is searched for in one pass. So
/// a text costs a time that is linear in its length, and hardly more for a thousand predicates than for one. One at a time: each core has its own.
public final class TextQuestions {
    /// Lists of more texts than this stand by themselves: they have a map of their own, which all cores share.
    private static let largeList = 1000
    /// Hyperscan takes no longer ones.
    private static let longestPart = 1000

    private let ignoresCase: Bool
    private let whole: TextMap
    private let starts: TextMap
    private let ends: TextMap
    private var lists: [(set: TextSet, number: Int)] = []
    private var longParts: [(part: PartSearch, number: Int)] = []
    /// Those that any text fits.
    private var always: [Int] = []
    private let scanner: PatternScanner?
    /// The number of each of the scanner's patterns.
    private var patternNumbers: [Int] = []

    /// - Parameters:
    ///   - questions: of these predicates; those that are not about texts are never fitted.
    ///   - ignoringCase: ASCII's; then the predicates' texts are in lower case.
    /// - Throws: `PatternError` when the patterns are too much together.
    public init(_ questions: [(predicate: FieldPredicate, number: Int)], ignoringCase: Bool) throws(PatternError) {
        ignoresCase = ignoringCase
        var whole: [(text: [UInt8], member: Int)] = [], starts = whole, ends = whole
        var patterns: [(text: String, ignoresCase: Bool)] = []
        for (predicate, number) in questions {
            switch predicate {
            case .exists: always.append(number)
            case .texts(let set) where set.texts.count > Self.largeList: lists.append((set, number))
            case .texts(let set): whole += set.texts.map { ($0, number) }
            case .startsWith(let part): starts.append((part, number))
            case .endsWith(let part): ends.append((part, number))
            case .contains(let part) where part.count > Self.longestPart: longParts.append((PartSearch(part), number))
            case .contains(let part):
                patterns.append((Pattern.text(containing: part), ignoringCase))
                patternNumbers.append(number)
            case .matches(let pattern):
                patterns.append((pattern.text, pattern.ignoresCase))
                patternNumbers.append(number)
            case .integers, .addresses: break
            }
        }
        self.whole = TextMap(whole)
        self.starts = TextMap(starts, at: .start)
        self.ends = TextMap(ends, at: .end)
        scanner = patterns.isEmpty ? nil : PatternScanner(try PatternSet.shared(patterns))
    }

    /// Calls `fit` with the number of each question whose predicate the text fits; with one that has several such predicates, more than once.
    public func look(up text: UnsafeRawBufferPointer, _ fit: (Int) -> Void) {
        for number in always { fit(number) }
        look(up: text, in: whole, fit)
        look(up: text, in: starts, fit)
        look(up: text, in: ends, fit)
        for (set, number) in lists where set.contains(text, ignoringCase: ignoresCase) { fit(number) }
        for (part, number) in longParts where part.isFound(in: text, ignoringCase: ignoresCase) { fit(number) }
        scanner?.scan(text) { fit(patternNumbers[$0]) }
    }

    public func look(up text: [UInt8], _ fit: (Int) -> Void) { text.withUnsafeBytes { look(up: $0, fit) } }

    private func look(up text: UnsafeRawBufferPointer, in map: TextMap, _ fit: (Int) -> Void) {
        for number in map.members(ofClass: map.classNumber(of: text, ignoringCase: ignoresCase)) { fit(Int(number)) }
    }
}
