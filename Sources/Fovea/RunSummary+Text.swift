import Capture
import Packets
import Tracking

extension RunSummary: CustomStringConvertible {
    /// A page of text: aligned columns, a section for each thing that can be counted, what is zero left out.
    public var description: String {
        var page = SummaryPage()
        describeRun(&page)
        describePackets(&page)
        describeConnections(&page)
        describePayload(&page)
        describeStreams(&page)
        describeDispatch(&page)
        describeLosses(&page)
        for failure in failures { page.line("not read to its end: \(failure)") }
        for problem in problems { page.line("problem: \(problem)") }
        if wasInterrupted, file != nil { page.line("interrupted: the rest of the capture was not looked at") }
        return page.text
    }

    /// A table of what the stages took, all cores together; nil if it was not to be counted.
    public var stageTable: String? {
        guard let stages else { return nil }
        let table = StageTable(costs: stages, packets: counters.packets, frequency: cyclesPerSecond)
        let cores = lcores.count > 1 ? " of \(lcores.count) cores" : ""
        return (["stages\(cores): \(table.time)"] + table.lines).joined(separator: "\n") + "\n"
    }

    private func describeRun(_ page: inout SummaryPage) {
        for port in ports { page.line("\(port.device)  (\(port.driver), \(port.queues) \(port.queues == 1 ? "queue" : "queues")\(spread(port)))") }
        if let file { page.line(file.path == "-" ? "standard input" : file.path) }
        let seconds = max(wallTime.inSeconds, 1e-9)
        let duration = Figures.duration(Double(packetTime) / 1e9)
        page.line("\(Figures.grouped(counters.packets)) packets, \(Figures.grouped(counters.bytes)) bytes, \(duration) of packet time")
        let packetRate = Figures.scaled(Double(counters.packets) / seconds).trimmed, bitRate = Figures.scaled(Double(counters.bytes) * 8 / seconds).trimmed
        page.line("took \(Figures.duration(seconds)): \(packetRate) packets/s, \(bitRate)bit/s")
        page.rowIfAny("filters reloaded", UInt64(reloads))
        page.rowIfAny("reloads refused", UInt64(refusedReloads))
        guard lcores.count > 1 else { return }
        for core in lcores { page.row("lcore \(core.lcore)", core.counters.packets, of: counters.packets) }
    }

    private func spread(_ port: PortSummary) -> String {
        if port.spreading == .software { return ", spread over \(port.cores.count) cores by software" }
        guard port.queues > 1 else { return "" }
        if port.spreading == .none { return ", no RSS: the device spreads packets as it likes" }
        return ", symmetric RSS by \(port.spreading.isByPorts ? "ports" : "addresses")"
    }

    private func describePackets(_ page: inout SummaryPage) {
        page.title("packets", counters.packets)
        for outcome in PacketOutcome.allCases where counters[outcome] > 0 {
            page.row(outcome.text, counters[outcome], of: counters.packets)
            guard outcome == .malformed else { continue }
            for problem in PacketProblem.allCases where counters[problem] > 0 { page.subrow(problem.text, counters[problem]) }
        }
        let sum = PacketOutcome.allCases.reduce(0) { $0 + counters[$1] }
        page.row("accounted for", Figures.grouped(sum), note: "of \(Figures.grouped(counters.packets))")
        if counters.unopenedTunnels > 0 { page.row("tunnels not opened: inside unreadable", counters.unopenedTunnels, of: counters.packets) }
        describeFragments(&page)
        if counters.cutPackets > 0 { page.row("cut short by a snap length", counters.cutPackets, of: counters.packets) }
    }

    private func describeFragments(_ page: inout SummaryPage) {
        page.rowIfAny("datagrams made of fragments", counters.datagrams)
        for loss in DatagramLoss.allCases { page.rowIfAny("datagrams given up: \(loss.text)", counters[loss]) }
        page.rowIfAny("fragments that came twice", counters.fragmentDuplicates)
        page.rowIfAny("fragments with other bytes", counters.fragmentConflicts)
        page.rowIfAny("fragments that cannot be", counters.malformedFragments)
        page.rowIfAny("fragments beyond the largest datagram", counters.overlongFragments)
    }

    private func describeConnections(_ page: inout SummaryPage) {
        guard counters.connections > 0 else { return }
        page.title("connections", counters.connections)
        for reason in EndReason.allCases where counters[reason] > 0 { page.row(reason.text, counters[reason], of: counters.connections) }
        page.rowIfAny("their addresses and ports used again", counters.reusedTuples)
        page.rowIfAny("ICMP errors about one of them", counters.matchedErrors)
        page.rowIfAny("ICMP errors about none of them", counters.unmatchedErrors)
        page.rowIfAny("originator corrected", counters.correctedOriginators)
        page.rowIfAny("resets not believed", counters.refusedResets)
        describeTime(&page)
    }

