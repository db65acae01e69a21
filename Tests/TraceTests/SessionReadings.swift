import Filters
import Packets
import Protocols
import Testing
import Tracking

/// What of one parser's sessions in a capture differs from an oracle, and why that is right.
struct KnownSessions {
    var onlyHere = 0
    var onlyThere = 0
    var reason: String
}

/// Holds what is compared of each session against the same of an oracle's, whatever their order.
func expectSame<Reading: Hashable & CustomStringConvertible>(
    _ here: [Reading], _ there: [Reading], known: KnownSessions?, sourceLocation: SourceLocation = #_sourceLocation
) {
    var counts: [Reading: Int] = [:]
    for reading in there { counts[reading, default: 0] -= 1 }
    for reading in here { counts[reading, default: 0] += 1 }
    func expect(_ differences: [(key: Reading, value: Int)], _ number: Int, _ place: String) {
        let examples = differences.map(\.key.description).sorted().prefix(5)
        #expect(
            differences.reduce(0) { $0 + abs($1.value) } == number, "only \(place): \(examples); known: \(known?.reason ?? "nothing")",
            sourceLocation: sourceLocation)
    }
    expect(counts.filter { $0.value > 0 }, known?.onlyHere ?? 0, "here")
    expect(counts.filter { $0.value < 0 }, known?.onlyThere ?? 0, "there")
}

/// All sessions that a parser finds in a recording, and the connection of each as it stood then: those of the innermost header (R7), whatever tunnel that lies in.
///
/// - Parameters:
///   - depth: how far the parser goes.
///   - other: a service whose parser runs as well.
func sessions<Parser: SessionParser>(
    of parser: Parser.Type, beside other: Service? = nil, in recording: Recording, depth: SessionDepth = .opening
) throws -> [(session: Parser.Session, connection: ConnectionRecord)] {
    let notes = SessionNotes<Parser>.Notes()
    try CurrentNotes.$value.withValue(notes) {
        let options = TrackerOptions.defaults.tunnelsTogether
        let filter: Filter = other.map { .service(Parser.service) || .service($0) } ?? .service(Parser.service)
        let order = SubscriberOrder(options, filter: filter)
        let subscriber = try depth == .opening ? SessionNotes<Parser>._makeSubscriber(order) : WholeSessionNotes<Parser>._makeSubscriber(order)
        var pipeline = Pipeline(options, subscribers: [subscriber], seed: HashSeed(1))
        recording.forEachBurst(of: 64) { frames, _ in pipeline.process(frames) }
        pipeline.drain()
        #expect(pipeline.counters.isBalanced && pipeline.counters.isPayloadBalanced)
    }
    return notes.sessions
}

/// Where the subscription below puts its sessions: generic types have no static storage of their own.
private enum CurrentNotes {
    @TaskLocal static var value: (any Sendable & AnyObject)?
}

private struct SessionNotes<Parser: SessionParser>: SessionTrackable {
    final class Notes: SubscriptionReport, @unchecked Sendable {
        var sessions: [(session: Parser.Session, connection: ConnectionRecord)] = []
        func merge(_ other: Notes) {}
    }

    static func makeReport(_ context: ReportContext) -> Notes { CurrentNotes.value as! Notes }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ session: Parser.Session, of connection: ConnectionRecord, _ notes: inout Notes) -> Verdict {
        notes.sessions.append((session, connection))
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ notes: inout Notes) {}
}

private struct WholeSessionNotes<Parser: SessionParser>: SessionTrackable {
    static var sessionDepth: SessionDepth { .whole }
    static func makeReport(_ context: ReportContext) -> SessionNotes<Parser>.Notes { CurrentNotes.value as! SessionNotes<Parser>.Notes }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ session: Parser.Session, of connection: ConnectionRecord, _ notes: inout SessionNotes<Parser>.Notes) -> Verdict {
        notes.sessions.append((session, connection))
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ notes: inout SessionNotes<Parser>.Notes) {}
}
