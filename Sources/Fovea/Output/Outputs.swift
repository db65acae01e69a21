import Synchronization
import Tracking

/// The places that the writers of a run write to in order, and what they tell each other.
final class Outputs: Sendable {
    /// Bytes that wait in one place until all writers are asked for what they have.
    private static let mostWaiting = 4 << 20

    private let mergers = Mutex<[String: LineMerger]>([:])
    /// Rises when writers are asked.
    private let calls = Atomic<UInt64>(0)
    private let isCalling = Atomic(false)
    private let hasEnded = Atomic(false)

    /// - Parameter path: nil is standard output.
    func merger(of path: String?) throws(OutputError) -> LineMerger {
        let key = path ?? ""
        if let merger = mergers.withLock({ $0[key] }) { return merger }
        let merger = try LineMerger(path, self)
        return mergers.withLock { mergers in
            if let first = mergers[key] { return first }
            mergers[key] = merger
            return merger
        }
    }

    /// How often writers have been asked to hand over what they have.
    var callCount: UInt64 { calls.load(ordering: .relaxed) }

    /// - Parameter hasMoved: whether some of what had waited has been written, and the answer to the last call has had its effect.
    func note(waiting: Int, hasMoved: Bool) {
        if hasMoved { isCalling.store(false, ordering: .relaxed) }
        guard waiting >= Self.mostWaiting, !isCalling.exchange(true, ordering: .relaxed) else { return }
        calls.wrappingAdd(1, ordering: .relaxed)
    }

    /// Whether no core runs any more: from then on lines are written as they come.
    var isOver: Bool { hasEnded.load(ordering: .relaxed) }
    func end() { hasEnded.store(true, ordering: .relaxed) }
}

/// What the writers of one core share.
///
/// Unchecked: it belongs to its core, and to the main core when that does not run.
final class CoreLines: @unchecked Sendable {
    let position: CorePosition
    private let outputs: Outputs
    private var writers: [Reference] = []
    private var answered: UInt64 = 0

    private struct Reference { weak var writer: JSONLinesWriter? }

    init(_ outputs: Outputs) {
        position = CorePosition()
        self.outputs = outputs
    }

    func makeQueue(to path: String?, place: Int) throws(OutputError) -> LineQueue { LineQueue(try outputs.merger(of: path), place: place, position) }

    func add(_ writer: JSONLinesWriter) { writers.append(Reference(writer: writer)) }

    /// To be called now and then: whether others wait for this core's lines costs a load to know.
    @inline(__always)
    func answerCalls() {
        let count = outputs.callCount
        if count != answered { answer(count) }
    }

    @inline(never)
    private func answer(_ count: UInt64) {
        answered = count
        flush()
    }

    /// The core has come to its end.
    func end() {
        position.reachEndOfRun()
        flush()
    }

    /// Hands over what there is.
    func flush() { for reference in writers { reference.writer?.flush() } }
}

/// A writer's way to where lines are put in order.
final class LineQueue {
    let position: CorePosition
    private let merger: LineMerger
    private let number: Int

    init(_ merger: LineMerger, place: Int, _ position: CorePosition) {
        self.position = position
        self.merger = merger
        number = merger.join(place: place)
    }

    /// Its lines are no longer waited for.
    deinit { merger.take(LinePiece(), from: number, progress: .endOfRun) }

    var file: OutputFile { merger.file }
    var tally: LineTally { merger.tally(of: number) }

    func handOver(_ piece: LinePiece) { merger.take(piece, from: number, progress: position.current) }
}
