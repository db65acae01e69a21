import Tracking

/// What stages cost, as rows of text and for programs.
struct StageTable {
    let costs: StageCosts
    let packets: UInt64
    /// Cycles a second, as measured.
    let frequency: Double

    private var all: UInt64 { costs.cycles }

    /// How long that took: on several cores together.
    var time: String { "\(Figures.duration(Double(all) / max(frequency, 1))) at \(Figures.scaled(frequency))Hz, the clock's own time left out" }

    var lines: [String] {
        let widths = [-20, 13, 16, 11, 11, 9]
        var lines = [TextRow.of(["stage", "times", "cycles", "each", "a packet", "share"], widths)]
        for stage in PipelineStage.allCases where costs.times(stage) > 0 || stage == .tracking {
            let cycles = costs.cycles(stage)
            lines.append(
                TextRow.of(
                    [
                        stage.name, Figures.grouped(costs.times(stage)), Figures.grouped(cycles), TextRow.ratio(cycles, costs.times(stage)),
                        TextRow.ratio(cycles, packets), Figures.percent(cycles, of: all),
                    ], widths))
        }
        lines.append(TextRow.of(["all", Figures.grouped(packets), Figures.grouped(all), TextRow.ratio(all, packets)], [-20, 13, 16, 22]))
        return lines
    }
}

extension StageCosts {
    /// For programs: every stage, counts and cycles as they are.
    var objects: [[String: Any]] { PipelineStage.allCases.map { ["stage": $0.name, "times": times($0), "cycles": cycles($0)] } }
}

/// Cells that stand in columns.
enum TextRow {
    /// - Parameter widths: negative for what stands to the left.
    static func of(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).map { $1 < 0 ? Figures.rightPadded($0, to: -$1) : Figures.leftPadded($0, to: $1) }
        return "  " + padded.joined().trimmedAtEnd
    }

    static func ratio(_ cycles: UInt64, _ count: UInt64) -> String { count == 0 ? "" : Figures.decimal(Double(cycles) / Double(count), 1) }
}

extension String {
    fileprivate var trimmedAtEnd: String { String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]) }
}
