/// How much of what a session says is read. What nobody asks for is not paid for: a parser is made with the greatest depth that any subscription of its core
/// (`SessionTrackable.sessionDepth`) or any field in its filters (`SessionField.depth`) asks for, and a connection keeps the one that it began with.
public enum SessionDepth: UInt8, Comparable, Sendable {
    /// How it opens: of TLS the hellos. The session is there as soon as these are.
    case opening
    /// All that can be read: of TLS also the certificates, and whether the handshake came to its end, with which the session comes.
    case whole

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
