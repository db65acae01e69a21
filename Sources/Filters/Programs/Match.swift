/// What a filter says of a packet or a flow.
///
/// `unknown` means that a costlier stage must look: the application protocol is not known yet, or the answer hangs on
/// which end is the source. The connectives are Kleene's: what is unknown stays so only where it decides.
public enum Match: UInt8, Sendable {
    case no, yes, unknown

    public func and(_ other: Match) -> Match {
        switch (self, other) {
        case (.no, _), (_, .no): .no
        case (.yes, .yes): .yes
        default: .unknown
        }
    }

    public func or(_ other: Match) -> Match {
        switch (self, other) {
        case (.yes, _), (_, .yes): .yes
        case (.no, .no): .no
        default: .unknown
        }
    }

    public var not: Match {
        switch self {
        case .no: .yes
        case .yes: .no
        case .unknown: .unknown
        }
    }
}
