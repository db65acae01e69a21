import Filters
import Tracking

extension Profile: CustomStringConvertible {
    /// A table of the engine's stages, and one for each subscription.
    var description: String {
        var lines = heading
        lines += table.lines
        for (entry, flow) in zip(entries, stages.flows) { lines += [""] + self.lines(entry, flow) }
        if let failure { lines += ["", "not read to its end: \(failure)"] }
        return lines.joined(separator: "\n")
    }

    /// Whether it looks at connections, and not at packets one by one.
    static func tracks(_ entry: RunPlan.Entry) -> Bool { !entry.subscription._needs.contains(.packets) }
    static func shownStages(of entry: RunPlan.Entry) -> [FilterStage] { tracks(entry) ? entry.filter.stages : [.packet] }

    private var heading: [String] {
        let traffic = "\(Figures.grouped(counters.packets)) packets, \(Figures.bytes(counters.bytes)), \(Figures.grouped(counters.connections)) connections"
        return ["\(capture): \(traffic)", table.time, ""]
    }

    /// What goes on behind each stage of a filter.
    private func lines(_ entry: RunPlan.Entry, _ flow: FilterFlow) -> [String] {
        let widths = [-20, 13, 9, 12, 9, 16, 14]
        var lines = ["\(entry.name)  \(entry.filter)", TextRow.of(["goes on behind", "packets", "", "bytes", "", "cycles for it", "connections"], widths)]
        lines.append(TextRow.of(["(all)", Figures.grouped(counters.packets), "", Figures.bytes(counters.bytes)], widths))
        let tracks = Self.tracks(entry)
        for stage in Self.shownStages(of: entry) {
            lines.append(row("\(stage)", flow[stage], tracks ? Figures.grouped(flow.connections(behind: stage)) : "", widths))
        }
        if tracks { lines.append(row("not done", flow.wanted, Figures.grouped(flow.matches), widths)) }
        for callback in Callback.allCases where flow.calls[callback.rawValue] > 0 {
            let (calls, cycles) = (flow.calls[callback.rawValue], flow.callCycles[callback.rawValue])
            lines.append(
                TextRow.of(
                    ["calls: \(callback.name)", Figures.grouped(calls), "", "", "", Figures.grouped(cycles), "\(TextRow.ratio(cycles, calls)) each"], widths))
        }
        return lines
    }

    private func row(_ name: String, _ volume: TrafficVolume, _ connections: String, _ widths: [Int]) -> String {
        TextRow.of(
            [
                name, Figures.grouped(volume.packets), Figures.percent(volume.packets, of: counters.packets), Figures.bytes(volume.bytes),
                Figures.percent(volume.bytes, of: counters.bytes), Figures.grouped(volume.cycles), connections,
            ], widths)
    }
}
