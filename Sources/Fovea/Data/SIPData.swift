import Packets
import Protocols
import Tracking

/// `data = "sip"`: a line for each SIP request with its final response, as soon as that came. Fields are those of Zeek's sip.log.
struct SIPData: SessionLines {
    typealias Parser = SIPParser

    static let name = "sip"
    static let summary = "SIP requests with their final responses, as soon as these came: methods, URIs, who calls whom, status, media"

    static func add(_ transaction: SIPTransaction, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: transaction.requested ?? transaction.responded)
        line.add("proto", connection.transport.description)
        line.addTransaction(transaction)
    }
}

extension LogLine {
    /// What a line says of a SIP transaction. Fields are those of Zeek's sip.log, and a few more at the end. Passwords are in none.
    public mutating func addTransaction(_ transaction: SIPTransaction) {
        let (request, response, either) = (transaction.request, transaction.response, transaction.request ?? transaction.response)
        add("method", transaction.method)
        add("uri", request?.uri)
        add("date", request?.value(.date))
        add("request_from", request?.text(.from, before: "tag"))
        add("request_to", request?.text(.to, before: "tag"))
        add("response_from", response?.text(.from, before: "tag"))
        add("response_to", response?.text(.to, before: "tag"))
        add("reply_to", request?.value(.replyTo))
        add("call_id", either?.callID)
        add("seq", either?.sequence)
        add("subject", request?.value(.subject))
        if let request { add("request_path", request.path) }
        if let response { add("response_path", response.path) }
        add("user_agent", request?.value(.userAgent))
        if let response {
            add("status_code", response.status)
            add("status_msg", response.reason)
            add("warning", response.value(.warning))
        }
        if let request { add("request_body_len", request.contentLength ?? request.bodyLength) }
        if let response { add("response_body_len", response.contentLength ?? response.bodyLength) }
        add("content_type", response?.value(.contentType))
        addMore(transaction)
    }

    private mutating func addMore(_ transaction: SIPTransaction) {
        let (request, response) = (transaction.request, transaction.response)
        if let latency = transaction.latency { add("rtt", seconds: latency) }
        add("is_orig", transaction.client == .originator)
        add("request_content_type", request?.value(.contentType))
        add("server", response?.value(.server))
        if transaction.provisionalCount > 0 {
            add("provisional_count", transaction.provisionalCount)
            add("provisional_code", transaction.provisionalStatus)
        }
        if transaction.retransmissions > 0 { add("retransmissions", transaction.retransmissions) }
        if let media = request?.media, !media.isEmpty { add("request_media", media.map(\.text)) }
        if let media = response?.media, !media.isEmpty { add("response_media", media.map(\.text)) }
        add("problem", (request?.problem ?? response?.problem).map { "\($0)" })
        addToEvent { event in
            if let request { event.add("request_line", .text(request.startLine)) }
            if let version = (request ?? response)?.version { event.add("version", .text(version)) }
            if let response { event.add("response_line", .text(response.startLine)) }
        }
    }
}

extension SIPMedia {
    /// `audio 192.0.2.1 49170`
    fileprivate var text: String { "\(kind) \(address.map { "\($0)" } ?? "-") \(port)" }
}
