import Synchronization

/// What became of a subscription's lines, all cores together.
final class LineCounts: Sendable {
    private let writtenLines = Atomic<UInt64>(0)
    private let refusedLines = Atomic<UInt64>(0)
    private let droppedLines = Atomic<UInt64>(0)
    private let firstRefusal = Atomic<Int32>(0)
    private let strayLines = Atomic<UInt64>(0)
    private let strayField = Mutex<String?>(nil)

    /// They are where they should be.
    var written: UInt64 { writtenLines.load(ordering: .relaxed) }
    /// By the system, which gave `refusal`, an errno, as the reason for the first of them.
    var refused: UInt64 { refusedLines.load(ordering: .relaxed) }
    var refusal: Int32 { firstRefusal.load(ordering: .relaxed) }
    /// There was no room for them: who writes did not keep up.
    var dropped: UInt64 { droppedLines.load(ordering: .relaxed) }
    /// Lines that had a field left out, since the schema does not have it there, and one such field.
    var strays: (lines: UInt64, field: String?) { (strayLines.load(ordering: .relaxed), strayField.withLock { $0 }) }

    func count(written lines: UInt64) { writtenLines.wrappingAdd(lines, ordering: .relaxed) }
    func count(dropped lines: UInt64) { droppedLines.wrappingAdd(lines, ordering: .relaxed) }

    func count(refused lines: UInt64, _ code: Int32) {
        refusedLines.wrappingAdd(lines, ordering: .relaxed)
        _ = firstRefusal.compareExchange(expected: 0, desired: code, ordering: .relaxed)
    }

    func count(stray field: StaticString) {
        guard strayLines.wrappingAdd(1, ordering: .relaxed).oldValue == 0 else { return }
        strayField.withLock { $0 = "\(field)" }
    }

    func add(_ other: LineCounts) {
        count(written: other.written)
        count(dropped: other.dropped)
        if other.refused > 0 { count(refused: other.refused, other.refusal) }
    }
}

/// Lines on their way to the thread that writes them.
///
/// Unchecked: it belongs to who fills it, then to that thread.
final class OutputPiece: @unchecked Sendable {
    /// Whose lines end where.
    struct Share {
        let counts: LineCounts
        var lines: UInt64
        var end: Int
    }

    /// A line's end, and the latest time that it speaks of.
    struct Mark {
        var end: Int
        var time: Int64
    }

    var bytes: [UInt8] = []
    var shares: [Share] = []
    /// Of each line, where the place has a use for times.
    var marks: [Mark] = []

    /// Lines of whom its bytes end in now.
    func count(_ lines: UInt64, _ counts: LineCounts) {
        if shares.last?.counts === counts {
            shares[shares.count - 1].lines += lines
            shares[shares.count - 1].end = bytes.count
        } else {
            shares.append(Share(counts: counts, lines: lines, end: bytes.count))
        }
    }

    func drop() { for share in shares { share.counts.count(dropped: share.lines) } }
}
