import Filters
import Tracking

extension Profile: CustomStringConvertible {
    /// A table of the engine's stages, and one for each subscription.
    var description: String {
        var lines = heading
        lines += stageLines
        for (entry, flow) in zip(entries, stages.flows) { lines += [""] + self.lines(entry, flow) }
        if let failure { lines += ["", "not read to its end: \(failure)"] }
        return lines.joined(separator: "\n")
    }

    /// Whether it looks at connections, and not at packets one by one.
    static func tracks(_ entry: RunPlan.Entry) -> Bool { !entry.subscription._needs.contains(.packets) }
    static func shownStages(of entry: RunPlan.Entry) -> [FilterStage] { tracks(entry) ? entry.filter.stages : [.packet] }

    private var all: UInt64 { stages.meter.allCycles }

    private var heading: [String] {
        let seconds = Double(all) / frequency
        let traffic = "\(Figures.grouped(counters.packets)) packets, \(Figures.bytes(counters.bytes)), \(Figures.grouped(counters.connections)) connections"
        return ["\(capture): \(traffic)", "\(Figures.duration(seconds)) at \(Figures.scaled(frequency))Hz, the clock's own time left out", ""]
    }

    /// How often a stage was at work.
    func times(_ stage: PipelineStage) -> UInt64 {
        switch stage {
        case .receiving, .headers, .packetFilters: counters.packets
        case .tracking: stages.trackedPackets
        case .decisions, .reassembly, .parsing, .callbacks: stages.meter.entries(stage)
        }
    }

    private var stageLines: [String] {
        let widths = [-20, 13, 16, 11, 11, 9]
        var lines = [Self.row(["stage", "times", "cycles", "each", "a packet", "share"], widths)]
        for stage in PipelineStage.allCases where times(stage) > 0 || stage == .tracking {
            let cycles = stages.meter.cycles(stage)
            lines.append(
                Self.row(
                    [
                        stage.name, Figures.grouped(times(stage)), Figures.grouped(cycles), Self.ratio(cycles, times(stage)), Self.ratio(cycles, counters.packets),
                        Figures.percent(cycles, of: all),
                    ], widths))
        }
        lines.append(Self.row(["all", Figures.grouped(counters.packets), Figures.grouped(all), Self.ratio(all, counters.packets)], [-20, 13, 16, 22]))
        return lines
    }

    /// What goes on behind each stage of a filter.
    private func lines(_ entry: RunPlan.Entry, _ flow: FilterFlow) -> [String] {
        let widths = [-20, 13, 9, 12, 9, 16, 14]
        var lines = ["\(entry.name)  \(entry.filter)", Self.row(["goes on behind", "packets", "", "bytes", "", "cycles for it", "connections"], widths)]
        lines.append(Self.row(["(all)", Figures.grouped(counters.packets), "", Figures.bytes(counters.bytes)], widths))
        let tracks = Self.tracks(entry)
        for stage in Self.shownStages(of: entry) {
            lines.append(row("\(stage)", flow[stage], tracks ? Figures.grouped(flow.connections(behind: stage)) : "", widths))
        }
        if tracks { lines.append(row("not done", flow.wanted, Figures.grouped(flow.matches), widths)) }
        for callback in Callback.allCases where flow.calls[callback.rawValue] > 0 {
            let (calls, cycles) = (flow.calls[callback.rawValue], flow.callCycles[callback.rawValue])
            lines.append(
                Self.row(
                    ["calls: \(callback.name)", Figures.grouped(calls), "", "", "", Figures.grouped(cycles), "\(Self.ratio(cycles, calls)) each"], widths))
        }
        return lines
    }

    private func row(_ name: String, _ volume: TrafficVolume, _ connections: String, _ widths: [Int]) -> String {
        Self.row(
            [
                name, Figures.grouped(volume.packets), Figures.percent(volume.packets, of: counters.packets), Figures.bytes(volume.bytes),
                Figures.percent(volume.bytes, of: counters.bytes), Figures.grouped(volume.cycles), connections,
            ], widths)
    }

    private static func ratio(_ cycles: UInt64, _ count: UInt64) -> String {
        count == 0 ? "" : Figures.decimal(Double(cycles) / Double(count), 1)
    }

    /// - Parameter widths: negative for what stands to the left.
    private static func row(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).map { $1 < 0 ? Figures.rightPadded($0, to: -$1) : Figures.leftPadded($0, to: $1) }
        return "  " + padded.joined().trimmedAtEnd
    }
}

extension String {
    fileprivate var trimmedAtEnd: String { String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]) }
}
