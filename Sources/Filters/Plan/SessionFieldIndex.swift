import Packets

/// All tests of one field of a protocol's sessions: a value goes in once, and out come those that it fits. Equalities are looked up by hash, and so are
/// beginnings and ends; regular expressions and parts are searched for in one pass; only numbers are compared test by test.
final class SessionFieldIndex {
    let field: Field
    private let whole: TextMap?
    private let starts: TextMap?
    private let ends: TextMap?
    private let scanner: PatternScanner?
    private let scanned: [Int]
    private let others: [(test: FieldTest, number: Int)]
    private let ignoresCase: Bool

    /// Sets larger than this have tables of their own.
    private static let most = 1024

    init(_ field: Field, _ tests: [(test: FieldTest, number: Int)]) {
        self.field = field
        ignoresCase = field.type == .name
        var whole: [(text: [UInt8], member: Int)] = [], starts = whole, ends = whole
        var patterns: [(text: String, ignoresCase: Bool)] = []
        var scanned: [Int] = []
        var others: [(test: FieldTest, number: Int)] = []
        for (test, number) in tests {
            switch test.predicate {
            case .texts(let set) where set.texts.count <= Self.most: whole += set.texts.map { (Array($0), number) }
            case .startsWith(let text): starts.append((text, number))
            case .endsWith(let text): ends.append((text, number))
            case .matches(let pattern):
                patterns.append((pattern.text, pattern.ignoresCase))
                scanned.append(number)
            default: others.append((test, number))
            }
        }
        // Each alone was found to be a good one; together they may be too large, and are then searched for one by one.
        let set = patterns.count > 1 ? try? PatternSet.shared(patterns) : nil
        scanner = set.map(PatternScanner.init)
        if set == nil { others += tests.filter { scanned.contains($0.number) } }
        self.scanned = scanned
        self.others = others
        self.whole = whole.isEmpty ? nil : TextMap(whole)
        self.starts = starts.isEmpty ? nil : TextMap(starts, at: .start)
        self.ends = ends.isEmpty ? nil : TextMap(ends, at: .end)
    }

    /// Calls `fit` with the number of each test that a value fits.
    func lookUp(_ value: FieldValue, _ fit: (Int) -> Void) {
        if case .bytes(let bytes) = value {
            for map in [whole, starts, ends].compactMap(\.self) {
                for number in map.members(ofClass: map.classNumber(of: bytes, ignoringCase: ignoresCase)) { fit(Int(number)) }
            }
            if let scanner { bytes.withUnsafeBytes { scanner.scan($0) { fit(scanned[$0]) } } }
        }
        for (test, number) in others where test.fits(value) { fit(number) }
    }
}
