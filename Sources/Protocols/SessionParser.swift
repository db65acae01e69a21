import Filters
import Packets

/// Turns the bytes of one connection into sessions: bytes in order and gaps in, sessions out.
///
/// A parser is a small value in a folder of its own. The tracker makes one for a connection whose first bytes it says are its own, feeds it
/// from both directions, takes sessions out after each call, and drops it when it is done or nobody wants more.
///
/// Hostile bytes are the normal case: a parser never traps, and bounds what it keeps before it keeps it.
public protocol SessionParser {
    /// A parsed application-layer exchange.
    associatedtype Session

    static var service: Service { get }

    /// What filters can ask of its sessions. Nothing unless a parser says otherwise.
    static var fields: [SessionField<Session>] { get }

    init()

    /// A parser that goes as far as anyone of its connection's core asks. Only for parsers that know several depths; others are made by `init()`.
    init(depth: SessionDepth)

    /// Whether a direction of a connection that begins with these bytes, at least one, speaks this protocol. Of streams, as are the two after it; a
    /// parser of datagrams alone need not say.
    static func probe(_ bytes: RawSpan) -> ProbeAnswer

    /// Whether its sessions may begin in the middle of a stream: after STARTTLS, CONNECT, an upgrade. False unless a parser says otherwise; connections
    /// that begin with nothing that a parser knows are left alone then.
    static var beginsLater: Bool { get }

    /// Whether a session of this protocol begins with these bytes in the middle of a stream. Asked at the start of later chunks where `beginsLater` is
    /// true, so a miss costs a few instructions, and a hit is beyond doubt.
    static func probeLater(_ bytes: RawSpan) -> Bool

    /// Whether a session may begin with these bytes in the middle of a stream, which are fewer than `probeLater` needs, and all that the chunk has: the parser
    /// is fed then, and must fail if it is none of its own. False unless a parser says otherwise.
    static func mayBeCutLater(_ bytes: RawSpan) -> Bool

    /// What a direction's first bytes, which are none of this protocol's, say about whether it may begin later, where `beginsLater` is true. What openings say
    /// to all (``LaterBeginning``), unless a parser says otherwise.
    static func mayBeginLater(after opening: RawSpan) -> LaterBeginning

    /// Takes a direction's next bytes, in order and without those already fed.
    mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress

    /// Tells that so many bytes of a direction are lost for good.
    mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress

    /// The same, and when: the time of the packet that brought the bytes, which may be older than it. What the tracker calls; for a parser that wants to
    /// know.
    mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress

    /// Whether a flow of datagrams of which this is one speaks this protocol. Several may be asked, and the first that says so has the flow, so a hit is
    /// beyond doubt. False unless a parser says otherwise.
    static func probe(datagram: RawSpan) -> Bool

    /// Takes a datagram's payload: those of a flow as they come, be they late or doubled.
    ///
    /// - Parameter missing: bytes at its end that were sent and not captured.
    mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress

    /// Whether it may answer `handsOver`: while it runs no filter is told for good that the connection does not speak another protocol. False unless a parser
    /// says otherwise.
    static var mayHandOver: Bool { get }

    /// After `handsOver`: how many bytes at the end of those fed last are the next protocol's. None unless a parser says otherwise.
    var unreadBytes: Int { get }

    /// Tells that originator and responder have changed places: the bytes fed so far came from the other one than was said. Happens to connections
    /// whose beginning is captured out of order.
    mutating func reverseRoles()

    /// Tells that no more bytes will come; a session that is still worth reporting may be taken afterwards.
    mutating func finish()

    /// Bytes beyond the value itself that it keeps now. A core has a budget for all of them; a parser that passes it is stopped.
    var heldBytes: Int { get }

    /// The next session that is complete, until there is none.
    mutating func nextSession() -> Session?

