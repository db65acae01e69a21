import Filters
import Packets
import Protocols
import Tracking

/// `data = "http_bodies"`: a line for each body of an HTTP/1 message: files, forms, pages, answers of services. Fields are those of Zeek's files.log, behind
/// whose connection it was; the bytes are not kept.
struct HTTPBodiesData: SessionTrackable {
    typealias Parser = HTTPParser

    static let name = "http_bodies"
    static let summary = "bodies of HTTP/1 requests and responses: what they are by their first bytes, length, SHA-256"
    static let filter: Filter = .service(.http)
    static let sessionDepth = SessionDepth.whole

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) {}

    mutating func session(_ exchange: HTTPExchange, of connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        let server = exchange.client.opposite
        for (body, head, sender, time) in [
            (exchange.requestBody, exchange.request?.head, exchange.client, exchange.requested),
            (exchange.responseBody, exchange.response?.head, server, exchange.responded),
        ] where body.byteCount > 0 {
            output.write { line in
                line.addIdentity(of: connection, at: time)
                line.add("source", "HTTP")
                line.add("trans_depth", exchange.number)
                line.add("is_orig", sender == .originator)
                line.addBody(body, declared: head?.header("content-type"))
                line.add("host", exchange.request?.host)
                line.add("uri", exchange.request?.target)
            }
        }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}

/// `data = "http2_bodies"`: the same of HTTP/2 in the clear, once their streams are over.
struct HTTP2BodiesData: SessionTrackable {
    typealias Parser = HTTP2Parser

    static let name = "http2_bodies"
    static let summary = "bodies of requests and responses of HTTP/2 in the clear: what they are by their first bytes, length, SHA-256"
    static let filter: Filter = .service(.http2)
    static let sessionDepth = SessionDepth.whole

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    init(_ connection: ConnectionRecord) {}

    mutating func session(_ exchange: HTTP2Exchange, of connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        for (body, type, sender, time) in [
            (exchange.requestBody, exchange.requestHeader("content-type"), exchange.client, exchange.requested),
            (exchange.responseBody, exchange.responseHeader("content-type"), exchange.client.opposite, exchange.answered),
        ] {
            guard let body, body.byteCount > 0 else { continue }
            output.write { line in
                line.addIdentity(of: connection, at: time ?? exchange.ended)
                line.add("source", "HTTP2")
                line.add("stream_id", exchange.stream)
                line.add("is_orig", sender == .originator)
                line.addBody(body, declared: type)
                line.add("host", exchange.host)
                line.add("uri", exchange.path)
            }
        }
        return .more
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {}
}

extension LogLine {
    /// What a line says of a body. Fields are those of Zeek's files.log.
    ///
    /// - Parameter declared: what its sender says that it is.
    public mutating func addBody(_ body: HTTPBody, declared: String?) {
        add("mime_type", body.type?.rawValue)
        add("seen_bytes", body.byteCount)
        add("missing_bytes", body.missingCount)
        add("sha256", body.sha256)
        add("declared_type", declared)
    }
}
