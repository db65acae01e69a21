import Glibc
import Logging
import Synchronization
import Tracking

/// The places that the writers of a run write to, and what they tell each other.
///
/// Unchecked: what is not atomic is the main core's, which makes writers before others run, and asks what became of them.
final class Outputs: @unchecked Sendable {
    /// Bytes that wait in one place until all writers are asked for what they have.
    private static let mostWaiting = 4 << 20

    private let entries: [RunPlan.Entry]
    private let logger: Logger
    private let core: Int
    private let mayGiveUp: @Sendable () -> Bool
    private let room: OutputRoom.Whole
    /// That of all files, then those of pipes and devices.
    private var threads: [OutputThread]
    /// Of each entry.
    private let counts: [LineCounts]
    private var places: [String: Place] = [:]
    private var mergers: [String: LineMerger] = [:]
    /// Of entries that have a writer.
    private var paths: [Int: String] = [:]
    /// Rises when writers are asked.
    private let calls = Atomic<UInt64>(0)
    private let isCalling = Atomic(false)
    private let hasEnded = Atomic(false)

    private struct Place {
        let place: OutputPlace
        let thread: OutputThread
        let room: OutputRoom
    }

    /// - Parameter mayGiveUp: whether the run is to end even if nobody reads what it writes.
    init(_ plan: RunPlan, _ logger: Logger, mayGiveUp: @escaping @Sendable () -> Bool) {
        entries = plan.entries
        self.logger = logger
        counts = plan.entries.map { _ in LineCounts() }
        (core, self.mayGiveUp) = (plan.config.mainCore, mayGiveUp)
        room = OutputRoom.Whole(limit: plan.config.outputBuffer)
        threads = [OutputThread(core: core, mayGiveUp: mayGiveUp)]
    }

    /// A writer's side of it.
    struct Side {
        let counts: LineCounts
        let encoder: (any LineEncoder)?
        var queue: LineQueue?
        var live: LiveQueue?
    }

    /// - Parameter position: of the core, if lines are put in the order of what happened.
    func makeSide(_ context: ReportContext, ordered position: CorePosition?) throws(OutputError) -> Side {
        let entry = entries[context.place]
        let path = context.outputFile ?? "standard output"
        let key = Self.key(context.outputFile)
        let place = try place(context.outputFile, key, entry.layout)
        // By two names, of which the plan knows nothing.
        guard place.place.layout.options == entry.layout.options else { throw OutputError(path: path, code: EBUSY) }
        paths[context.place] = path
        func makeChannel() -> OutputChannel {
            let channel = OutputChannel(place.thread, place.place, place.room, path: path)
            place.thread.add(channel)
            return channel
        }
        var side = Side(counts: counts[context.place], encoder: entry.layout.makeEncoder(entry.log))
        if let position {
            let merger = mergers[key] ?? LineMerger(makeChannel(), self)
            mergers[key] = merger
            side.queue = LineQueue(merger, place: context.place, side.counts, position)
        } else {
            side.live = LiveQueue(makeChannel())
        }
        return side
    }

    private func place(_ path: String?, _ key: String, _ layout: OutputLayout) throws(OutputError) -> Place {
        if let place = places[key] { return place }
        let thread = OutputFile.waitsForReaders(path) ? OutputThread(core: core, mayGiveUp: mayGiveUp) : threads[0]
        let place = Place(place: try OutputPlace(path, layout, logger) { thread.mayWait }, thread: thread, room: OutputRoom(of: room))
        if thread !== threads[0] { threads.append(thread) }
        places[key] = place
        thread.add(place.place)
        return place
    }

    /// A place by whatever names it goes.
    private static func key(_ path: String?) -> String {
        guard let path else { return "" }
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let folder = realpath(path.startIndex == start ? "." : String(path[..<start]), nil) else { return path }
        defer { free(folder) }
        return "\(String(cString: folder))/\(path[start...])"
    }

    // MARK: The run

    func launch() throws { for thread in threads { try thread.launch() } }

    /// Returns when all that was handed on is where it should be, and files have their names; or when nobody takes it and the run may give up.
    func finish() {
        for thread in threads { thread.close() }
        var waits = threads.map(OutputThread.Patience.init)
        while threads.contains(where: \.isRunning) {
            for index in threads.indices where threads[index].isRunning { waits[index].look() }
            usleep(100)
        }
        for thread in threads { thread.end() }
        (places, mergers) = ([:], [:])
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

    // MARK: What became of lines

    /// Lines that found no room so far, by subscription.
    var losses: [(name: String, count: UInt64)] { zip(entries, counts).map { ($0.name, $1.dropped) } }

    /// Of those subscriptions that write lines.
    var summaries: [OutputSummary] {
        return entries.indices.compactMap { place in
            guard let path = paths[place] else { return nil }
            let counts = counts[place]
            return OutputSummary(subscription: entries[place].name, path: path, written: counts.written, refused: counts.refused, dropped: counts.dropped)
        }
    }

    /// What could not be written, when all is over.
    var problems: [String] {
        return entries.indices.flatMap { place -> [String] in
            let (counts, name) = (counts[place], entries[place].name)
            var problems: [String] = []
            if counts.refused > 0 { problems.append("\(name): \(OutputError(path: paths[place] ?? "", code: counts.refusal, lines: counts.refused))") }
            if let field = counts.strays.field {
                problems.append("\(name): \(field) was left out of \(Figures.grouped(counts.strays.lines)) lines: its schema does not have it there")
            }
            return problems
        }
    }
}

/// What became of a subscription's lines.
public struct OutputSummary: Equatable, Sendable {
    public let subscription: String
    /// The file, or "standard output".
    public let path: String
    public let written: UInt64
    /// Lines that the system did not take.
    public let refused: UInt64
    /// Lines that found no room: the file, or whoever reads the pipe, did not keep up.
    public let dropped: UInt64

    /// For the summary as JSON.
    var figures: [String: Any] { ["subscription": subscription, "path": path, "written": written, "refused": refused, "dropped": dropped] }
}

/// What the writers of one core share.
///
/// Unchecked: it belongs to its core, and to the main core when that does not run.
final class CoreLines: @unchecked Sendable {
    let position: CorePosition
    private let outputs: Outputs
    /// Whether lines are put in the order of what happened; otherwise they go as they come.
    private let areOrdered: Bool
    private var writers: [Reference] = []
    private var answered: UInt64 = 0

    private struct Reference { weak var writer: LogWriter? }

    init(_ outputs: Outputs, areOrdered: Bool) {
        position = CorePosition()
        self.outputs = outputs
        self.areOrdered = areOrdered
    }

    func makeSide(_ context: ReportContext) throws(OutputError) -> Outputs.Side { try outputs.makeSide(context, ordered: areOrdered ? position : nil) }

    func add(_ writer: LogWriter) { if areOrdered { writers.append(Reference(writer: writer)) } }

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

    init(_ merger: LineMerger, place: Int, _ counts: LineCounts, _ position: CorePosition) {
        self.position = position
        self.merger = merger
        number = merger.join(place: place, counts)
    }

    /// Its lines are no longer waited for.
    deinit { merger.take(LinePiece(), from: number, progress: .endOfRun) }

    var path: String { merger.channel.path }

    func handOver(_ piece: LinePiece) { merger.take(piece, from: number, progress: position.current) }
}
