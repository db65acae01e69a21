import Filters
import Packets

extension SIPParser {
    /// Wireshark's names, where it has one; of headers that request and response have in common the request's, if it was seen.
    public static let fields: [SessionField<SIPTransaction>] = [
        .string("sip.Method", "what is to be done, as it was written", example: "sip.Method in {\"INVITE\", \"REGISTER\"}") { $0.method },
        .string("sip.r-uri", "whom the request is for", example: "sip.r-uri starts_with \"sips:\"") { $0.request?.uri },
        .string("sip.r-uri.user", "the user in it", example: "sip.r-uri.user ~ \"^00[0-9]{9}\"") { $0.requestURI?.user },
        .name("sip.r-uri.host", "the host in it", example: "sip.r-uri.host ends_with \".example.org\"") { $0.requestURI?.host },
        .integer("sip.r-uri.port", max: 0xffff, "the port in it", example: "sip.r-uri.port != 5060") { ($0.requestURI?.port).map(UInt64.init) },
        .integer("sip.Status-Code", max: 699, "the final response's status", example: "sip.Status-Code in 400..699") { ($0.response?.status).map(UInt64.init) },
        .string("sip.Status-Line", "the final response's first line", example: "sip.Status-Line contains \"Not Acceptable\"") { $0.response?.startLine },
        .string("sip.Request-Line", "the request's first line", example: "sip.Request-Line starts_with \"OPTIONS sip:100@\"") { $0.request?.startLine },
        .string("sip.Call-ID", "what the messages of a call have in common", example: "sip.Call-ID ends_with \"@192.0.2.1\"") { $0.callID },
        .integer("sip.CSeq.seq", max: 0xffff_ffff, "the request's number", example: "sip.CSeq.seq > 1000") { transaction in
            transaction.message.sequence.flatMap { UInt64($0.prefix { $0.isASCII && $0.isNumber }) }
        },
        .address("sip.from", \.message.from, "who asks", example: "sip.from.user == \"100\""),
        .string("sip.from.tag", "the tag behind it", example: "sip.from.tag exists") { $0.message.from?.tag },
        .host("sip.from", \.message.from, "the host of who asks", example: "sip.from.host == \"1.1.1.1\""),
        .address("sip.to", \.message.to, "who is asked", example: "sip.to.user exists"),
        .host("sip.to", \.message.to, "the host of who is asked", example: "sip.to.host == \"example.org\""),
        .string("sip.to.tag", "the tag that the response has behind it, or else the request", example: "not sip.to.tag exists") {
            ($0.response ?? $0.request)?.to?.tag
        },
        .address("sip.contact", \.message.contact, "who is to be asked next", example: "sip.contact.user exists"),
        .host("sip.contact", \.message.contact, "the host that is to be asked next", example: "sip.contact.host == \"192.0.2.1\""),
        .string("sip.User-Agent", "what the client calls itself", example: "sip.User-Agent contains \"friendly-scanner\"") { $0.request?.value(.userAgent) },
        .string("sip.Server", "what the server calls itself", example: "sip.Server exists") { $0.response?.value(.server) },
        .string("sip.Subject", "what the request is about", example: "sip.Subject exists") { $0.request?.value(.subject) },
        .strings("sip.Via", "a Via of the request, or else of the response", example: "sip.Via contains \"/TCP\"") { $0.message.values(.via) },
        .integer("sip.Max-Forwards", max: 255, "through how many servers the request may go", example: "sip.Max-Forwards < 10") {
            ($0.request?.value(.maxForwards)).flatMap { UInt8($0) }.map(UInt64.init)
        },
        .integer("sip.Expires", max: 0xffff_ffff, "seconds for which the request holds", example: "sip.Expires == 0") {
            ($0.request?.value(.expires)).flatMap { UInt32($0) }.map(UInt64.init)
        },
        .strings("sip.Content-Type", "what the body of request or response is", example: "sip.Content-Type == \"application/sdp\"") { transaction in
            [transaction.request, transaction.response].compactMap { $0?.value(.contentType) }
        },
        .strings("sip.Warning", "the response's warnings", example: "sip.Warning exists") { $0.response?.values(.warning) ?? [] },
        .string("sip.auth.scheme", "by which means the client proves itself", example: "sip.auth.scheme == \"Digest\"") {
            $0.credentials.map { String($0.prefix { $0 != " " }) }
        },
        .string("sip.auth.username", "the name that goes with it", example: "sip.auth.username == \"admin\"") { $0.userName },
        .strings("sdp.media.media", "what kind of stream is offered or taken", example: "sdp.media.media == \"video\"") { transaction in
            transaction.media.map { "\($0.kind)" }
        },
        .integers("sdp.media.port", max: 0xffff, "where it is to be sent to", example: "sdp.media.port in 16384..32767") { $0.media.map { UInt64($0.port) } },
        SessionField("sdp.connection_info.address", .address(version: nil), "whom it is to be sent to", example: "sdp.connection_info.address == 10.0.0.0/8") {
            transaction, give in
            for stream in transaction.media { if let address = stream.address { give(.address(address)) } }
        },
        .boolean("sip.answered", "whether a final response was seen", example: "sip.Method == \"INVITE\" and not sip.answered") { $0.response != nil },
        .integer("sip.provisional", max: 0xffff_ffff, "responses of 1xx that came before", example: "sip.provisional > 0") { UInt64($0.provisionalCount) },
        .integer("sip.resend", max: 0xffff_ffff, "how often the request was sent again", example: "sip.resend > 3") { UInt64($0.retransmissions) },
        SessionField(
            "sip.response-time", .duration, "from request to final response", example: "sip.response-time > 500ms", isSingle: true
        ) { transaction, give in
            if let latency = transaction.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        .boolean("sip.malformed", "whether something is wrong with either message", example: "sip.malformed") { $0.isMalformed },
    ]
}

extension SIPTransaction {
    fileprivate var requestURI: SIPURI? { (request?.uri).map { SIPURI($0) } }
    /// Of what proves the client to be who it is, what is kept.
    fileprivate var credentials: String? { request?.value(.authorization) ?? request?.value(.proxyAuthorization) }
    fileprivate var userName: String? {
        guard let text = credentials, let quote = text.firstIndex(of: "\""), text.hasSuffix("\""), text.index(after: quote) < text.endIndex else { return nil }
        return String(text[text.index(after: quote)..<text.index(before: text.endIndex)])
    }
    fileprivate var media: [SIPMedia] { (request?.media ?? []) + (response?.media ?? []) }
}

extension SessionField<SIPTransaction> {
    /// The user's name of a header's address.
    fileprivate static func address(
        _ name: String, _ header: @escaping @Sendable (SIPTransaction) -> SIPAddress?, _ summary: String, example: String
    ) -> Self { .string(name + ".user", summary, example: example) { header($0)?.uri.user } }

    fileprivate static func host(
        _ name: String, _ header: @escaping @Sendable (SIPTransaction) -> SIPAddress?, _ summary: String, example: String
    ) -> Self { .name(name + ".host", summary, example: example) { header($0)?.uri.host } }
}
