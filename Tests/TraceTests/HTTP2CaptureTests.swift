import Filters
import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every stream of HTTP/2 in the clear is held against what tshark sees (R14). What differs is known by number, and has a reason.
@Suite struct `HTTP/2 captures` {
    private static let known: [String: KnownSessions] = [
        "h2c-prior-knowledge": KnownSessions(onlyHere: 1, onlyThere: 1, reason: "the client resets stream 7 before its response comes, which then is of no stream"),
        "http2": KnownSessions(onlyHere: 1, onlyThere: 1, reason: "stream 13 asked for /large.txt: the oracle takes what was promised on it, /pushed.css, for its request"),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: CaptureFolder.own.files)
    func `our own read as the oracle says`(_ capture: CaptureName) throws {
        try expectAgreement(capture)
    }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones read as the oracle says`(_ capture: CaptureName) throws {
        try expectAgreement(capture)
    }

    @Test func `real programs' streams are read to their ends`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "http2" })
        let lines = try sessions(of: HTTP2Parser.self, in: Recording(capture)).map { line($0.session) }
        #expect(lines.sorted() == Self.lines.sorted())
    }

    /// What the script had nghttpd and nghttpx serve.
    @Test func `real programs' bodies have the hashes of the files that were sent`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "http2" })
        let files = ["/small.txt": "4c47b3e816fbe7d40cef9f665ba8f0be1ae68b5e8e7ed70f5b6bab7f70528e8f", "/large.txt": "e1630f843370f402870799e14abbf2b06af2d23b0153658e1211dffabc61ad8f"]
        let found = try sessions(of: HTTP2Parser.self, in: Recording(capture), depth: .whole).map(\.session).filter { $0.method == "GET" }
        #expect(found.filter { files[$0.path ?? ""] != nil }.count == 5)
        for exchange in found { if let hash = files[exchange.path ?? ""] { #expect(exchange.responseBody?.sha256 == hash) } }
    }

    private func line(_ exchange: HTTP2Exchange) -> String {
        var line = "\(exchange.stream) \(exchange.method ?? "-") \(exchange.path ?? "-") \(exchange.requestBodyLength) \(exchange.status ?? 0) \(exchange.responseBodyLength)"
        line += " \(exchange.end.name)\(exchange.end.code.map { " \($0)" } ?? "")\(exchange.isPushed ? " pushed" : "")"
        if exchange.isGRPC { line += " grpc \(exchange.requestMessages) \(exchange.responseMessages) \(exchange.grpcStatus.map { "\($0)" } ?? "-")" }
        let trailers = exchange.requestTrailers + exchange.responseTrailers
        return line + trailers.filter { $0.name.hasPrefix("x-") }.map { " \($0.name)=\($0.value)" }.joined() + exchange.problems.texts.map { " !\($0)" }.joined()
    }

    /// Stream 1 of the upgrades has no request; the last call was given up by its client.
    private static let lines = [
        "1 - - 0 200 6 complete x-checksum=1",
        "1 - - 0 200 6 complete x-checksum=1",
        "1 GET /small.txt 0 200 6 complete x-checksum=1",
        "1 GET /small.txt 0 200 6 complete x-checksum=1",
        "1 POST /form 7 200 7 complete x-checksum=1",
        "1 POST /fovea.test.Calls/Echo 10 200 10 complete grpc 1 1 0",
        "11 POST /fovea.test.Calls/Count 11 200 18 reset 8 grpc 1 3 -",
        "13 GET /large.txt 0 200 3000 complete x-checksum=1",
        "13 POST /small.txt 6 200 6 complete x-end=1 x-checksum=1",
        "15 GET /small.txt 0 200 6 complete x-checksum=1",
        "2 GET /pushed.css 0 200 7 complete pushed x-checksum=1",
        "3 GET /large.txt 0 200 3000 complete x-checksum=1",
        "3 POST /fovea.test.Calls/Count 6 200 35 complete grpc 1 5 0",
        "5 POST /fovea.test.Calls/Total 21 200 6 complete grpc 3 1 0",
        "7 POST /fovea.test.Calls/Refuse 5 200 0 complete grpc 1 0 7",
        "9 POST /fovea.test.Calls/Missing 5 200 0 complete grpc 1 0 12",
    ]

    private func expectAgreement(_ capture: CaptureName) throws {
        let oracle = try JSONDecoder().decode(HTTP2Oracle.self, from: Data(contentsOf: capture.folder.oracles.appending(path: "\(capture.name).json")))
        let here = try sessions(of: HTTP2Parser.self, in: Recording(capture)).map { HTTP2Reading($0.session, $0.connection) }
        expectSame(here, (oracle.h2c ?? []).map(HTTP2Reading.init), known: Self.known[capture.name])
    }
}

/// The part of an oracle that tells of HTTP/2.
private struct HTTP2Oracle: Decodable {
    struct Record: Decodable {
        var http2_stream: UInt32
        var client: Oracle.Endpoint
        var server: Oracle.Endpoint
        var method: String?
        var authority: String?
        var path: String?
        var user_agent: String?
        var status: UInt16?
    }

    var h2c: [Record]?
}

/// What is compared of a stream.
private struct HTTP2Reading: Hashable, CustomStringConvertible {
    var description: String

    private init(_ client: Oracle.Endpoint, _ server: Oracle.Endpoint, stream: UInt32, _ request: [String?], status: UInt16?) {
        description = "\(client) \(server) \(stream) \(request.map { $0 ?? "-" }.joined(separator: " ")) \(status.map { "\($0)" } ?? "-")"
    }

    init(_ record: HTTP2Oracle.Record) {
        let request = [record.method, record.authority, record.path, record.user_agent]
        self.init(record.client, record.server, stream: record.http2_stream, request, status: record.status)
    }

    init(_ exchange: HTTP2Exchange, _ connection: ConnectionRecord) {
        let ends = exchange.client == .originator ? (connection.originator, connection.responder) : (connection.responder, connection.originator)
        // What the server pushes has its request in a frame of another stream: the oracle does not put them together.
        let request = exchange.isPushed ? [nil, nil, nil, nil] : [exchange.method, exchange.authority, exchange.path, exchange.userAgent]
        self.init(ends.0.endpoint, ends.1.endpoint, stream: exchange.stream, request, status: exchange.status)
    }
}
