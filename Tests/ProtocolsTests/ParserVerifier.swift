import Filters
import Packets
import Protocols
import TestSupport
import Testing

/// What a parser gets to see of a connection, in order.
enum Step {
    case bytes(Direction, [UInt8])
    case gap(Direction, Int)

    var sender: Direction {
        switch self {
        case .bytes(let sender, _), .gap(let sender, _): sender
        }
    }

    /// The same from the other side.
    var reversed: Step {
        switch self {
        case .bytes(let sender, let bytes): .bytes(sender.opposite, bytes)
        case .gap(let sender, let count): .gap(sender.opposite, count)
        }
    }
}

/// What a parser made of a conversation.
struct Parsed<Session: Equatable>: Equatable {
    var sessions: [Session] = []
    var progress = ParserProgress.wantsMore

    /// Whether the sessions are the same, in whatever order: what ends first depends on what comes first.
    func isSame(as other: Self) -> Bool {
        guard progress == other.progress, sessions.count == other.sessions.count else { return false }
        var rest = other.sessions
        for session in sessions {
            guard let place = rest.firstIndex(of: session) else { return false }
            rest.remove(at: place)
        }
        return true
    }
}

/// Puts any session parser through the same mill: it must find the same sessions however a conversation is cut, and survive whatever is cut
/// off or flipped.
struct ParserVerifier<Parser: SessionParser> where Parser.Session: Equatable {
    /// How far parsers go.
    var depth = SessionDepth.opening
    /// What conversations mean by the order between their directions.
    var order = DirectionOrder.any

    /// Parses a conversation as a tracker would: no longer than the parser wants, and sessions taken after each call.
    ///
    /// - Parameter turn: the steps before it come with the roles reversed, and the parser is told so then.
    func parse(_ conversation: [Step], reversedBefore turn: Int = 0) -> Parsed<Parser.Session> {
        var parser = Parser(depth: depth)
        var parsed = Parsed<Parser.Session>()
        for (place, step) in conversation.enumerated() where parsed.progress == .wantsMore || parsed.progress == .ready {
            if turn > 0, place == turn { parser.reverseRoles() }
            let step = place < turn ? step.reversed : step
            parsed.progress =
                switch step {
                case .bytes(let sender, let bytes): parser.feed(bytes.span.bytes, from: sender)
                case .gap(let sender, let count): parser.skip(count, from: sender)
                }
            while let session = parser.nextSession() { parsed.sessions.append(session) }
        }
        // Which it says depends on where the bytes are cut.
        if parsed.progress == .ready { parsed.progress = .wantsMore }
        parser.finish()
        while let session = parser.nextSession() { parsed.sessions.append(session) }
        return parsed
    }

    /// Whether the parser goes on, and has given no session, before a step.
    private func saysNothing(until turn: Int, of conversation: [Step]) -> Bool {
        var parser = Parser(depth: depth)
        for step in conversation[..<turn] {
            let progress =
                switch step {
                case .bytes(let sender, let bytes): parser.feed(bytes.span.bytes, from: sender)
                case .gap(let sender, let count): parser.skip(count, from: sender)
                }
            guard progress == .wantsMore else { return false }
        }
        return true
    }

