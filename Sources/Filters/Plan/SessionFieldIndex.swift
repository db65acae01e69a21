/// All tests of one field of a protocol's sessions: a value goes in once, and out come those that it fits.
final class SessionFieldIndex {
    let field: Field
    private let texts: TextQuestions?
    /// Asked one by one: all tests of a field that has no texts.
    private let others: [(test: FieldTest, number: Int)]

    init(_ field: Field, _ tests: [(test: FieldTest, number: Int)]) {
        self.field = field
        let hasTexts = [.string, .name, .bytes].contains(field.type)
        // Each pattern alone was found to be a good one; together they may be too large, and are then searched for one by one.
        texts = hasTexts ? try? TextQuestions(tests.map { ($0.test.predicate, $0.number) }, ignoringCase: field.type == .name) : nil
        others = texts == nil ? tests : []
    }

    /// Calls `fit` with the number of each test that a value fits.
    func lookUp(_ value: FieldValue, _ fit: (Int) -> Void) {
        if let texts, case .bytes(let bytes) = value { texts.look(up: bytes, fit) }
        for (test, number) in others where test.fits(value) { fit(number) }
    }
}
