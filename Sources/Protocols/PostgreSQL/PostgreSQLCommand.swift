import Packets

/// What a client of PostgreSQL asked for, and what came of it.
public struct PostgreSQLCommand: Equatable, Sendable {
    public enum Kind: UInt8, CaseIterable, Equatable, Sendable {
        /// The startup message, and the authentication behind it up to the first ReadyForQuery.
        case startup
        /// SSLRequest: whether TLS may follow.
        case encryption
        /// GSSENCRequest.
        case gssEncryption
        /// CancelRequest, on a connection of its own.
        case cancel
        /// A simple query, which may have several statements.
        case query
        /// Parse, of a statement with a name, or of one that was refused.
        case prepare
        /// Bind that was refused.
        case bind
        /// Execute: a statement that was prepared and bound before.
        case execute
        /// FunctionCall.
        case function
        /// An error that nobody has asked for: the server ends the connection.
        case notice

        /// As filters and records have it.
        public var name: String {
            switch self {
            case .startup: "startup"
            case .encryption: "ssl_request"
            case .gssEncryption: "gssenc_request"
            case .cancel: "cancel"
            case .query: "query"
            case .prepare: "prepare"
            case .bind: "bind"
            case .execute: "execute"
            case .function: "function"
            case .notice: "notice"
            }
        }
    }

    public internal(set) var kind: Kind
    public internal(set) var client: Direction
    /// When it was seen, and its last answer.
    public internal(set) var sent: Timestamp?
    public internal(set) var answered: Timestamp?
    /// SQL: of a query, or of the statement that is prepared or executed, if that was seen.
    public internal(set) var text: CommandText?
    /// The prepared statement's name; nil for the one without a name.
    public internal(set) var statement: String?
    /// What was done, by each CommandComplete: "SELECT 2", "BEGIN"; of a query's statements 16 at most.
    public internal(set) var tags: [String] = []
    /// DataRow messages, of all its statements.
    public internal(set) var rows: UInt64 = 0
    /// Columns of the last row description.
    public internal(set) var columns: UInt16?
    /// Bytes of COPY in either direction.
    public internal(set) var copiedBytes: UInt64 = 0
    public internal(set) var error: PostgreSQLError?
    /// Of a startup.
    public internal(set) var login: PostgreSQLLogin?
    /// I: no transaction, T: in one, E: in one that has failed; as ReadyForQuery says behind the command. Nil for what was passed over.
    public internal(set) var transactionStatus: UInt8?
    /// Of a request to encrypt: whether the server agreed.
    public internal(set) var isAccepted: Bool?
    /// The process whose query is to be cancelled.
    public internal(set) var cancelledProcess: UInt32?
    public internal(set) var problem: CommandProblem?

    init(_ kind: Kind, from client: Direction, at time: Timestamp) { (self.kind, self.client, sent) = (kind, client, time) }

    /// Nanoseconds from the command to the end of its answer.
    public var latency: Int64? {
        guard let sent, let answered else { return nil }
        return answered - sent
    }

    /// Whether it was done; nil where that is not known.
    public var succeeded: Bool? {
        if error != nil { return false }
        if let isAccepted { return isAccepted }
        return answered == nil || problem != nil ? nil : true
    }

    /// Rows that statements say to have returned or changed, summed up over `tags`; nil where none says.
    public var affectedRows: UInt64? {
        let counts = tags.compactMap { $0.split(separator: " ").last.flatMap { UInt64($0) } }
        return counts.isEmpty ? nil : counts.reduce(0, &+)
    }

    /// What it keeps, in bytes.
    var byteCount: Int { text?.bytes.count ?? 0 }
}

/// Who logs in, and how.
public struct PostgreSQLLogin: Equatable, Sendable {
    public internal(set) var user: String?
    /// The user's name unless it is said.
    public internal(set) var database: String?
    public internal(set) var applicationName: String?
    /// "trust" where nothing was asked for, "password", "md5", "gss", "sspi", "kerberos", "scm"; for SASL the mechanisms that the server offers:
    /// "SCRAM-SHA-256".
    public internal(set) var authentication: String?
    /// Whether the server has said that the client is who it says.
    public internal(set) var isAuthenticated = false
    public internal(set) var serverVersion: String?
    /// What the client asks for, as 3 << 16 | minor.
    public let protocolVersion: UInt32
    /// Whether it is a standby or a backup that asks for the log.
    public internal(set) var isReplication = false

    /// From a startup message, whole or cut.
    init(_ message: RawSpan) {
        var reader = ByteReader(message)
        _ = reader.uint32()
        protocolVersion = reader.uint32() ?? 0
        while let name = reader.zeroEnded(), name.byteCount > 0, let value = reader.zeroEnded() {
            if name.equals("user") { user = value.short } else if name.equals("database") { database = value.short }
            else if name.equals("application_name") { applicationName = value.short }
            else if name.equals("replication") { isReplication = !value.equals("false") }
        }
    }
}

/// An ErrorResponse.
public struct PostgreSQLError: Equatable, Sendable {
    /// ERROR, FATAL, PANIC: not translated where the server says so (9.6 and later).
    public private(set) var severity = ""
    /// SQLSTATE, five characters.
    public private(set) var code = ""
    /// 256 bytes at most.
    public internal(set) var message = ""

    init(_ body: RawSpan) {
        var reader = ByteReader(body)
        while let field = reader.uint8(), field != 0 {
            var isWhole = true
            let value = reader.zeroEndedOrRest(&isWhole)
            switch field {
            case "S" where severity.isEmpty, "V": severity = value.short
            case "C": code = value.short
            case "M": message = value.short
            default: break
            }
        }
    }
}

extension RawSpan {
    /// As text, of which 256 bytes at most are kept.
    var short: String { extracting(first: min(byteCount, 256)).text }
}
