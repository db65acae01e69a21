import Packets
import TestSupport
import TestWire
@testable import Tracking

/// A conversation's packets, as a subscription is given them.
struct Heard {
    let packet: Packet
    let frame: Frame
    let sender: Direction
}

/// Calls with each packet of a conversation; the client is the originator.
func hear(_ talk: Talk, _ body: (Heard) -> Void) {
    let memory = FrameMemory(talk.packets)
    withExtendedLifetime(memory) {
        for frame in memory.frames {
            let packet = Packet(frame)
            body(Heard(packet: packet, frame: frame, sender: packet.sourcePort == talk.client.port ? .originator : .responder))
        }
    }
}

extension Talk {
    /// Packets of any size, at any time, of either side, some back in time.
    static func random(_ random: inout SeededGenerator, count: Int = 200) -> Talk {
        var talk = Talk()
        var places = [1, 1]
        for _ in 0..<count {
            let direction: Direction = Bool.random(using: &random) ? .originator : .responder
            let size = [0, 0, 1, 2, 60, 299, 300, 512, 1400].randomElement(using: &random)! + Int.random(in: 0..<3, using: &random)
            let side = Int(direction.rawValue)
            talk.send(direction, .ack, place: places[side], ack: 1, Talk.bytes(places[side]..<places[side] + size, direction))
            places[side] += size
            talk.time += [0, 1, 1000, 999_999, 40_000_000, 999_000_000, 1_000_000_000, 1_000_000_001, 7 * second, -500_000, -2 * second].randomElement(using: &random)!
        }
        return talk
    }
}

/// As near as sums of doubles come.
func isNear(_ left: Double?, _ right: Double?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return abs(left - right) <= 1e-9 * max(1, abs(left), abs(right))
}

/// The same figures from a list, by the definitions.
struct ListStatistics {
    var numbers: [Int64] = []

    var mean: Double? { numbers.isEmpty ? nil : numbers.reduce(0) { $0 + Double($1) } / Double(numbers.count) }
    var deviation: Double? {
        guard let mean else { return nil }
        return numbers.count == 1 ? 0 : (numbers.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(numbers.count - 1)).squareRoot()
    }

    func agrees(with statistics: RunningStatistics) -> Bool {
        statistics.count == UInt64(numbers.count) && statistics.minimum == numbers.min() && statistics.maximum == numbers.max()
            && isNear(statistics.mean, mean) && isNear(statistics.standardDeviation, deviation)
    }
}
