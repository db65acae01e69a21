import Packets

/// Something that a filter can ask for, such as `tls.sni`: declared once, beside what reads it.
///
/// A filter's text names it, `fovea fields` prints it, and its `stage` decides when a filter that asks for it can answer.
public final class Field: Sendable {
    /// As filters write it: `tls.sni`.
    public let name: String
    /// Other spellings: Wireshark's, Retina's.
    public let aliases: [String]
    public let type: FieldType
    /// When its value is known at the earliest.
    public let stage: FilterStage
    /// Traffic that can have it; what `!=` stays within, together with `exists`.
    public let scope: Filter
    /// Names of some of its numbers: `tls.version == TLSv1.3`.
    public let valueNames: [String: UInt64]
    public let summary: String
    /// A whole filter that asks for it.
    public let example: String
    package let source: FieldSource
    /// Whether there is never more than one value of it, in a packet, a connection or a session.
    package let isSingle: Bool

    init(
        _ name: String, aliases: [String] = [], _ type: FieldType, _ stage: FilterStage, scope: Filter = .everything, valueNames: [String: UInt64] = [:],
        _ summary: String, example: String, _ source: FieldSource, isSingle: Bool? = nil
    ) {
        self.name = name
        self.aliases = aliases
        self.type = type
        self.stage = stage
        self.scope = scope
        self.valueNames = valueNames
        self.summary = summary
        self.example = example
        self.source = source
        self.isSingle = isSingle ?? source.isSingle
    }
}

extension Field {
    /// A field of connections, which the tracker reads by its number.
    public static func connection(
        _ name: String, aliases: [String] = [], _ type: FieldType, _ growth: ConnectionFieldGrowth, valueNames: [String: UInt64] = [:], _ summary: String,
        example: String, number: Int
    ) -> Field {
        Field(
            name, aliases: aliases, type, growth == .constant ? .connection : .end, valueNames: valueNames, summary, example: example,
            .connection(number, growth))
    }
}

extension Field: Hashable {
    public static func == (left: Field, right: Field) -> Bool { left === right || left.name == right.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Where a field's value comes from.
package enum FieldSource: Sendable {
    /// What a flow's key tells: tests of these are conditions of their own.
    case key(KeyField)
    /// One of several fields' values: of both ends, where each has a field of its own.
    case either([Field])
    /// A single packet's headers or payload, which its connection's other packets need not share.
    case packet(PacketField)
    /// What the tracker counts and follows: the field's number among those that it declares, and how its value changes.
    case connection(Int, ConnectionFieldGrowth)
    /// A parsed session: the field's number among those that its parser declares.
    case session(Service, Int)

    /// Unless the field says otherwise.
    fileprivate var isSingle: Bool {
        switch self {
        case .packet, .connection: true
        case .key, .either, .session: false
        }
    }
}

/// A flow's key has these.
package enum KeyField: Hashable, Sendable {
    case port(Side, TransportProtocol?)
    /// Of an IP version, 4 or 6; nil for both.
    case address(Side, UInt8?)
    case vlan
    case service
    /// The protocol that IP carries. Of an IP version; nil for both.
    case transport(UInt8?)
}

/// How a connection's field changes while the connection goes on: what is known of it before the end.
public enum ConnectionFieldGrowth: Sendable {
    /// Known from the first packet on, and never another.
    case constant
    /// Never becomes less: that it is above something may be known early.
    case grows
    /// Known at the end.
    case settles
}

/// What a field's values are.
public enum FieldType: Hashable, Sendable {
    /// 0 up to and including.
    case integer(max: UInt64)
    case boolean
    /// Nanoseconds.
    case duration
    /// IPv4 (4), IPv6 (6), or both (nil); compared with addresses and prefixes.
    case address(version: UInt8?)
    /// 48 bits.
    case mac
    /// Bytes that are a text; upper and lower case differ.
    case string
    /// A text of which ASCII's upper and lower case are the same, as in host names.
    case name
    case bytes
}

/// When the value of a field is known at the earliest. A filter is asked at each of these, and decides at the first at which it can.
public enum FilterStage: UInt8, CaseIterable, Comparable, Sendable {
    /// A packet's headers.
    case packet
    /// A connection's first packet: who opened it.
    case connection
    /// The application protocol has been recognised, or none was.
    case discovery
    /// A session has been parsed.
    case session
    /// The connection goes on, or is over.
    case end

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
