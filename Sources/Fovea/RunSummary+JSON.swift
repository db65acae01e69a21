import Foundation
import Tracking

extension RunSummary {
    /// The summary as a JSON object: every count in total and for each core, zeros included, so that a program can hold them against each other. Keys are
    /// Swift's names in snake case; times are seconds, memory is bytes.
    public var json: String {
        var object = Self.figures(counters)
        object["lcores"] = lcores.map { core in
            var object = Self.figures(core.counters).merging(["lcore": core.lcore, "memory": core.memory.total]) { $1 }
            object["stages"] = core.stages?.objects
            return object
        }
        if let stages { (object["stages"], object["cycles_per_second"]) = (stages.objects, cyclesPerSecond.rounded()) }
        object["packet_time"] = Double(packetTime) / 1e9
        object["wall_time"] = wallTime.inSeconds
        object["dropped"] = dropped
        object["dispatch_dropped"] = dispatchDropped
        object["dispatch"] = dispatch.map(\.figures)
        object["output_dropped"] = outputDropped
        object["outputs"] = outputs.map(\.figures)
        object["lost_mbufs"] = lostMbufs
        object["interrupted"] = wasInterrupted
        object["reloads"] = reloads
        object["refused_reloads"] = refusedReloads
        object["failures"] = failures
        object["problems"] = problems
        object["ports"] = ports.map { port in
            [
                "device": port.device, "queues": port.queues, "spreading": port.spreading.name, "missed": port.statistics.missed,
                "no_mbuf": port.statistics.noBuffer,
                "errors": port.statistics.errors,
            ] as [String: Any]
        }
        if let file { object["file"] = ["path": file.path, "bytes": file.byteCount] as [String: Any] }
        // Strings, numbers, arrays and dictionaries of them: that cannot fail.
        let data = try? JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data ?? Data(), as: UTF8.self) + "\n"
    }

    private static func figures(_ counters: Counters) -> [String: Any] {
        func table<Key: CaseIterable>(_ count: (Key) -> UInt64) -> [String: UInt64] {
            Dictionary(uniqueKeysWithValues: Key.allCases.map { ("\($0)".snakeCased, count($0)) })
        }
        return [
            "packets": counters.packets, "bytes": counters.bytes, "cut_packets": counters.cutPackets, "unopened_tunnels": counters.unopenedTunnels,
            "outcomes": table { (outcome: PacketOutcome) in counters[outcome] },
            "malformed": table { (problem: PacketProblem) in counters[problem] },
            "connections": counters.connections, "connections_peak": counters.connectionsPeak,
            "ends": table { (end: EndReason) in counters[end] },
            "reused_tuples": counters.reusedTuples, "refused_resets": counters.refusedResets, "corrected_originators": counters.correctedOriginators,
            "evicted_tombstones": counters.evictedTombstones, "icmp_errors_matched": counters.matchedErrors,
            "icmp_errors_unmatched": counters.unmatchedErrors,
            "tcp_payload_bytes": counters.payloadBytes, "tcp_payload": table { (outcome: ByteOutcome) in counters[bytes: outcome] },
            "tcp_payload_held": counters.held, "gaps": counters.gaps, "gap_bytes": counters.gapBytes, "holes_given_up": counters.holesGivenUp,
            "holes_timed_out": counters.holesTimedOut, "reassembly_peak": counters.reassemblyPeak,
            "datagrams": counters.datagrams, "datagrams_lost": table { (loss: DatagramLoss) in counters[loss] },
            "fragment_duplicates": counters.fragmentDuplicates, "fragment_conflicts": counters.fragmentConflicts, "fragments_peak": counters.fragmentsPeak,
            "wrong_core": counters.wrongCore,
            "sessions": counters.sessions, "sessions_missed": counters.sessionsMissed, "history_packets_missed": counters.historyPacketsMissed,
            "history_bytes_missed": counters.historyBytesMissed,
            "parser_failures": table { (failure: ParserFailure) in counters.parserFailures[Int(failure.rawValue)] },
            "emergencies": counters.emergencies, "emergency_time": Double(counters.emergencyTime) / 1e9,
            "time_leaps": counters.timeLeaps, "stray_times": counters.strayTimes, "latest_timeout": Double(counters.lateness.most) / 1e9,
            // By powers of two of milliseconds, from less than one on.
            "timeout_lateness": counters.lateness.counts.indices.map { counters.lateness.counts[$0] },
        ]
    }

    /// Writes it beside the subscriptions' results.
    func writeJSON() throws(OutputError) {
        guard let folder = config.output else { return }
        let path = "\(folder)/summary.json"
        do {
            try Data(json.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw OutputError(path: path, code: ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError).map { Int32(clamping: $0.code) } ?? EIO)
        }
    }
}
