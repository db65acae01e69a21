/// All tests of one field of a protocol's sessions: a value goes in once, and out come those that it fits.
struct SessionFieldIndex {
    let field: Field
    private var exact: [[UInt8]: [Int]] = [:]
    private var others: [(test: FieldTest, number: Int)] = []

    init(_ field: Field) { self.field = field }

    mutating func add(_ test: FieldTest, number: Int) {
        if case .texts(let set) = test.predicate, set.texts.count <= 64 {
            for text in set.texts { exact[text, default: []].append(number) }
        } else {
            others.append((test, number))
        }
    }

    /// Calls `fit` with the number of each test that a value fits.
    func look(up value: FieldValue, _ fit: (Int) -> Void) {
        if !exact.isEmpty, case .bytes(let bytes) = value {
            for number in exact[field.type == .name ? bytes.map(\.lowercasedASCII) : bytes] ?? [] { fit(number) }
        }
        for (test, number) in others where test.fits(value) { fit(number) }
    }
}
