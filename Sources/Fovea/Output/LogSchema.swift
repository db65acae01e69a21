import Glibc

/// What a subscription's lines consist of, for formats that must know before the first of them: tables, whose columns stand at their heads, and events, which
/// have names of their own. It stands beside what writes the lines:
///
///     struct ServerNames: SessionTrackable, LoggedSubscription {
///         static let log = LogSchema("ssl", LogSchema.identity + [.init("server_name", .string, event: "sni")], event: "tls")
public struct LogSchema: Sendable {
    /// What Zeek calls the log: "conn" is conn.log.
    public let path: String
    /// In the order in which lines have them.
    public let columns: [Column]
    /// Suricata's event type, which is also the name of the object with what it says; nil: there is no such event.
    public let event: StaticString?
    /// What an event says its protocol is where a line does not say.
    let transport: String?

    public init(_ path: String, _ columns: [Column], event: StaticString? = nil, transport: String? = nil) {
        (self.path, self.columns, self.event, self.transport) = (path, columns, event, transport)
    }

    public struct Column: Sendable {
        public let name: StaticString
        public let type: ZeekType
        /// What becomes of it in an event; nil: it is not there.
        public let event: EventMember?

        public init(_ name: StaticString, _ type: ZeekType, event: EventMember? = nil) { (self.name, self.type, self.event) = (name, type, event) }
    }

    /// What lines of a connection begin with.
    public static let identity: [Column] = [
        Column("ts", .time, event: .timestamp), Column("uid", .string, event: .flow), Column("id.orig_h", .addr, event: .source),
        Column("id.orig_p", .port, event: .sourcePort), Column("id.resp_h", .addr, event: .destination), Column("id.resp_p", .port, event: .destinationPort),
    ]

    /// In `#fields` and `#types`, and in CSV's head.
    func columns(withSubscription: Bool) -> [Column] { withSubscription ? columns + [Column("subscription", .string)] : columns }
}

/// A subscription whose lines can be written in any format.
public protocol LoggedSubscription {
    static var log: LogSchema { get }
}

/// A column's type as `#types` has it.
public enum ZeekType: String, Sendable {
    case time, string, addr, port, `enum`, interval, count, int, double, bool
    case strings = "vector[string]"
    case counts = "vector[count]"
    /// Given as whole seconds.
    case intervals = "vector[interval]"
}

/// Finds the columns of a line's fields, which come in their order.
struct ColumnSearch {
    let columns: [LogSchema.Column]
    /// The first that has not been passed.
    var next = 0

    init(_ columns: [LogSchema.Column]) { self.columns = columns }

    /// The column's place; nil: there is none of that name from `next` on.
    mutating func find(_ key: StaticString) -> Int? {
        var place = next
        while place < columns.count {
            if columns[place].name.isSame(as: key) {
                next = place + 1
                return place
            }
            place += 1
        }
        return nil
    }
}

extension StaticString {
    func isSame(as other: StaticString) -> Bool {
        guard utf8CodeUnitCount == other.utf8CodeUnitCount else { return false }
        return utf8Start == other.utf8Start || memcmp(utf8Start, other.utf8Start, utf8CodeUnitCount) == 0
    }
}
