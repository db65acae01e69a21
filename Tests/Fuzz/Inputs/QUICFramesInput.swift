import Filters
import Packets
import Protocols
import TestQUIC

/// What QUIC's packets say before they are protected: each is a payload behind five bytes.
///
///     | sender: 1 | kind: 3 | joins: 1 | version: 3 |   from the lowest bit on; one that joins is in the datagram of the one before
///     | to: 2 | keys: 2 | turned: 1 | odd: 1 | number's length: 2 |
///     | number: 8 |
///     | payload's length: 16 |
///
/// The target protects them, so that a changed byte is a changed frame: of ciphertext in which a byte was changed nothing is ever read. Initials whose keys' ID
/// or side is none of the connection's are those that cannot be opened.
enum QUICFramesInput {
    private enum Step {
        case datagram([UInt8], Direction)
        case reverse
    }

    /// More than there may be of what an input has bytes for, and of what is told that is not there.
    private static let mostHeld = 256 << 10

    private static let versions = [
        QUICBytes.v1, QUICBytes.v2, QUICBytes.draft29, QUICBytes.draft27, QUICBytes.t051, QUICBytes.v1, QUICBytes.v2, 0x1a2a_3a4a,
    ]
    /// Where packets go to: what the client made up, the client, the server, and the server after a Retry.
    private static let ids = [QUICBytes.clientDestination, QUICBytes.clientID, QUICBytes.serverID, [9, 8, 7, 6, 5, 4, 3, 2, 1]]
    /// By version, ID and side: made once.
    private static let keys = versions.map { version in
        ids.map { id in [true, false].map { QUICBytes.Keys(version, id, isClients: $0) } }
    }

    static func complaint(_ reader: inout InputReader) -> String? {
        let steps = steps(&reader)
        let plain = outcome(steps)
        if plain.mostHeld > mostHeld { return "\(plain.mostHeld) bytes held" }
        for session in plain.sessions { QUICParser.readAll(of: session) }
        // As long as nothing was said, who is the originator may turn out late.
        let turned = outcome(steps, reversedBefore: plain.silent)
        return turned.sessions == plain.sessions ? nil : "with roles reversed before step \(plain.silent): \(turned.sessions) instead of \(plain.sessions)"
    }

    // MARK: Packets

    private static func steps(_ reader: inout InputReader) -> [Step] {
        var steps: [Step] = []
        while !reader.isAtEnd {
            let (control, choice, number) = (reader.byte(), reader.byte(), reader.byte())
            let payload = reader.bytes(Int(reader.word()))
            guard control >> 1 & 7 != 7 else {
                steps.append(.reverse)
                continue
            }
            let sender = control & 1 == 0 ? Direction.originator : .responder
            let packet = packet(control >> 1 & 7, version: Int(control >> 5), choice, number, isClients: (sender == .originator) == (choice & 16 == 0), payload)
            if control & 16 != 0, case .datagram(let others, sender)? = steps.last {
                steps[steps.count - 1] = .datagram(others + packet, sender)
            } else {
                steps.append(.datagram(packet, sender))
            }
        }
        return steps
    }

    private static func packet(
        _ kind: UInt8, version place: Int, _ choice: UInt8, _ number: UInt8, isClients: Bool, _ payload: UnsafeRawBufferPointer
    ) -> [UInt8] {
        let (destination, keyPlace, isOdd) = (ids[Int(choice & 3)], Int(choice >> 2 & 3), choice & 32 != 0)
        let (version, source) = (versions[place], isClients ? QUICBytes.clientID : QUICBytes.serverID)
        switch kind {
        case 3:
            var packet = QUICBytes.retry(version: version, source: destination, token: Array(payload.prefix(64)), original: ids[keyPlace])
            if isOdd { packet[packet.count - 1] ^= 1 }
            return packet
        case 4: return QUICBytes.negotiation(source: destination, payload.prefix(256).map { versions[Int($0 & 7)] ^ UInt32($0 >> 3) })
        case 5: return QUICBytes.protected(isOdd ? 1 : 2, version: version, destination: destination, source: source, Array(payload.prefix(200)))
        case 6: return isOdd ? Array(payload) : [0x40 | number & 0x3f] + destination + payload
        default:
            guard let keys = keys[place][keyPlace][isClients ? 0 : 1] else { return QUICBytes.unknown(version: version) }
            var packet = QUICBytes.Initial()
            (packet.version, packet.destination, packet.source) = (version, destination, source)
            // Small ones as they are, and up to the largest.
            packet.number = number < 0xc0 ? UInt64(number) : UInt64(1) << UInt64(min(number & 0x3f, 61))
            packet.numberLength = Int(choice >> 6) + 1
            if isOdd { packet.token = QUICBytes.serverID }
            return packet.bytes(Array(payload), keys)
        }
    }

    // MARK: Parsing

    private struct Outcome {
        var sessions: [QUICHandshake] = []
        /// So many steps before anything was said.
        var silent = 0
        var mostHeld = 0
    }

    /// - Parameter turn: the steps before it come with the roles reversed, and the parser is told so then.
    private static func outcome(_ steps: [Step], reversedBefore turn: Int = 0) -> Outcome {
        var (parser, outcome) = (QUICParser(), Outcome())
        for (place, step) in steps.enumerated() {
            if turn > 0, place == turn { parser.reverseRoles() }
            guard case .datagram(let bytes, let sender) = step else {
                parser.reverseRoles()
                if outcome.silent == place { outcome.silent = place + 1 }
                continue
            }
            let progress = bytes.withUnsafeBytes { bytes in
                let block = ExactBlock(bytes)
                _ = QUICParser.probe(datagram: block.span)
                return parser.feed(datagram: block.span, missing: 0, from: place < turn ? sender.opposite : sender, at: .zero)
            }
            outcome.mostHeld = max(outcome.mostHeld, parser.heldBytes)
            if progress == .wantsMore, outcome.silent == place { outcome.silent = place + 1 }
            while let session = parser.nextSession() { outcome.sessions.append(session) }
            if progress != .wantsMore, progress != .ready { break }
        }
        if turn > 0, turn == steps.count { parser.reverseRoles() }
        parser.finish()
        while let session = parser.nextSession() { outcome.sessions.append(session) }
        return outcome
    }
}