    // What the tracker asks of a value in memory, knowing its type: its own code does not, and would copy values and look types up for that.
    static func _start(_ parser: UnsafeMutablePointer<Self>, _ depth: SessionDepth)
    static func _stop(_ parser: UnsafeMutablePointer<Self>)
    static func _heldBytes(of parser: UnsafePointer<Self>) -> Int
    /// Initialises memory with the next session; false when there is none.
    static func _takeSession(from parser: UnsafeMutablePointer<Self>, into session: UnsafeMutablePointer<Session>) -> Bool
    static func _dropSession(_ session: UnsafeMutablePointer<Session>)
}

extension SessionParser {
    public static var fields: [SessionField<Session>] { [] }
    public init(depth: SessionDepth) { self.init() }
    public static func probe(_ bytes: RawSpan) -> ProbeAnswer { .notMine }
    public static var beginsLater: Bool { false }
    public static func probeLater(_ bytes: RawSpan) -> Bool { false }
    public static func mayBeCutLater(_ bytes: RawSpan) -> Bool { false }
    public static func mayBeginLater(after opening: RawSpan) -> LaterBeginning { StreamOpening(opening).prospect(of: service) }
    public static func probe(datagram: RawSpan) -> Bool { false }
    public static var mayHandOver: Bool { false }
    public var unreadBytes: Int { 0 }
    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress { .done }
    public mutating func feed(_ bytes: RawSpan, from sender: Direction, at time: Timestamp) -> ParserProgress { feed(bytes, from: sender) }
    public mutating func feed(datagram: RawSpan, missing: Int, from sender: Direction, at time: Timestamp) -> ParserProgress { .done }
    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress { .done }
    public var heldBytes: Int { 0 }
    public static func _start(_ parser: UnsafeMutablePointer<Self>, _ depth: SessionDepth) { parser.initialize(to: Self(depth: depth)) }
    public static func _stop(_ parser: UnsafeMutablePointer<Self>) { parser.deinitialize(count: 1) }
    public static func _heldBytes(of parser: UnsafePointer<Self>) -> Int { parser.pointee.heldBytes }
    public static func _takeSession(from parser: UnsafeMutablePointer<Self>, into session: UnsafeMutablePointer<Session>) -> Bool {
        guard let next = parser.pointee.nextSession() else { return false }
        session.initialize(to: next)
        return true
    }
    public static func _dropSession(_ session: UnsafeMutablePointer<Session>) { session.deinitialize(count: 1) }
}

extension FieldCatalog {
    /// Adds what filters can ask of a parser's sessions.
    public mutating func add<Parser: SessionParser>(_ parser: Parser.Type) {
        for (number, field) in parser.fields.enumerated() { add(field.field(of: parser.service, number: number)) }
    }
}

/// A parser's answer to a direction's first bytes.
public enum ProbeAnswer: Sendable {
    case mine
    case notMine
    /// More bytes would decide.
    case unsure

    /// Fewer bytes than that may be too few to know what begins in the middle of a stream.
    public static let fewBytes = 16
}

/// Whether a parser wants to be fed further. Once it does not, its sessions may still be taken.
public enum ParserProgress: Equatable, Sendable {
    /// More bytes, and there is no session to take yet.
    case wantsMore
    /// More bytes, and `nextSession` has something.
    case ready
    /// Nothing more to find in this connection.
    case done
    /// The same, but what comes next may be of another protocol: after STARTTLS, CONNECT, an upgrade. Sessions that are there are taken before.
    case handsOver
    /// The bytes cannot be followed further.
    case failed(ParserFailure)

    /// The same as `== .wantsMore`, without a call: it is asked for each chunk.
    @inlinable @inline(__always)
    public var isToGoOn: Bool { if case .wantsMore = self { true } else { false } }
}

/// Why a parser gave up; each has its counter.
public enum ParserFailure: UInt8, CaseIterable, Sendable {
    /// Not the protocol that its first bytes promised.
    case otherProtocol
    /// A message whose fields contradict each other.
    case malformed
    /// A message that has no place where it came.
    case unexpected
    /// More bytes than the parser is willing to keep or to read.
    case tooLong
    /// More bytes than all parsers of the core together may keep.
    case overBudget
}
