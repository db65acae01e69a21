import Packets

/// What one stream carried, RFC 9113: a request and its response. At least one of the two was seen, or the attempt of one.
public struct HTTP2Exchange: Equatable, Sendable {
    /// Odd where the client opened it, even where the server pushed.
    public let stream: UInt32
    /// Who asked, or was answered.
    public let client: Direction
    /// Whether the server sent the request, too, by PUSH_PROMISE.
    public let isPushed: Bool
    /// Whether the request's headers were seen: not those of stream 1 behind an upgrade from HTTP/1, whose request came there, nor those before the capture.
    public let hasRequest: Bool
    /// Whether a final response's headers were seen.
    public let hasResponse: Bool
    /// Of the response, 200…999; nil where none was seen.
    public let status: UInt16?
    /// Responses before the final one (1xx), whose headers are not kept, and the last one's status.
    public let interimCount: UInt16
    public let interimStatus: UInt16?
    /// Octets of the bodies, without padding; those that were lost count where a frame said how many they were.
    public let requestBodyLength: UInt64
    public let responseBodyLength: UInt64
    /// Messages of gRPC, as far as their lengths could be followed; 0 of other exchanges.
    public let requestMessages: UInt32
    public let responseMessages: UInt32
    public let end: HTTP2End
    /// What is wrong with it, or missing.
    public let problems: HTTP2Problems
    /// When the request's headers came, the response's, and the end.
    public let requested: Timestamp?
    public let answered: Timestamp?
    public let ended: Timestamp

    /// One reference for both, where there is one: few ask.
    private let bodies: HTTP2Bodies?
    private let asked: HTTP2HeaderList
    private let answers: HTTP2HeaderList

    init(_ stream: HTTP2Stream, clientSide: Int, client: Direction, _ end: HTTP2End, at time: Timestamp) {
        let (asking, answering) = (stream[clientSide], stream[1 - clientSide])
        self.stream = stream.id
        self.client = client
        isPushed = stream.isPushed
        hasRequest = asking.hasHeaders || stream.isPushed
        hasResponse = answering.hasHeaders
        status = answering.status == 0 ? nil : answering.status
        interimCount = answering.interimCount
        interimStatus = answering.interimCount == 0 ? nil : answering.interimStatus
        requestBodyLength = asking.bodyLength
        responseBodyLength = answering.bodyLength
        requestMessages = asking.messages.count
        responseMessages = answering.messages.count
        self.end = end
        problems = stream.problems
        requested = stream.isPushed ? stream.promised : asking.began
        answered = answering.began
        ended = time
        let hasBody = asking.body != nil || answering.body != nil
        bodies = hasBody ? HTTP2Bodies(request: stream.bodyOf(clientSide), response: stream.bodyOf(1 - clientSide)) : nil
        asked = asking.list
        answers = answering.list
    }

    /// Octets that it keeps of headers.
    var headerBytes: Int { asked.byteCount + answers.byteCount }

    /// What the bodies are, where somebody asked (``SessionDepth/whole``) and there is one.
    public var requestBody: HTTPBody? { bodies?.request }
    public var responseBody: HTTPBody? { bodies?.response }

    // MARK: Headers

    /// In their order, with pseudo-headers, and values as they were sent.
    public var requestHeaders: [HTTP2Header] { isPushed ? answers.headers(in: .promise) : asked.headers(in: .headers) }
    public var responseHeaders: [HTTP2Header] { answers.headers(in: .headers) }
    public var requestTrailers: [HTTP2Header] { asked.headers(in: .trailers) }
    public var responseTrailers: [HTTP2Header] { answers.headers(in: .trailers) }

    /// The first value of a header; names are in lower case.
    public func requestHeader(_ name: StaticString) -> String? { isPushed ? answers.text(of: name, in: .promise) : asked.text(of: name, in: .headers) }
    public func responseHeader(_ name: StaticString) -> String? { answers.text(of: name, in: .headers) }
    public func responseTrailer(_ name: StaticString) -> String? { answers.text(of: name, in: .trailers) }

    var allHeaders: [HTTP2Header] { requestHeaders + responseHeaders + requestTrailers + responseTrailers }

