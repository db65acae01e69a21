import Packets
import Protocols

/// What parsers find, and to whom it is given.
extension ConnTracker {
    /// A parser has been fed.
    @inline(__always)
    mutating func advanceParser(_ progress: ParserProgress, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        if !progress.isToGoOn { takeUp(progress, index, connection) }
    }

    @inline(never)
    private mutating func takeUp(_ progress: ParserProgress, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        switch progress {
        case .wantsMore: return
        case .ready: return deliverSessions(index, connection)
        case .handsOver:
            deliverSessions(index, connection)
            // A verdict may have ended it.
            if connection.pointee.parsing.isRunning { probeAnew(index, connection) }
            return
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
        settleAtEnd(index, connection)
        parsers.with(Int(connection.pointee.parser)) { $0.finish(index) }
        deliverSessions(index, connection)
        if connection.pointee.parsing != .over { stopParser(index, connection) }
        if !members.pending(index, connection).isEmpty { decidePending(index, connection) }
    }
}
