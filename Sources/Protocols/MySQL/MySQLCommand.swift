import Packets

/// What a client of MySQL asked for, and what came of it.
public struct MySQLCommand: Equatable, Sendable {
    /// The protocol's number; `login` and the two behind it are none of its own.
    public internal(set) var code: UInt8
    public internal(set) var client: Direction
    /// When it was seen, and its last answer.
    public internal(set) var sent: Timestamp?
    public internal(set) var answered: Timestamp?
    /// SQL, of a query or of the statement that is prepared or executed, if that was seen; the name of a database, a table; else nil.
    public internal(set) var text: CommandText?
    /// The prepared statement's number.
    public internal(set) var statement: UInt32?
    /// Rows of all its results, and columns of the last one; nil where there was none with rows.
    public internal(set) var rows: UInt64?
    public internal(set) var columns: UInt16?
    /// Results: a procedure and a text of several statements have several.
    public internal(set) var results: UInt32 = 0
    /// Of all its results without rows.
    public internal(set) var affectedRows: UInt64?
    public internal(set) var lastInsertID: UInt64?
    /// What the server says of its success: "Rows matched: 1  Changed: 1  Warnings: 0"; 256 bytes at most.
    public internal(set) var info: String?
    public internal(set) var warnings: UInt16?
    /// Whether the server is in a transaction behind it.
    public internal(set) var isInTransaction: Bool?
    public internal(set) var error: MySQLError?
    /// Of a login, a change of users, and of the request to encrypt that comes in a login's place.
    public internal(set) var login: MySQLLogin?
    public internal(set) var problem: CommandProblem?

    init(_ code: UInt8, from client: Direction, at time: Timestamp) { (self.code, self.client, sent) = (code, client, time) }

    /// Nanoseconds from the command to the end of its answer.
    public var latency: Int64? {
        guard let sent, let answered else { return nil }
        return answered - sent
    }

    /// Whether it was done; nil where that is not known, or there is no answer to it.
    public var succeeded: Bool? {
        if error != nil { return false }
        return answered == nil || problem != nil && problem != .opaque ? nil : true
    }

    // MARK: Numbers

    static let quit: UInt8 = 1
    static let changeDatabase: UInt8 = 2
    static let query: UInt8 = 3
    static let listFields: UInt8 = 4
    static let createDatabase: UInt8 = 5
    static let dropDatabase: UInt8 = 6
    static let statistics: UInt8 = 9
    static let changeUser: UInt8 = 17
    static let dumpLog: UInt8 = 18
    static let prepare: UInt8 = 22
    static let execute: UInt8 = 23
    static let sendLongData: UInt8 = 24
    static let close: UInt8 = 25
    static let reset: UInt8 = 26
    static let fetch: UInt8 = 28
    static let dumpLogByID: UInt8 = 30
    /// MariaDB's, of many rows of parameters.
    static let executeBulk: UInt8 = 0xfa
    /// Not the protocol's.
    public static let login: UInt8 = 0xe0
    public static let encryption: UInt8 = 0xe1
    public static let notice: UInt8 = 0xe2

    private static let names: [UInt8: String] = [
        0: "sleep", 1: "quit", 2: "init_db", 3: "query", 4: "field_list", 5: "create_db", 6: "drop_db", 7: "refresh", 8: "shutdown", 9: "statistics",
        10: "process_info", 11: "connect", 12: "process_kill", 13: "debug", 14: "ping", 15: "time", 16: "delayed_insert", 17: "change_user", 18: "binlog_dump",
        19: "table_dump", 20: "connect_out", 21: "register_slave", 22: "stmt_prepare", 23: "stmt_execute", 24: "stmt_send_long_data", 25: "stmt_close",
        26: "stmt_reset", 27: "set_option", 28: "stmt_fetch", 29: "daemon", 30: "binlog_dump_gtid", 31: "reset_connection", 0xfa: "stmt_bulk_execute",
        login: "login", encryption: "ssl_request", notice: "notice",
    ]

    /// As Zeek's `cmd` has it.
    public var name: String { Self.names[code] ?? "unknown-\(code)" }
    static func isKnown(_ code: UInt8) -> Bool { code <= 31 || code == executeBulk }

    /// What it keeps, in bytes.
    var byteCount: Int { text?.bytes.count ?? 0 }
}

/// Who logs in, where, and how.
public struct MySQLLogin: Equatable, Sendable {
    public internal(set) var serverVersion: String?
    public internal(set) var connectionID: UInt32?
    public internal(set) var user: String?
    public internal(set) var database: String?
    /// How the client is authenticated: "mysql_native_password", "caching_sha2_password"; what the server asked for last.
    public internal(set) var plugin: String?
    /// What the client's program says that it is.
    public internal(set) var program: String?
    /// What both can do, the protocol's bits: zero while not both are known.
    public internal(set) var capabilities: UInt32 = 0
    /// Whether all behind it is compressed.
    public var isCompressed: Bool { capabilities & (MySQLPackets.Capability.compress | MySQLPackets.Capability.compressZstandard) != 0 }
}

/// What an ERR packet says.
public struct MySQLError: Equatable, Sendable {
    /// The server's own number: 1045 for a refused password.
    public let code: UInt16
    /// SQLSTATE; nil before the login.
    public let sqlState: String?
    /// 256 bytes at most.
    public internal(set) var message: String

    /// From behind the 255.
    init?(_ reader: inout ByteReader) {
        guard let code = reader.littleEndian(2) else { return nil }
        self.code = UInt16(truncatingIfNeeded: code)
        if reader.peek() == UInt8(ascii: "#"), let state = reader.bytes(6) { sqlState = state.extracting(1...).text } else { sqlState = nil }
        message = reader.bytes(upTo: reader.count).short
    }
}
