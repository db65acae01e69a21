/// What the values of one field can still be, given what tests have said of them.
struct PossibleValues {
    /// Whether there is never more than one value.
    private let isSingle: Bool
    private var isWanted = false
    private var isAbsent = false
    /// Numbers that no test has ruled out.
    private var numbers: NumberRanges
    /// Of each of these there is a value, where there may be several.
    private var wantedNumbers: [NumberRanges] = []
    private var wantedTexts: [FieldTest] = []
    private var refusedTexts: [FieldTest] = []

    init(isSingle: Bool, numbers: NumberRanges = .all) {
        self.isSingle = isSingle
        self.numbers = numbers
    }

    /// There is a value, or there is none.
    mutating func exists(_ holds: Bool) { if holds { isWanted = true } else { isAbsent = true } }

    /// A value is among these numbers, or none is.
    mutating func areAmong(_ set: NumberRanges, _ holds: Bool) {
        if !holds {
            numbers = numbers.intersection(set.complement)
        } else if isSingle {
            isWanted = true
            numbers = numbers.intersection(set)
        } else {
            isWanted = true
            wantedNumbers.append(set)
        }
    }

    /// A text fits, or none does.
    mutating func fit(_ test: FieldTest, _ holds: Bool) {
        if holds {
            isWanted = true
            wantedTexts.append(test)
        } else {
            refusedTexts.append(test)
        }
    }

    /// Whether no value is left where one is wanted.
    var areImpossible: Bool {
        guard isWanted else { return false }
        if isAbsent || numbers.isEmpty || wantedNumbers.contains(where: { numbers.intersection($0).isEmpty }) { return true }
        if isSingle { return TextSearch(wanted: wantedTexts, refused: refusedTexts).isVain }
        return wantedTexts.isEmpty
            ? TextSearch(wanted: [], refused: refusedTexts).isVain : wantedTexts.contains { TextSearch(wanted: [$0], refused: refusedTexts).isVain }
    }
}

/// Looks for one text that fits some tests and does not fit others.
private struct TextSearch {
    let wanted: [FieldTest]
    let refused: [FieldTest]
    /// Texts that are tried at most.
    private static let most = 10_000

    /// True only if there is no such text; where that is hard to say, it is false.
    var isVain: Bool {
        if let texts = wanted.compactMap(\.texts).min(by: { $0.count < $1.count }) { return texts.count <= Self.most && !texts.contains(where: isFound) }
        let begins = parts { if case .startsWith(let part) = $0 { part } else { nil } }
        let ends = parts { if case .endsWith(let part) = $0 { part } else { nil } }
        let begin = begins.max { $0.count < $1.count } ?? [], end = ends.max { $0.count < $1.count } ?? []
        guard begins.allSatisfy({ begin.starts(with: $0) }), ends.allSatisfy({ end.ends(with: $0) }) else { return true }
        let known = [begin, end] + parts { if case .contains(let part) = $0 { part } else { nil } }
        return refused.contains { test in
            switch test.predicate {
            case .exists: true
            case .startsWith(let part): begin.starts(with: part)
            case .endsWith(let part): end.ends(with: part)
            case .contains(let part): known.contains { $0.firstRange(of: part) != nil }
            case .matches: wanted.contains { $0.predicate == test.predicate }
            case .integers, .addresses, .texts: false
            }
        }
    }

    private func parts(_ part: (FieldPredicate) -> [UInt8]?) -> [[UInt8]] { wanted.compactMap { part($0.predicate) } }

    private func isFound(_ text: [UInt8]) -> Bool {
        wanted.allSatisfy { $0.mayFit(text, or: true) } && !refused.contains { $0.mayFit(text, or: false) }
    }
}

extension FieldTest {
    /// The texts of which a value must be one.
    fileprivate var texts: [[UInt8]]? { if case .texts(let set) = predicate { set.texts } else { nil } }

    /// Whether a text fits. An expression may tell upper from lower case after all, where names are in lower case here: `(?-i)`.
    fileprivate func mayFit(_ text: [UInt8], or doubtful: Bool) -> Bool {
        if case .matches = predicate, field.type == .name { return doubtful }
        return fits(.bytes(text))
    }
}

extension [UInt8] {
    fileprivate func ends(with part: [UInt8]) -> Bool { count >= part.count && suffix(part.count).elementsEqual(part) }
}