    private func describeTime(_ page: inout SummaryPage) {
        if let most = counters.lateness.milliseconds(share: 0.99) {
            let all = Double(counters.lateness.most) / 1e9
            page.row("timeouts acted upon within", Figures.duration(all), note: Double(most) / 1e3 < all ? "99 % within \(Figures.grouped(most)) ms" : "")
        }
        page.rowIfAny("leaps of packet time", counters.timeLeaps)
        page.rowIfAny("packets whose time was not believed", counters.strayTimes)
    }

    private func describeStreams(_ page: inout SummaryPage) {
        guard counters.streamBytes > 0 || counters.sessions > 0 || counters.gaps > 0 else { return }
        page.title("sessions", counters.sessions)
        page.rowIfAny("gaps", counters.gaps)
        page.rowIfAny("bytes in gaps", counters.gapBytes)
        page.rowIfAny("overlaps with different bytes", counters.conflicts)
        for failure in ParserFailure.allCases { page.rowIfAny("parser gave up: \(failure.text)", counters.parserFailures[Int(failure.rawValue)]) }
    }

    /// Shown where streams were wanted; otherwise all of it is unwanted.
    private func describePayload(_ page: inout SummaryPage) {
        guard counters.payloadBytes > counters[bytes: .unwanted] + counters[bytes: .afterEnd] else { return }
        page.title("TCP payload bytes", counters.payloadBytes)
        for outcome in ByteOutcome.allCases where counters[bytes: outcome] > 0 {
            page.row(outcome.text, counters[bytes: outcome], of: counters.payloadBytes)
        }
        if counters.held > 0 { page.row("held", counters.held, of: counters.payloadBytes) }
        let sum = ByteOutcome.allCases.reduce(counters.held) { $0 + counters[bytes: $1] }
        page.row("accounted for", Figures.grouped(sum), note: "of \(Figures.grouped(counters.payloadBytes))")
    }

    private func describeDispatch(_ page: inout SummaryPage) {
        for summary in dispatch {
            let counts = summary.counts
            page.title("\(summary.subscription), on another core", counts.delivered + counts.late + counts.dropped)
            page.row("callbacks called", Figures.grouped(counts.delivered))
            page.rowIfAny("after it wanted no more", counts.late)
            page.rowIfAny("lost: the ring was full", counts.dropped)
            page.rowIfAny("bytes of packets and streams in these", counts.droppedBytes)
            page.rowIfAny("connections cut short", counts.cutConnections)
            page.row("waited in the ring at most", Figures.bytes(counts.ringPeak), note: "of \(Figures.bytes(summary.ring))")
        }
    }

    private func describeLosses(_ page: inout SummaryPage) {
        page.title("limits")
        if let memory = lcores.first?.memory {
            page.row("memory of the engine at most", Figures.bytes(memory.total), note: "of \(Figures.bytes(config.memoryBudget)) a core")
        }
        let tables = UInt64(config.conntrack.maxConnections * max(1, lcores.count))
        page.row("connections at once", Figures.grouped(counters.connectionsPeak), note: "of \(Figures.grouped(tables))")
        if counters.reassemblyPeak > 0 {
            let budget = config.conntrack.reassemblyMemory * max(1, lcores.count)
            page.row("held behind missing bytes", Figures.bytes(counters.reassemblyPeak), note: "of \(Figures.bytes(budget))")
        }
        if counters.fragmentsPeak > 0 {
            // Where cores share packets they are put together before packets are spread.
            let duties = QueueDuties(ports.map(\.duties))
            let budget = config.conntrack.fragmentMemory * max(1, duties.own.count + duties.shared.count)
            page.row("fragments held", Figures.bytes(counters.fragmentsPeak), note: "of \(Figures.bytes(budget))")
        }
        page.rowIfAny("sessions before a match, without room", counters.sessionsMissed)
        page.rowIfAny("packets before a match, without room", counters.historyPacketsMissed)
        page.rowIfAny("bytes before a match, without room", counters.historyBytesMissed)
        page.rowIfAny("evicted: the table was full", counters[.evicted])
        page.rowIfAny("connections on more than one core: a bug", counters.wrongCore)
        if counters.emergencies > 0 {
            let seconds = Double(counters.emergencyTime) / 1e9
            page.row("emergencies: the table nearly full", Figures.grouped(counters.emergencies), note: "\(Figures.duration(seconds)) in all")
        }
        page.rowIfAny("tombstones evicted", counters.evictedTombstones)
        page.rowIfAny("holes given up: no room", counters.holesGivenUp)
        page.rowIfAny("holes given up: open for too long", counters.holesTimedOut)
        for port in ports {
            let name = ports.count > 1 ? "\(port.device.prefix { $0 != "," }): " : ""
            page.rowIfAny("\(name)dropped: queue full", port.statistics.missed)
            page.rowIfAny("\(name)dropped: no mbuf free", port.statistics.noBuffer)
            page.rowIfAny("\(name)dropped: device errors", port.statistics.errors)
        }
        for output in outputs { page.rowIfAny("\(output.subscription): lines dropped, written too slowly", output.dropped) }
        page.rowIfAny("mbufs not given back", UInt64(max(0, lostMbufs)))
        if dropped == 0 { page.row("dropped", "0") }
    }
}

