import Packets
import Protocols

/// How a connection's bytes become sessions: finding the parser whose protocol it speaks, feeding it, giving out what it finds.
///
///     probing ──first bytes──▶ active ──done, failed, nobody wants more──▶ over
///       └──too few to tell──▶ tentative ──▶ active, or back
extension ConnTracker {
    /// Chunks of payload that parsers look at before the connection counts as none of theirs. TLS may begin late: after SMTP's
    /// STARTTLS, behind a proxy's CONNECT.
    private static let maxProbedChunks: UInt8 = 64

    mutating func parse(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        if connection.pointee.parsing == .probing { probe(bytes, index, connection, direction) }
        guard connection.pointee.parsing.isRunning else { return }
        let progress = parsers.with(Int(connection.pointee.parser)) { $0.feed(index, bytes, from: direction) }
        advanceParser(progress, index, connection)
    }

    /// Finds the parser whose protocol a chunk begins with.
    mutating func probe(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        let side = connection.side(direction == .originator ? connection.pointee.originator : connection.pointee.originator.other)
        let isFirst = !side.pointee.seen.contains(.probed)
        side.pointee.seen.insert(.probed)
        var unsure: Int?
        for number in 0..<parsers.count {
            switch parsers.with(number, { isFirst ? $0.probe(bytes) : $0.probeLater(bytes) ? .mine : .notMine }) {
            case .mine:
                begin(number, index, connection)
                return recognise(index, connection)
            case .unsure: unsure = unsure ?? number
            case .notMine: break
            }
        }
        if let unsure {
            // Too few bytes to tell: the parser itself will say when they turn out not to be its own.
            begin(unsure, index, connection)
            connection.pointee.parsing = .tentative
            // From here on it counts whether the parser has seen more than these.
            connection.pointee.probedChunks = 0
        } else {
            countProbe(index, connection)
        }
    }

    mutating func begin(_ number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        parsers.with(number) { $0.start(index) }
        connection.pointee.parser = UInt8(number)
    }

    /// The application protocol is known.
    mutating func recognise(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        connection.pointee.parsing = .active
        connection.pointee.service = parsers.with(Int(connection.pointee.parser)) { $0.service }
        decidePending(index, connection)
        updateWants(index, connection)
    }

    /// One more chunk that is nobody's; after too many of them the connection is nobody's.
    mutating func countProbe(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        connection.pointee.probedChunks &+= 1
        connection.pointee.parsing = connection.pointee.probedChunks < Self.maxProbedChunks ? .probing : .over
        guard connection.pointee.parsing == .over else { return }
        decidePending(index, connection)
        updateWants(index, connection)
    }

    mutating func advanceParser(_ progress: ParserProgress, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        if connection.pointee.parsing == .tentative {
            if case .failed = progress {
                parsers.with(Int(connection.pointee.parser)) { $0.stop(index) }
                return countProbe(index, connection)
            }
            if connection.pointee.probedChunks > 0 || progress != .wantsMore { recognise(index, connection) }
            connection.pointee.probedChunks = 1
            guard connection.pointee.parsing == .active else { return }
        }
        switch progress {
        case .wantsMore: return
        case .ready: return deliverSessions(index, connection)
        case .failed(let failure): counters.parserFailures[Int(failure.rawValue)] &+= 1
        case .done: break
        }
        finishParser(index, connection)
        // Unless a verdict has brought it up to date.
        if connection.pointee.wants.contains(.sessions) { updateWants(index, connection) }
    }

    /// Gives the sessions that are ready to those whose filters they, or their connection, fit.
    mutating func deliverSessions(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let stage = Int(connection.pointee.parser)
        // A verdict may stop the parser.
        while connection.pointee.parsing.isRunning, parsers.with(stage, { $0.takeSession(index) }) {
            counters.sessions &+= 1
            var receivers = parsers.with(stage) { $0.receivers }
            if filters.hasSessionFacts || filters.hasFacts && members.pending(index, connection).overlaps(receivers) {
                staged(.decisions) { $0.chooseReceivers(stage, index, connection) }
                receivers = receiving
            }
            ConnectionRecord.fill(record, connection, extras.known(index))
            for number in members.active(index, connection).intersection(receivers) {
                let verdict = parsers.with(stage) { $0.giveSession(index, to: number, UnsafePointer(record)) }
                apply(verdict, to: number, index, connection)
            }
            parsers.with(stage) { $0.dropSession() }
        }
    }

    /// Gives out the sessions that waited for what is known at the end.
    @inline(never)
    mutating func giveHeldSessions(_ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ reason: EndReason) {
        for stage in 0..<parsers.count {
            while let numbers = parsers.with(stage, { $0.takeHeldSession(index) }) {
                heldSessions -= 1
                staged(.decisions) { $0.chooseHeldReceivers(numbers, stage, index, connection, reason) }
                ConnectionRecord.fill(record, connection, extras.known(index))
                for number in members.active(index, connection).intersection(receiving) {
                    let verdict = parsers.with(stage) { $0.giveSession(index, to: number, UnsafePointer(record)) }
                    apply(verdict, to: number, index, connection)
                }
                parsers.with(stage) { $0.dropSession() }
            }
        }
    }

    mutating func finishParser(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        parsers.with(Int(connection.pointee.parser)) { $0.finish(index) }
        deliverSessions(index, connection)
        if connection.pointee.parsing != .over { stopParser(index, connection) }
        if !members.pending(index, connection).isEmpty { decidePending(index, connection) }
    }

    mutating func stopParser(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        parsers.with(Int(connection.pointee.parser)) { $0.stop(index) }
        connection.pointee.parsing = .over
    }
}
