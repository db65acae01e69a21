import Synchronization
import Tracking

/// Lines of one writer, and what each is ordered by.
struct LinePiece {
    struct Line {
        var position: EventPosition
        /// The latest that it speaks of.
        var time: Int64
        /// Where in the bytes it ends.
        var end: Int
    }

    var bytes: [UInt8] = []
    var lines: [Line] = []
}

/// Puts the lines of all who write to one place in the order of what happened: by position, then by the subscriptions' places in the config, then as they
/// were written. Each writer's own lines are in order of their positions, so that merging them is all there is to do.
///
///     core 1   connections  ▮▮▮▮│▮▮
///              names        ▮▮  │            what lies before the position that all have reached is written
///     core 2   connections  ▮▮▮▮│▮▮▮▮▮▮
///                               ↑ the least progress of all
///
/// Pieces are handed over as they fill up, and all of them when too much waits for who has little to say (`Outputs.isWaiting`). How far cores may be apart
/// is bounded by how much of a capture is in memory, and so is what waits here.
final class LineMerger: Sendable {
    let channel: OutputChannel
    private let outputs: Outputs
    private let state = Mutex(State())

    /// One writer's lines that have not been written.
    fileprivate struct Source {
        let place: Int
        let counts: LineCounts
        var pieces: [LinePiece] = []
        /// The first piece's first line that is left, and where it begins.
        var line = 0
        var start = 0
        /// There will be no more lines before that.
        var progress = EventPosition(before: 0)

        var head: EventPosition? { pieces.first?.lines[line].position }
    }

    fileprivate struct State {
        var sources: [Source] = []
        /// What is about to be written.
        var output = OutputPiece()
        var waiting = 0
    }

    init(_ channel: OutputChannel, _ outputs: Outputs) {
        self.channel = channel
        self.outputs = outputs
    }

    /// - Parameter place: the subscription's in the config.
    /// - Returns: the number of a writer.
    func join(place: Int, _ counts: LineCounts) -> Int {
        state.withLock { state in
            state.sources.append(Source(place: place, counts: counts))
            return state.sources.count - 1
        }
    }

    /// Takes a writer's next lines.
    ///
    /// - Parameter progress: no line before that will come from it any more.
    func take(_ piece: LinePiece, from number: Int, progress: EventPosition) {
        state.withLock { state in
            state.waiting += piece.bytes.count
            if !piece.lines.isEmpty { state.sources[number].pieces.append(piece) }
            state.sources[number].progress = progress
            merge(&state)
        }
    }

    private func merge(_ state: inout State) {
        // One alone is in order already.
        let limit = outputs.isOver || state.sources.count == 1 ? nil : state.sources.lazy.map(\.progress).min()
        let before = state.waiting
        while let (first, bound) = next(state.sources, limit) {
            state.move(from: first, upTo: bound, marks: channel.needsTimes)
            if state.output.bytes.count >= LogWriter.pieceSize { write(&state) }
        }
        if outputs.isOver { write(&state) }
        outputs.note(waiting: state.waiting, hasMoved: state.waiting < before)
    }

    /// Whose turn it is, and up to where.
    private func next(_ sources: [Source], _ limit: EventPosition?) -> (source: Int, Bound)? {
        var first: (position: EventPosition, source: Int)?
        var second: (position: EventPosition, source: Int)?
        for index in sources.indices {
            guard let head = sources[index].head else { continue }
            if let limit, head >= limit { continue }
            let mine = (head, index)
            if first.map({ isBefore(mine, $0, sources) }) ?? true {
                second = first
                first = mine
            } else if second.map({ isBefore(mine, $0, sources) }) ?? true {
                second = mine
            }
        }
        guard let first else { return nil }
        let isBeforeOther = second.map { (sources[first.source].place, first.source) < (sources[$0.source].place, $0.source) } ?? true
        return (first.source, Bound(limit: limit, other: second?.position, isBeforeOther: isBeforeOther))
    }

    private func isBefore(_ left: (position: EventPosition, source: Int), _ right: (position: EventPosition, source: Int), _ sources: [Source]) -> Bool {
        if left.position != right.position { return left.position < right.position }
        return (sources[left.source].place, left.source) < (sources[right.source].place, right.source)
    }

    /// How long it is one writer's turn.
    fileprivate struct Bound {
        let limit: EventPosition?
        /// Where the next one has its first line.
        let other: EventPosition?
        /// Whether its lines there come before that one's.
        let isBeforeOther: Bool

        func has(_ position: EventPosition) -> Bool {
            if let limit, position >= limit { return false }
            guard let other else { return true }
            return isBeforeOther ? position <= other : position < other
        }
    }

    private func write(_ state: inout State) {
        guard !state.output.bytes.isEmpty else { return }
        channel.put(state.output)
        state.output = OutputPiece()
    }
}

extension LineMerger.State {
    /// Moves the source's first piece, as far as the bound goes and at least a line, to the output.
    fileprivate mutating func move(from source: Int, upTo bound: LineMerger.Bound, marks: Bool) {
        let isWhole = output.bytes.isEmpty && sources[source].line == 0 && bound.has(sources[source].pieces[0].lines.last!.position)
        let start = sources[source].start
        let first = sources[source].line
        var line = first
        let count = sources[source].pieces[0].lines.count
        if isWhole { line = count } else { repeat { line += 1 } while line < count && bound.has(sources[source].pieces[0].lines[line].position) }
        let end = sources[source].pieces[0].lines[line - 1].end
        let shift = output.bytes.count - start
        if marks {
            for line in sources[source].pieces[0].lines[first..<line] { output.marks.append(OutputPiece.Mark(end: line.end + shift, time: line.time)) }
        }
        if line == count {
            let piece = sources[source].pieces.removeFirst()
            // Where all of the piece goes, and before anything else, no byte is copied.
            if isWhole { output.bytes = piece.bytes } else { output.bytes += piece.bytes[start..<end] }
            (sources[source].line, sources[source].start) = (0, 0)
        } else {
            output.bytes += sources[source].pieces[0].bytes[start..<end]
            (sources[source].line, sources[source].start) = (line, end)
        }
        output.count(UInt64(line - first), sources[source].counts)
        waiting -= end - start
    }
}
