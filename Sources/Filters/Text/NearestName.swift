/// The known name that a typo probably meant: at most one slip for every three letters away.
func nearestName(to word: String, among names: some Sequence<String>) -> String? {
    let word = Array(word.lowercased())
    guard word.count <= 64 else { return nil }
    let candidates = names.sorted().map { (name: $0, slips: slips(word, Array($0.lowercased()))) }
    guard let best = candidates.min(by: { $0.slips < $1.slips }), best.slips <= max(1, word.count / 3) else { return nil }
    return best.name
}

/// How many letters to add, drop, change or swap with the next one to get from one word to the other.
package func slips<Letter: Equatable>(_ from: [Letter], _ to: [Letter]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...to.count)
    for i in from.indices {
        var row = [i + 1]
        for j in to.indices {
            var slips = min(last[j] + (from[i] == to[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] { slips = min(slips, beforeLast[j - 1] + 1) }
            row.append(slips)
        }
        (beforeLast, last) = (last, row)
    }
    return last[to.count]
}
