import Crypto
import Packets
import TestSupport
import Testing
@testable import Tracking

/// What reassembly gives out of each capture, held against the oracle's own: SHA-256 of both directions of each connection whose handshake is there, and
/// of which nothing is missing or contradicts itself. And whatever the capture, each byte of payload has one outcome.
@Suite struct `Streams of captures` {
    @Test(.timeLimit(.minutes(5)), arguments: CaptureFolder.own.files) func `our own are the oracle's, byte for byte`(_ capture: CaptureName) throws {
        try expectSameStreams(capture)
    }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(10)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones are the oracle's, byte for byte`(_ capture: CaptureName) throws {
        try expectSameStreams(capture)
    }

    private func expectSameStreams(_ capture: CaptureName) throws {
        var options = TrackerOptions.patient
        options.holeTimeout = 1 << 60
        let report = StreamHashes()
        let counters = try StreamHashes.$current.withValue(report) {
            var pipeline = Pipeline(options, subscribers: [try StreamHash._makeSubscriber(SubscriberOrder(options, filter: .everything))], seed: HashSeed(1))
            try Recording(capture).forEachBurst(of: 64) { frames, _ in pipeline.process(frames) }
            pipeline.drain()
            return pipeline.counters
        }
        #expect(counters.isPayloadBalanced)
        #expect(counters.held == 0)
        #expect(counters.payloadBytes == report.payloadBytes)
        #expect(counters[bytes: .delivered] + counters.gapBytes == report.passed)

        var differences: Set<Difference> = []
        for expected in try capture.oracle().payloads ?? [] {
            let tuple = Tuple("tcp", expected.a, expected.b)
            let seen = report.streams[tuple] ?? []
            let text = seen.map { $0.text(from: expected.a) }.joined(separator: ", ")
            guard text != expected.text else { continue }
            differences.insert(Difference(capture: capture.name, subject: "payload of \(tuple)", fovea: text.isEmpty ? Difference.nothing : text, oracle: expected.text))
        }
        let known = KnownDifferences.ofStreams(capture.name)
        for difference in differences.subtracting(known).sorted() { Issue.record("a difference that is not known: \(difference)") }
        for difference in known.subtracting(differences).sorted() { Issue.record("a known difference that is none: \(difference)") }
    }
}

/// The streams of a run's connections, as hashes.
private final class StreamHashes: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = StreamHashes()

    struct Stream {
        var originator: Oracle.Endpoint
        /// The originator's and the responder's.
        var texts: (String, String)

        func text(from endpoint: Oracle.Endpoint) -> String { endpoint == originator ? "\(texts.0) \(texts.1)" : "\(texts.1) \(texts.0)" }
    }

    var streams: [Tuple: [Stream]] = [:]
    var payloadBytes: UInt64 = 0
    var passed: UInt64 = 0

    func merge(_ other: StreamHashes) {}
}

private struct StreamHash: StreamTrackable {
    private var hashes = (SHA256(), SHA256())
    private var gaps = (0, 0)
    private var counts = (0, 0)

    static func makeReport(_ context: ReportContext) -> StreamHashes { StreamHashes.current }
    init(_ connection: ConnectionRecord) {}

    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ report: inout StreamHashes) -> Verdict {
        bytes.withUnsafeBytes { bytes in
            if sender == .originator {
                hashes.0.update(bufferPointer: bytes)
                counts.0 += bytes.count
            } else {
                hashes.1.update(bufferPointer: bytes)
                counts.1 += bytes.count
            }
        }
        return .more
    }

    mutating func gap(_ byteCount: Int, from sender: Direction, _ report: inout StreamHashes) -> Verdict {
        if sender == .originator { gaps.0 += byteCount } else { gaps.1 += byteCount }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ report: inout StreamHashes) {
        func text(_ count: Int, _ gap: Int, _ hash: SHA256, _ late: UInt64?) -> String {
            "\(count)\(gap > 0 ? "+\(gap) missing" : "")\(late ?? 0 > 0 ? "+\(late!) after its end" : "") " + hash.finalize().prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        for stream in [connection.originatorStream, connection.responderStream] { report.passed += stream?.passed ?? 0 }
        if connection.transport == .tcp { report.payloadBytes += connection.originator.payloadBytes + connection.responder.payloadBytes }
        guard connection.transport == .tcp, connection.originator.payloadBytes + connection.responder.payloadBytes > 0 else { return }
        report.streams[Tuple(connection), default: []].append(
            StreamHashes.Stream(
                originator: connection.originator.endpoint, texts: (
                    text(counts.0, gaps.0, hashes.0, connection.originatorStream?[.afterEnd]),
                    text(counts.1, gaps.1, hashes.1, connection.responderStream?[.afterEnd])
                )))
    }
}

extension Oracle {
    /// The payload of one 5-tuple, both ways.
    struct Payload: Decodable {
        var a: Endpoint
        var b: Endpoint
        var text: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            a = try Endpoint(from: &list)
            b = try Endpoint(from: &list)
            let first = (try list.decode(Int.self), try list.decode(String.self))
            let second = (try list.decode(Int.self), try list.decode(String.self))
            text = "\(first.0) \(first.1.prefix(16)) \(second.0) \(second.1.prefix(16))"
        }
    }
}
