import Packets

/// A field of a protocol's sessions, and how to read it from one.
///
///     public static let fields: [SessionField<TLSHandshake>] = [
///         .name("tls.sni", "the server that the client asked for", example: "tls.sni ends_with \".example.org\"") { $0.serverName },
///     ]
public struct SessionField<Session>: Sendable {
    public let name: String
    public let aliases: [String]
    public let type: FieldType
    public let valueNames: [String: UInt64]
    public let summary: String
    public let example: String
    /// Whether a session never has more than one value.
    public let isSingle: Bool
    /// How far a parser must go to know it: by default no farther than to the session's opening.
    public private(set) var depth = SessionDepth.opening
    /// Gives each of its values in a session; none where the session has none.
    public let read: @Sendable (Session, (FieldValue) -> Void) -> Void

    public init(
        _ name: String, aliases: [String] = [], _ type: FieldType, valueNames: [String: UInt64] = [:], _ summary: String, example: String,
        isSingle: Bool = false, read: @escaping @Sendable (Session, (FieldValue) -> Void) -> Void
    ) {
        self.name = name
        self.aliases = aliases
        self.type = type
        self.valueNames = valueNames
        self.summary = summary
        self.example = example
        self.isSingle = isSingle
        self.read = read
    }

    /// The same field where it is known only to parsers that go so far.
    public func at(_ depth: SessionDepth) -> Self {
        var field = self
        field.depth = depth
        return field
    }

    /// What filters know of it.
    public func field(of service: Service, number: Int) -> Field {
        Field(
            name, aliases: aliases, type, .session, scope: .service(service), valueNames: valueNames, summary, example: example,
            .session(service, number), isSingle: isSingle)
    }
}

extension SessionField {
    public static func string(
        _ name: String, aliases: [String] = [], _ summary: String, example: String, _ read: @escaping @Sendable (Session) -> String?
    ) -> Self {
        Self(name, aliases: aliases, .string, summary, example: example, isSingle: true) { session, give in read(session).map { give(.string($0)) } }
    }

    /// A string whose upper and lower case are the same.
    public static func name(
        _ name: String, aliases: [String] = [], _ summary: String, example: String, _ read: @escaping @Sendable (Session) -> String?
    ) -> Self {
        Self(name, aliases: aliases, .name, summary, example: example, isSingle: true) { session, give in read(session).map { give(.string($0)) } }
    }

    public static func strings(
        _ name: String, aliases: [String] = [], _ summary: String, example: String, _ read: @escaping @Sendable (Session) -> [String]
    ) -> Self {
        Self(name, aliases: aliases, .string, summary, example: example) { session, give in for text in read(session) { give(.string(text)) } }
    }

    public static func integer(
        _ name: String, aliases: [String] = [], max: UInt64, valueNames: [String: UInt64] = [:], _ summary: String, example: String,
        _ read: @escaping @Sendable (Session) -> UInt64?
    ) -> Self {
        Self(name, aliases: aliases, .integer(max: max), valueNames: valueNames, summary, example: example, isSingle: true) { session, give in
            read(session).map { give(.integer($0)) }
        }
    }

    public static func integers(
        _ name: String, aliases: [String] = [], max: UInt64, valueNames: [String: UInt64] = [:], _ summary: String, example: String,
        _ read: @escaping @Sendable (Session) -> [UInt64]
    ) -> Self {
        Self(name, aliases: aliases, .integer(max: max), valueNames: valueNames, summary, example: example) { session, give in
            for number in read(session) { give(.integer(number)) }
        }
    }

    public static func boolean(
        _ name: String, aliases: [String] = [], _ summary: String, example: String, _ read: @escaping @Sendable (Session) -> Bool?
    ) -> Self {
        Self(name, aliases: aliases, .boolean, summary, example: example, isSingle: true) { session, give in read(session).map { give(.integer($0 ? 1 : 0)) } }
    }
}
