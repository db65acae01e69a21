import Packets
import TestSupport
@testable import Tracking

/// One direction of a stream, slow and plain: a dictionary has each held byte with the bounds of the segment it belongs to. Knows no budget.
struct ReassemblyModel {
    struct Held {
        var value: UInt8
        /// The segment's places, as far as it is left.
        var segment: Int
    }

    let policy: OverlapPolicy
    /// What has been given out.
    private(set) var stream: [UInt8] = []
    private var held: [Int: Held] = [:]
    private var bounds: [Int: Range<Int>] = [:]
    private var names = 0
    private(set) var outcomes: [ByteOutcome: Int] = [:]

    init(_ policy: OverlapPolicy) { self.policy = policy }

    var heldBytes: Int { held.count }

    private func newWins(_ new: Range<Int>, _ old: Range<Int>) -> Bool {
        switch policy {
        case .first, .windows: false
        case .last: true
        case .bsd: old.lowerBound > new.lowerBound
        case .linux: old.lowerBound > new.lowerBound || (old.lowerBound == new.lowerBound && new.upperBound > old.upperBound)
        case .oldLinux: old.lowerBound > new.lowerBound || (old.lowerBound == new.lowerBound && new.upperBound >= old.upperBound)
        case .solaris: new.upperBound > old.upperBound || (new.upperBound == old.upperBound && new.lowerBound <= old.lowerBound)
        }
    }

    mutating func take(_ place: Int, _ bytes: Octets) {
        let range = place..<place + bytes.count
        var winners: [Int: Bool] = [:]
        for (segment, old) in bounds { winners[segment] = newWins(range, old) }
        var mine: [Int] = []
        for (index, value) in bytes.enumerated() {
            let at = place + index
            if at < stream.count {
                outcomes[.retransmitted, default: 0] += 1
            } else if let old = held[at] {
                outcomes[old.value == value ? .retransmitted : .overlapped, default: 0] += 1
                if winners[old.segment]! {
                    held[at]!.value = value
                    mine.append(at)
                }
            } else {
                held[at] = Held(value: value, segment: 0)
                mine.append(at)
            }
        }
        // Runs of its own bytes are segments; what they cut others into, too.
        for at in mine { held[at]!.segment = -1 }
        rename()
        giveOut()
    }

    /// Gives each run of bytes of one segment a name of its own.
    private mutating func rename() {
        var newBounds: [Int: Range<Int>] = [:]
        var last: (place: Int, old: Int, new: Int)?
        for at in held.keys.sorted() {
            let old = held[at]!.segment
            if let run = last, run.place == at - 1, run.old == old {
                last = (at, old, run.new)
            } else {
                names += 1
                last = (at, old, names)
                newBounds[names] = at..<at
            }
            held[at]!.segment = last!.new
            newBounds[last!.new] = newBounds[last!.new]!.lowerBound..<at + 1
        }
        bounds = newBounds
    }

    private mutating func giveOut() {
        while let next = held.removeValue(forKey: stream.count) {
            stream.append(next.value)
            outcomes[.delivered, default: 0] += 1
        }
        let keys = Set(held.values.map(\.segment))
        bounds = bounds.filter { keys.contains($0.key) }
    }
}