/// Lines whose numbers stand in one column.
private struct SummaryPage {
    private(set) var text = ""
    private static let labelWidth = 38
    private static let numberWidth = 16

    mutating func line(_ line: String) { text += line + "\n" }

    mutating func title(_ title: String, _ count: UInt64? = nil) {
        text += "\n" + (count.map { numbered(title, Figures.grouped($0)) } ?? title) + "\n"
    }

    mutating func row(_ label: String, _ count: UInt64, of whole: UInt64) {
        line(numbered("  " + label, Figures.grouped(count)) + "  " + Figures.percent(count, of: whole))
    }

    mutating func row(_ label: String, _ number: String, note: String = "") {
        line(numbered("  " + label, number) + (note.isEmpty ? "" : "  " + note))
    }

    mutating func subrow(_ label: String, _ count: UInt64) { line(numbered("    " + label, Figures.grouped(count))) }

    mutating func rowIfAny(_ label: String, _ count: UInt64) { if count > 0 { line(numbered("  " + label, Figures.grouped(count))) } }

    private func numbered(_ label: String, _ number: String) -> String {
        Figures.rightPadded(label, to: Self.labelWidth) + Figures.leftPadded(number, to: Self.numberWidth)
    }
}

extension String {
    fileprivate var trimmed: Substring { drop { $0 == " " } }
}

extension EndReason {
    /// A short text for the summary.
    var text: String {
        switch self {
        case .fin: "closed by both sides"
        case .rst: "reset"
        case .idle: "silent for too long"
        case .evicted: "evicted, the table was full"
        case .emergency: "ended early, the table was nearly full"
        case .drained: "open when the run ended"
        }
    }

    /// For logs.
    public var name: String {
        switch self {
        case .fin: "fin"
        case .rst: "rst"
        case .idle: "idle"
        case .evicted: "evicted"
        case .emergency: "emergency"
        case .drained: "drained"
        }
    }
}

extension OriginatorEvidence {
    /// For logs.
    public var name: String {
        switch self {
        case .none: "none"
        case .syn: "syn"
        case .synAck: "syn_ack"
        case .firstPacket: "first_packet"
        }
    }
}

extension DatagramLoss {
    var text: String {
        switch self {
        case .timeout: "timeout"
        case .full: "no room"
        case .overlap: "overlap"
        case .cut: "snap length"
        case .drained: "end of run"
        }
    }
}

extension ParserFailure {
    var text: String {
        switch self {
        case .otherProtocol: "another protocol"
        case .malformed: "malformed message"
        case .unexpected: "message out of place"
        case .tooLong: "message too long"
        case .overBudget: "its protocol's memory was used up"
        }
    }
}

extension PacketProblem {
    var text: String {
        switch self {
        case .none: "none"
        case .linkHeaderCut: "link header cut"
        case .tooManyLinkHeaders: "too many link headers"
        case .tooManyTunnels: "too many tunnels in each other"
        case .ipHeaderCut: "IP header cut"
        case .ipBadVersion: "IP version that is none"
        case .ipBadHeaderLength: "IP header length that cannot be"
        case .ipBadTotalLength: "IP total length that cannot be"
        case .ipv6ExtensionCut: "IPv6 extension header cut"
        case .ipv6TooManyExtensions: "too many IPv6 extension headers"
        case .ipv6BadJumbogram: "IPv6 jumbogram that cannot be"
        case .tcpHeaderCut: "TCP header cut"
        case .tcpBadDataOffset: "TCP data offset that cannot be"
        case .udpHeaderCut: "UDP header cut"
        case .udpBadLength: "UDP length that cannot be"
        case .icmpHeaderCut: "ICMP header cut"
        case .sctpHeaderCut: "SCTP header cut"
        }
    }
}
