import Filters
import Foundation
import Tracking

extension Profile {
    /// The tables as a JSON object: counts, bytes and cycles as they are, ratios left to the reader.
    var json: String {
        var object: [String: Any] = [
            "capture": capture, "packets": counters.packets, "bytes": counters.bytes, "connections": counters.connections,
            "cycles": stages.meter.allCycles, "cycles_per_second": frequency.rounded(),
            "stages": table.costs.objects,
            "subscriptions": zip(entries, stages.flows).map(Self.object),
        ]
        object["failure"] = failure
        // Strings, numbers, arrays and dictionaries of them: that cannot fail.
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    private static func object(_ entry: RunPlan.Entry, _ flow: FilterFlow) -> [String: Any] {
        let stages = shownStages(of: entry).map { stage in
            var object = Self.object(flow[stage])
            object["stage"] = "\(stage)"
            object["connections"] = tracks(entry) ? flow.connections(behind: stage) : nil
            return object
        }
        let calls = Callback.allCases.filter { flow.calls[$0.rawValue] > 0 }.map { callback in
            ["callback": callback.name, "calls": flow.calls[callback.rawValue], "cycles": flow.callCycles[callback.rawValue]] as [String: Any]
        }
        return ["name": entry.name, "filter": "\(entry.filter)", "stages": stages, "not_done": object(flow.wanted), "calls": calls]
    }

    private static func object(_ volume: TrafficVolume) -> [String: Any] {
        ["packets": volume.packets, "bytes": volume.bytes, "cycles": volume.cycles]
    }
}
