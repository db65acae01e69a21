import Filters
import Packets
import Protocols

/// Steps of a conversation, each behind two bytes: what is done by whom, and how many bytes there are. The parser must find the same however the
/// steps are cut.
enum ParserInput<Parser: SessionParser> where Parser.Session: Equatable {
    private enum Step {
        case feed(UnsafeRawBufferPointer, Direction)
        case datagram(UnsafeRawBufferPointer, Direction)
        case skip(Int, Direction)
        case reverse
    }

    private struct Outcome: Equatable {
        var sessions: [Parser.Session] = []
        var progress = ParserProgress.wantsMore

        var isOver: Bool { progress != .wantsMore && progress != .ready }
    }

    /// - Parameter depths: those that it knows.
    static func complaint(_ reader: inout InputReader, depths: [SessionDepth] = [.opening]) -> String? {
        let inputLength = reader.count
        let isOfStreams = Parser.service.transports.contains(.tcp)
        var steps: [Step] = []
        while !reader.isAtEnd {
            let control = reader.byte()
            let sender = control & 1 == 0 ? Direction.originator : .responder
            switch control >> 1 & 15 {
            case 0: steps.append(.skip(Int(reader.word()) << Int(control >> 5 * 4), sender))
            case 1: steps.append(.reverse)
            case 2 where Parser.service.transports.contains(.udp): steps.append(.datagram(reader.bytes(Int(reader.byte())), sender))
            default:
                // The high bits: up to 2 KiB.
                let bytes = reader.bytes(Int(control >> 5) << 8 | Int(reader.byte()))
                if !bytes.isEmpty { steps.append(isOfStreams ? .feed(bytes, sender) : .datagram(bytes, sender)) }
            }
        }
        switch steps.first {
        case .feed(let bytes, _), .datagram(let bytes, _):
            let block = ExactBlock(bytes)
            _ = Parser.probe(block.span)
            _ = Parser.probeLater(block.span)
            _ = Parser.probe(datagram: block.span)
        default: break
        }
        for (number, depth) in depths.enumerated() {
            let whole = outcome(steps, pieces: .max, depth)
            for session in whole.sessions { Parser.readAll(of: session) }
            // Datagrams come whole. Byte by byte takes most of the time, so of two depths an input's length says which one does.
            for size in [1, 7] where isOfStreams && (size > 1 || inputLength % depths.count == number) {
                let cut = outcome(steps, pieces: size, depth)
                if cut != whole { return "\(depth), in pieces of \(size): \(cut) instead of \(whole)" }
            }
        }
        return nil
    }

    /// Sessions and the last answer, with each step's bytes in pieces of so many.
    private static func outcome(_ steps: [Step], pieces size: Int, _ depth: SessionDepth) -> Outcome {
        var parser = Parser(depth: depth)
        var outcome = Outcome()
        // One for all pieces of that size: allocating each took most of the time.
        var block = ExactBlock(byteCount: 0)
        func takeSessions() { while let session = parser.nextSession() { outcome.sessions.append(session) } }
        loop: for step in steps {
            switch step {
            case .reverse: parser.reverseRoles()
            case .skip(let count, let sender): outcome.progress = parser.skip(count, from: sender)
            case .datagram(let bytes, let sender):
                let block = ExactBlock(bytes)
                outcome.progress = parser.feed(datagram: block.span, missing: 0, from: sender, at: .zero)
            case .feed(let bytes, let sender):
                var place = 0
                while place < bytes.count {
                    let piece = UnsafeRawBufferPointer(rebasing: bytes[place..<place + min(size, bytes.count - place)])
                    place += piece.count
                    if block.bytes.count != piece.count { block = ExactBlock(byteCount: piece.count) }
                    block.bytes.copyMemory(from: piece)
                    outcome.progress = parser.feed(block.span, from: sender)
                    if outcome.progress.isToGoOn { continue }
                    takeSessions()
                    if outcome.isOver { break loop }
                }
            }
            takeSessions()
            if outcome.isOver { break }
        }
        parser.finish()
        takeSessions()
        // Which of the two it is after the last bytes depends on the cuts.
        if outcome.progress == .ready { outcome.progress = .wantsMore }
        return outcome
    }
}
