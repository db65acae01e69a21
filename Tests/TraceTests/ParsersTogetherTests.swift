import Filters
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Parsers do not take each other's connections: each finds in a capture what it finds there alone, whoever else runs.
@Suite struct `Parsers together` {
    /// Sessions of a service that are there alone and not together, or the other way round, and why that is right.
    private static let known: [String: (differences: [Service: Int], reason: String)] = [:]

    @Test(.timeLimit(.minutes(5)), arguments: CaptureFolder.own.files + CaptureFolder.shared.files)
    func `find what each finds alone`(_ capture: CaptureName) throws {
        let recording = try Recording(capture)
        let together = try Self.count(Parsers.all, recording)
        var differences: [Service: Int] = [:]
        for parser in Parsers.all {
            let difference = together[parser.service, default: 0] - (try Self.count([parser], recording))[parser.service, default: 0]
            if difference != 0 { differences[parser.service] = difference }
        }
        let known = Self.known[capture.name]
        #expect(differences == known?.differences ?? [:], "known: \(known?.reason ?? "nothing")")
    }

    /// Hostile case 38: each service's port is every other's, too.
    @Test(.timeLimit(.minutes(5)), arguments: CaptureFolder.own.files, [22, 25, 53, 67, 80, 123, 443, 3306, 5432, 6379, 27017] as [UInt16])
    func `38 find the same on each other's ports`(_ capture: CaptureName, port: UInt16) throws {
        let recording = try Recording(capture)
        // The server's is the lower one; of several servers the next ones have the ports behind it.
        func server(_ packet: Packet) -> UInt16? {
            packet.kind == .flow && (packet.transport == .tcp || packet.transport == .udp) ? min(packet.sourcePort, packet.destinationPort) : nil
        }
        var servers: [UInt16] = []
        _ = recording.replacing { _, packet in
            if let server = server(packet), !servers.contains(server) { servers.append(server) }
            return []
        }
        let moved = recording.replacing { bytes, packet in
            var bytes = Array(bytes)
            if let server = server(packet), let number = servers.firstIndex(of: server) {
                let (place, new) = (Int(packet.transportOffset), port + UInt16(number))
                if packet.sourcePort == server { bytes.replaceSubrange(place..<place + 2, with: [UInt8(new >> 8), UInt8(new & 255)]) }
                if packet.destinationPort == server { bytes.replaceSubrange(place + 2..<place + 4, with: [UInt8(new >> 8), UInt8(new & 255)]) }
            }
            return [bytes]
        }
        #expect(try Self.count(Parsers.all, moved) == (try Self.count(Parsers.all, recording)))
    }

    /// How many sessions there are of each service.
    private static func count(_ parsers: [any SessionParser.Type], _ recording: Recording) throws -> [Service: Int] {
        let tally = Tally()
        try Tally.$current.withValue(tally) {
            let options = TrackerOptions.defaults.tunnelsTogether
            var pipeline = Pipeline(options, subscribers: try parsers.map { try subscriber(of: $0, options) }, seed: HashSeed(1))
            recording.forEachBurst(of: 64) { frames, _ in pipeline.process(frames) }
            pipeline.drain()
            #expect(pipeline.counters.isBalanced && pipeline.counters.isPayloadBalanced)
        }
        return tally.counts
    }

    private static func subscriber<Parser: SessionParser>(of parser: Parser.Type, _ options: TrackerOptions) throws -> Subscriber {
        try Counted<Parser>._makeSubscriber(SubscriberOrder(options, filter: .service(parser.service)))
    }
}

private final class Tally: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = Tally()
    var counts: [Service: Int] = [:]
    func merge(_ other: Tally) {}
}

private struct Counted<Parser: SessionParser>: SessionTrackable {
    static func makeReport(_ context: ReportContext) -> Tally { Tally.current }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ session: Parser.Session, of connection: ConnectionRecord, _ tally: inout Tally) -> Verdict {
        tally.counts[Parser.service, default: 0] += 1
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ tally: inout Tally) {}
}
