import Filters
import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every HTTP/1 request and response of a capture is held against what tshark sees (R9). What differs is known by number, and has a reason.
@Suite struct `HTTP captures` {
    private static let known: [String: KnownSessions] = [
        "http-nginx": KnownSessions(onlyHere: 1, reason: "HTTP behind a proxy's CONNECT, which tshark leaves alone"),
        "vlan-qinq": KnownSessions(
            onlyHere: 8, reason: "five connections in networks of their own are one stream to tshark; two differ in a third tag alone, and are one here"),
        "l2-same-tuple-other-vlans": KnownSessions(onlyHere: 2, reason: "three connections in networks of their own are one stream to tshark"),
        "hostile-tls-corner-cases": KnownSessions(
            onlyHere: 3, reason: "requests of whose heads only the beginnings were captured: given as cut, and tshark waits for the rest"),
        "http1-chunk-size-overflow": KnownSessions(onlyHere: 1, reason: "the request that is smuggled behind a chunk's size of more than 64 bits"),
        "http1-methods": KnownSessions(
            onlyHere: 10, onlyThere: 10,
            reason: "lines without a target or a version are no requests here, and only the responses HTTP; GET without a version is HTTP/0.9, and one line"),
        "ip4-fragments-overlap": KnownSessions(onlyHere: 1, reason: "HTTP/0.9, which tshark does not take for a request"),
        "ip6-atomic-frag-ext-headers": KnownSessions(onlyHere: 4, reason: "HTTP/0.9, which tshark does not take for a request"),
        "mixed-all-protocols-synthetic": KnownSessions(onlyThere: 1, reason: "a request of SIP, whose version says so"),
        "mixed-enterprise-capture2": KnownSessions(
            onlyHere: 48, onlyThere: 48, reason: "responses whose bodies do not end within the capture: given at its end, and tshark waits for more"),
        "mixed-netflix-6999": KnownSessions(
            onlyHere: 43, onlyThere: 43, reason: "responses whose bodies do not end within the capture: given at its end, and tshark waits for more"),
        "tunnel-gtpu-http-fragments": KnownSessions(
            onlyHere: 1, onlyThere: 1, reason: "a response whose body does not end within the capture: here it is given at the end, and tshark waits for more"),
        "mixed-office-4631": KnownSessions(onlyHere: 1, onlyThere: 1, reason: "a request on port 5005, of which tshark knows only the response"),
        "tcp-overlap-conflict": KnownSessions(onlyHere: 1, reason: "its head has a hole: given as cut"),
    ]
    /// The same of responses in streams with holes (R13).
    private static let knownResponses: [String: KnownSessions] = [
        "http1-browsing-13-connections": KnownSessions(onlyHere: 1, reason: "the first response of the stream, at packet 97: tshark leaves it out"),
        "mixed-netflix-6999": KnownSessions(
            onlyHere: 9, reason: "there are 12 heads of responses in the stream; the bodies between them have holes and known lengths"),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: CaptureFolder.own.files)
    func `our own read as the oracle says`(_ capture: CaptureName) throws { try expectAgreement(capture) }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones read as the oracle says`(_ capture: CaptureName) throws { try expectAgreement(capture) }

    /// What is behind a proxy's CONNECT is found by whose it is: TLS, and HTTP again.
    @Test func `hand over to what is behind CONNECT`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "http-nginx" })
        let notes = BothNotes.Notes()
        try BothNotes.$current.withValue(notes) {
            let options = TrackerOptions.defaults
            let subscribers = [
                try BothNotes.HTTP._makeSubscriber(SubscriberOrder(options, filter: .service(.http))),
                try BothNotes.TLS._makeSubscriber(SubscriberOrder(options, filter: .everything)),
            ]
            var pipeline = Pipeline(options, subscribers: subscribers, seed: HashSeed(1))
            try Recording(capture).forEachBurst(of: 64) { frames, _ in pipeline.process(frames) }
            pipeline.drain()
        }
        #expect(notes.texts == ["CONNECT 192.0.2.2:80 200", "GET /small.txt 200", "CONNECT 192.0.2.2:443 200", "TLS of HTTP", "GET /chat 101"])
    }

    private func expectAgreement(_ capture: CaptureName) throws {
        let oracle = try JSONDecoder().decode(HTTPOracle.self, from: Data(contentsOf: capture.folder.oracles.appending(path: "\(capture.name).json")))
        let found = try sessions(of: HTTPParser.self, in: Recording(capture))
        // What it sees of streams with holes (R13) is compared by itself.
        let holed = Set((oracle.behindGaps?.http ?? []).map(\.stream))
        let ends = Set(holed.compactMap(oracle.ends))
        let here = found.filter { !ends.contains(Tuple($0.connection)) }.map { HTTPReading($0.session, $0.connection) }
        let requests = (oracle.http ?? []).filter { !holed.contains($0.stream) }.map(HTTPReading.init)
        let responses = (oracle.unmatched ?? []).filter { !holed.contains($0.stream) }.map { HTTPReading($0, oracle.ends($0.stream)) }
        expectSame(here, requests + responses, known: Self.known[capture.name])

        for stream in oracle.behindGaps?.http ?? [] {
            let exchanges = found.filter { Tuple($0.connection) == oracle.ends(stream.stream) }.map(\.session)
            let (asked, answered) = (exchanges.compactMap(\.request), exchanges.compactMap(\.response))
            expectSame(asked.map { "\($0.method) \($0.host ?? "-") \($0.target)" }, stream.requests.map(\.text), known: nil)
            expectSame(answered.map { "\($0.status)" }, stream.responses.map { "\($0[0])" }, known: Self.knownResponses[capture.name])
        }
    }
}

/// The part of an oracle that tells of HTTP/1.
private struct HTTPOracle: Decodable {
    struct Record: Decodable {
        var stream: Int
        var client: Oracle.Endpoint
        var server: Oracle.Endpoint
        var method: String
        var host: String?
        var uri: String?
        var version: String?
        var user_agent: String?
        var status: UInt16?
    }

    struct Unmatched: Decodable {
        var stream: Int
        var status: UInt16
    }

    struct BehindGaps: Decodable {
        struct Stream: Decodable {
            /// Method, host, URI, and the frame's number.
            struct Request: Decodable {
                var text: String

                init(from decoder: any Decoder) throws {
                    var list = try decoder.unkeyedContainer()
                    let (method, host, uri) = (try list.decode(String.self), try list.decode(String?.self), try list.decode(String.self))
                    text = "\(method) \(host ?? "-") \(uri)"
                }
            }

            var stream: Int
            var requests: [Request]
            /// Status and the frame's number.
            var responses: [[Int]]
        }

        var http: [Stream]
    }

    struct Ends: Decodable {
        var orig: Oracle.Endpoint
        var resp: Oracle.Endpoint
    }

    var http: [Record]?
    var unmatched: [Unmatched]?
    var behindGaps: BehindGaps?
    var streams: [Ends]

    private enum CodingKeys: String, CodingKey {
        case http
        case unmatched = "http_unmatched_responses"
        case behindGaps = "if_gaps_are_skipped"
        case streams = "tcp_streams"
    }

    /// Those of a stream, by its requests where it has any: the streams are those of the outermost header.
    func ends(_ stream: Int) -> Tuple? {
        if let record = http?.first(where: { $0.stream == stream }) { return Tuple("tcp", record.client, record.server) }
        return stream < streams.count ? Tuple("tcp", streams[stream].orig, streams[stream].resp) : nil
    }
}

/// What is compared of a request and its response, or of a response alone.
private struct HTTPReading: Hashable, CustomStringConvertible {
    var description: String

    init(_ record: HTTPOracle.Record) {
        let status = record.status.map { "\($0)" } ?? "-"
        description = "\(Tuple("tcp", record.client, record.server)) \(record.method) \(record.host ?? "-") \(record.uri ?? "") \(record.version ?? "") "
            + "\(record.user_agent ?? "-") \(status)"
    }

    init(_ unmatched: HTTPOracle.Unmatched, _ ends: Tuple?) { description = "\(ends.map { "\($0)" } ?? "?") - \(unmatched.status)" }

    init(_ exchange: HTTPExchange, _ connection: ConnectionRecord) {
        let status = exchange.response.map { "\($0.status)" } ?? "-"
        guard let request = exchange.request else {
            description = "\(Tuple(connection)) - \(status)"
            return
        }
        description = "\(Tuple(connection)) \(request.method) \(request.host ?? "-") \(request.target) \(request.versionText) "
            + "\(request.head.header("user-agent") ?? "-") \(status)"
    }
}

/// Two subscriptions that note in one list what they see of proxies and upgrades.
private enum BothNotes {
    final class Notes: SubscriptionReport, @unchecked Sendable {
        var texts: [String] = []
        var tunnels: Set<String> = []
        func merge(_ other: Notes) {}
    }

    @TaskLocal static var current = Notes()

    struct HTTP: SessionTrackable {
        typealias Parser = HTTPParser
        static func makeReport(_ context: ReportContext) -> Notes { current }
        init(_ connection: ConnectionRecord) {}
        mutating func session(_ exchange: HTTPExchange, of connection: ConnectionRecord, _ notes: inout Notes) -> Verdict {
            let text = "\(exchange.request?.method ?? "-") \(exchange.request?.target ?? "-") \(exchange.response?.status ?? 0)"
            if exchange.request?.method == "CONNECT" { notes.tunnels.insert(connection.uid) }
            if notes.tunnels.contains(connection.uid) || exchange.response?.status == 101 { notes.texts.append(text) }
            return .more
        }
        consuming func ended(_ connection: ConnectionRecord, _ notes: inout Notes) {}
    }

    struct TLS: SessionTrackable {
        typealias Parser = TLSParser
        static func makeReport(_ context: ReportContext) -> Notes { current }
        init(_ connection: ConnectionRecord) {}
        mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ notes: inout Notes) -> Verdict {
            notes.texts.append(notes.tunnels.contains(connection.uid) ? "TLS of HTTP" : "TLS")
            return .done
        }
        consuming func ended(_ connection: ConnectionRecord, _ notes: inout Notes) {}
    }
}