    /// What the parser makes of a conversation, once it has stood all trials.
    ///
    /// - Parameter order: where it is another one than all conversations have.
    func verify(_ conversation: [Step], order: DirectionOrder? = nil, sourceLocation: SourceLocation = #_sourceLocation) -> Parsed<Parser.Session> {
        let whole = parse(conversation)
        func expectSame(_ steps: [Step], _ how: @autoclosure () -> String) {
            let other = parse(steps)
            if other != whole { Issue.record("\(how()): \(other) instead of \(whole)", sourceLocation: sourceLocation) }
        }
        for (place, step) in conversation.enumerated() {
            guard case .bytes(let sender, let bytes) = step else { continue }
            for cut in 0...bytes.count {
                expectSame(conversation.replacing(place, with: sender, pieces(of: bytes, at: [cut])), "step \(place) cut at \(cut)")
            }
        }
        expectSame(conversation.cut { Array(1..<max($0.count, 1)) }, "byte by byte")
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            expectSame(
                conversation.cut { bytes in (0..<2).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted() },
                "in three pieces, seed \(seed)")
        }
        for seed in 0..<20 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let steps = (order ?? self.order).interleaved(conversation, by: \.sender, using: &random) { step, random in
                guard case .bytes(let sender, let bytes) = step else { return [step] }
                var (cuts, place): ([Int], Int) = ([], Int.random(in: 1...60, using: &random))
                while place < bytes.count {
                    cuts.append(place)
                    place += Int.random(in: 1...60, using: &random)
                }
                return pieces(of: bytes, at: cuts).map { .bytes(sender, $0) }
            }
            guard let other = steps.map({ parse($0) }) else { break }
            if !other.isSame(as: whole) {
                Issue.record("directions interleaved, seed \(seed): \(other) instead of \(whole)", sourceLocation: sourceLocation)
                break
            }
        }
        // Up to where the parser has said something that depends on roles.
        for turn in conversation.indices where saysNothing(until: turn, of: conversation) {
            let other = parse(conversation, reversedBefore: turn)
            if other != whole { Issue.record("with roles reversed before step \(turn): \(other) instead of \(whole)", sourceLocation: sourceLocation) }
        }
        survive(conversation)
        return whole
    }

    /// Cuts each step in three at every two places: what takes the square of its length, so of short conversations.
    func verifyThreePieces(_ conversation: [Step], sourceLocation: SourceLocation = #_sourceLocation) {
        let whole = parse(conversation)
        for (place, step) in conversation.enumerated() {
            guard case .bytes(let sender, let bytes) = step else { continue }
            for first in 0...bytes.count {
                for second in first...bytes.count {
                    let other = parse(conversation.replacing(place, with: sender, pieces(of: bytes, at: [first, second])))
                    guard other != whole else { continue }
                    Issue.record("step \(place) cut at \(first) and \(second): \(other) instead of \(whole)", sourceLocation: sourceLocation)
                }
            }
        }
    }

    /// Cuts each step off at every length and flips each of its bytes; nothing is expected but to get to the end.
    func survive(_ conversation: [Step]) {
        var random = SeededGenerator(seed: 0xf0)
        for (place, step) in conversation.enumerated() {
            guard case .bytes(let sender, let bytes) = step else { continue }
            for index in bytes.indices {
                _ = parse(conversation.replacing(place, with: sender, [Array(bytes[..<index])]))
                var flipped = bytes
                flipped[index] ^= UInt8.random(in: 1...255, using: &random)
                _ = parse(conversation.replacing(place, with: sender, [flipped]))
                _ = Parser.probe(flipped.span.bytes)
                _ = Parser.probeLater(flipped.span.bytes)
            }
        }
    }
}

extension [Step] {
    /// The same conversation with one step's bytes in other pieces.
    fileprivate func replacing(_ place: Int, with sender: Direction, _ pieces: [[UInt8]]) -> [Step] {
        self[..<place] + pieces.map { .bytes(sender, $0) } + self[(place + 1)...]
    }

    /// The same conversation with each step's bytes cut at the places that `cuts` gives.
    fileprivate func cut(at cuts: ([UInt8]) -> [Int]) -> [Step] {
        flatMap { step -> [Step] in
            guard case .bytes(let sender, let bytes) = step else { return [step] }
            return pieces(of: bytes, at: cuts(bytes)).map { .bytes(sender, $0) }
        }
    }

    /// The same conversation, taken the wrong way round.
    var mirrored: [Step] {
        map { step in
            switch step {
            case .bytes(let sender, let bytes): .bytes(sender.opposite, bytes)
            case .gap(let sender, let count): .gap(sender.opposite, count)
            }
        }
    }
}

/// The bytes in pieces that end at `cuts`, which ascend.
func pieces(of bytes: [UInt8], at cuts: [Int]) -> [[UInt8]] {
    zip([0] + cuts, cuts + [bytes.count]).map { Array(bytes[$0..<$1]) }
}
