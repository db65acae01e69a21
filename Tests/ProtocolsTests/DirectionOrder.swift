import Packets
import TestSupport

/// In which orders the directions of a conversation may pass by, each in its own order, without that it means another thing: they are captured, and put in
/// order, apart from each other.
enum DirectionOrder {
    /// In any.
    case any
    /// The originator may run ahead, but what the responder says does not come before what it answers; and the first steps only as they are given, of protocols
    /// that begin in turns. Why that is.
    case answersFollow(after: Int = 0, because: String)
    /// Only as it is given. Why that is.
    case given(because: String)

    /// Most protocols'.
    static var questionsFirst: DirectionOrder { .answersFollow(because: "what comes before any question answers one that was not seen") }
    /// The same of those that log in first.
    static func questionsFirst(after login: Int) -> DirectionOrder {
        .answersFollow(after: login, because: "the client waits until it is logged in, and what comes before any question answers one that was not seen")
    }
}

extension DirectionOrder {
    /// The same conversation in another order; nil where there is none.
    ///
    /// - Parameter pieces: those that a step comes in.
    func interleaved<Part>(
        _ conversation: [Part], by sender: (Part) -> Direction, using random: inout SeededGenerator,
        _ pieces: (Part, inout SeededGenerator) -> [Part] = { part, _ in [part] }
    ) -> [Part]? {
        var parts: [Part] = []
        switch self {
        case .any: break
        case .answersFollow(let first, _): parts = Array(conversation.prefix(first))
        case .given: return nil
        }
        // What is left of each direction, and where it stood.
        var (asked, answered): ([(place: Int, part: Part)], [(place: Int, part: Part)]) = ([], [])
        for (place, part) in conversation.enumerated().dropFirst(parts.count) {
            for piece in pieces(part, &random) { if sender(part) == .originator { asked.append((place, piece)) } else { answered.append((place, piece)) } }
        }
        guard !asked.isEmpty, !answered.isEmpty else { return nil }
        (asked, answered) = (asked.reversed(), answered.reversed())
        while let next = asked.last ?? answered.last {
            var isQuestion = answered.isEmpty || !asked.isEmpty && Bool.random(using: &random)
            if case .answersFollow = self, let answer = answered.last, next.place < answer.place, !asked.isEmpty { isQuestion = true }
            parts.append((isQuestion ? asked.removeLast() : answered.removeLast()).part)
        }
        return parts
    }
}