    /// Nanoseconds from the request's headers to the response's; nil unless both were seen.
    public var latency: Int64? {
        guard let requested, let answered else { return nil }
        return answered - requested
    }

    public var method: String? { requestHeader(":method") }
    public var scheme: String? { requestHeader(":scheme") }
    public var authority: String? { requestHeader(":authority") }
    public var path: String? { requestHeader(":path") }
    public var userAgent: String? { requestHeader("user-agent") }
    /// What an extended CONNECT asks for (RFC 8441): `websocket`.
    public var connectProtocol: String? { requestHeader(":protocol") }
    /// Who is asked: `:authority`, or else `host`.
    public var host: String? { authority ?? requestHeader("host") }

    // MARK: gRPC

    /// Whether either side says that its body is gRPC's.
    public var isGRPC: Bool {
        [requestHeader("content-type"), responseHeader("content-type")].contains { $0?.hasPrefix("application/grpc") ?? false }
    }

    /// `:path` is `/service/method`.
    public var grpcService: String? { grpcPath?.service }
    public var grpcMethod: String? { grpcPath?.method }

    private var grpcPath: (service: String, method: String)? {
        guard isGRPC, let path, path.first == "/", let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        return (String(path[path.index(after: path.startIndex)..<slash]), String(path[path.index(after: slash)...]))
    }

    /// From the trailers, or from the headers of a response that has nothing else: 0 OK.
    public var grpcStatus: UInt64? { (responseTrailer("grpc-status") ?? responseHeader("grpc-status")).flatMap { UInt64($0) } }
    /// Percent-encoded, as it was sent.
    public var grpcMessage: String? { responseTrailer("grpc-message") ?? responseHeader("grpc-message") }
}

/// What is known of both bodies.
private final class HTTP2Bodies: Equatable, Sendable {
    let request: HTTPBody
    let response: HTTPBody

    init(request: HTTPBody, response: HTTPBody) { (self.request, self.response) = (request, response) }

    static func == (left: HTTP2Bodies, right: HTTP2Bodies) -> Bool { (left.request, left.response) == (right.request, right.response) }
}

/// How a stream ended.
public enum HTTP2End: Hashable, Sendable {
    /// Both sides said that they were through (END_STREAM), or the server did whose client was not seen.
    case complete
    /// RST_STREAM, with its code.
    case reset(UInt32, by: Direction)
    /// The connection was given up (GOAWAY) before the stream was through, with its code.
    case goAway(UInt32)
    /// No more bytes came.
    case connectionEnd
    /// More streams were opened than are followed.
    case givenUp

    /// Of RST_STREAM or GOAWAY.
    public var code: UInt32? {
        switch self {
        case .reset(let code, _), .goAway(let code): code
        case .complete, .connectionEnd, .givenUp: nil
        }
    }

    public var name: String {
        switch self {
        case .complete: "complete"
        case .reset: "reset"
        case .goAway: "goaway"
        case .connectionEnd: "connection_end"
        case .givenUp: "given_up"
        }
    }
}

/// What is wrong with an exchange, or not known of it.
public struct HTTP2Problems: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Headers are missing whose table was built before the capture, or in a hole.
    public static let tableUnknown = HTTP2Problems(rawValue: 1)
    /// There were more headers than are kept: 64 KiB or 1000.
    public static let headersCut = HTTP2Problems(rawValue: 2)
    /// There was a hole while it was open: bytes of a body are missing, or headers, or its end.
    public static let bytesMissing = HTTP2Problems(rawValue: 4)
    /// Headers are not as they must be: pseudo-headers behind others, doubled, unknown or missing; upper case; line ends in values (RFC 9113 8.2, 8.3).
    public static let malformed = HTTP2Problems(rawValue: 8)
    /// Its header block could not be decoded; nothing after it can.
    public static let undecodable = HTTP2Problems(rawValue: 16)

    static let names: [(HTTP2Problems, String)] = [
        (.tableUnknown, "table_unknown"), (.headersCut, "headers_cut"), (.bytesMissing, "bytes_missing"), (.malformed, "malformed"),
        (.undecodable, "undecodable"),
    ]

    public var texts: [String] { Self.names.compactMap { contains($0.0) ? $0.1 : nil } }
}
