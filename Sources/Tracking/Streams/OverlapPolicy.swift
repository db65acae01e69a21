import Packets

/// Which of two segments counts where both have a byte and neither has been given out yet. Hosts differ, and whoever wants to hide something sends
/// different bytes twice: a policy reads them as the protected hosts do. Names and rules are those of Novak and Sturges, "Target-Based TCP Stream
/// Reassembly" (2007). What has been given out stays.
public enum OverlapPolicy: String, CaseIterable, Sendable {
    /// The copy that came first.
    case first
    /// The copy that came last.
    case last
    /// The segment that begins first; of two that begin together the one that came first. The BSDs, Windows before Vista.
    case bsd
    /// As `bsd`, but of two that begin together the longer one.
    case linux
    /// As `linux`, but of two that begin together and are equally long the one that came last. Linux before 2.6.
    case oldLinux = "old_linux"
    /// Windows since Vista: as `first`.
    case windows
    /// The segment that ends last; of two that end together the one that begins first, or else came last.
    case solaris

    /// Whether the answer depends on where the segments begin and end.
    var looksAtBounds: Bool {
        switch self {
        case .first, .last, .windows: false
        case .bsd, .linux, .oldLinux, .solaris: true
        }
    }

    /// Whether a new segment's bytes replace those of a held one. What is held does not overlap: a held segment is what earlier decisions left of it.
    func prefersNew(_ new: Segment, over old: Segment) -> Bool {
        let start = old.start - new.start
        let end = new.end - old.end
        switch self {
        case .first, .windows: return false
        case .last: return true
        case .bsd: return start > 0
        case .linux: return start > 0 || start == 0 && end > 0
        case .oldLinux: return start > 0 || start == 0 && end >= 0
        case .solaris: return end > 0 || end == 0 && start >= 0
        }
    }

    /// A segment's place.
    struct Segment {
        var start: SequenceNumber
        /// Behind its last byte.
        var end: SequenceNumber
    }
}
