import Packets
import Protocols
import TestSupport
import Testing

/// A datagram of a conversation, and who sent it.
struct Datagram: Equatable {
    var sender: Direction
    var bytes: [UInt8]
    var missing = 0

    init(_ sender: Direction, _ bytes: [UInt8], missing: Int = 0) {
        self.sender = sender
        self.bytes = bytes
        self.missing = missing
    }

    /// The same from the other side.
    var reversed: Datagram { Datagram(sender.opposite, bytes, missing: missing) }
}

/// Puts a parser of datagrams through a mill, as ``ParserVerifier`` does with parsers of streams: what is captured cannot come in other pieces, but twice,
/// cut off, flipped, and with the roles the wrong way round.
struct DatagramVerifier<Parser: SessionParser> where Parser.Session: Equatable {
    /// What conversations mean by the order between their directions.
    var order = DirectionOrder.any

    /// Parses a conversation as a tracker would: no longer than the parser wants, and sessions taken after each call.
    ///
    /// - Parameter turn: the datagrams before it come with the roles reversed, and the parser is told so then.
    func parse(_ conversation: [Datagram], reversedBefore turn: Int = 0) -> Parsed<Parser.Session> {
        var parser = Parser()
        var parsed = Parsed<Parser.Session>()
        for (place, datagram) in conversation.enumerated() where parsed.progress == .wantsMore || parsed.progress == .ready {
            if turn > 0, place == turn { parser.reverseRoles() }
            parsed.progress = feed(&parser, place < turn ? datagram.reversed : datagram)
            while let session = parser.nextSession() { parsed.sessions.append(session) }
        }
        if parsed.progress == .ready { parsed.progress = .wantsMore }
        parser.finish()
        while let session = parser.nextSession() { parsed.sessions.append(session) }
        for session in parsed.sessions { for field in Parser.fields { field.read(session) { _ in } } }
        return parsed
    }

    private func feed(_ parser: inout Parser, _ datagram: Datagram) -> ParserProgress {
        parser.feed(datagram: datagram.bytes.span.bytes, missing: datagram.missing, from: datagram.sender, at: .zero)
    }

    /// Whether the parser goes on, and has given no session, before a datagram.
    private func saysNothing(until turn: Int, of conversation: [Datagram]) -> Bool {
        var parser = Parser()
        return conversation[..<turn].allSatisfy { feed(&parser, $0) == .wantsMore }
    }

    /// What the parser makes of a conversation, once it has stood all trials.
    ///
    /// - Parameters:
    ///   - flips: of how many bytes one is flipped.
    ///   - order: where it is another one than all conversations have.
    func verify(
        _ conversation: [Datagram], flips: Int = 1, order: DirectionOrder? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) -> Parsed<Parser.Session> {
        let whole = parse(conversation)
        for seed in 0..<20 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            guard let other = (order ?? self.order).interleaved(conversation, by: \.sender, using: &random).map({ parse($0) }) else { break }
            if !other.isSame(as: whole) {
                Issue.record("directions interleaved, seed \(seed): \(other) instead of \(whole)", sourceLocation: sourceLocation)
                break
            }
        }
        for turn in conversation.indices where saysNothing(until: turn, of: conversation) {
            let other = parse(conversation, reversedBefore: turn)
            if other != whole { Issue.record("with roles reversed before datagram \(turn): \(other) instead of \(whole)", sourceLocation: sourceLocation) }
        }
        survive(conversation, flips: flips)
        return whole
    }

    /// Doubles datagrams, has them come in other orders, cuts each off at every length and flips its bytes; nothing is expected but to get to the end.
    func survive(_ conversation: [Datagram], flips: Int = 1) {
        var random = SeededGenerator(seed: 0xf1)
        _ = parse(conversation.flatMap { [$0, $0] })
        _ = parse(conversation + conversation)
        for _ in 0..<10 { _ = parse(conversation.shuffled(using: &random)) }
        for (place, datagram) in conversation.enumerated() {
            func replace(_ bytes: [UInt8], missing: Int = 0) {
                var other = conversation
                other[place] = Datagram(datagram.sender, bytes, missing: missing)
                _ = parse(other)
                _ = Parser.probe(datagram: bytes.span.bytes)
            }
            for index in datagram.bytes.indices where index % flips == 0 {
                replace(Array(datagram.bytes[..<index]), missing: datagram.bytes.count - index)
                var flipped = datagram.bytes
                flipped[index] ^= UInt8.random(in: 1...255, using: &random)
                replace(flipped)
            }
        }
    }
}
