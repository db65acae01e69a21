import Packets

/// What goes out of reassembly: bytes in order, gaps where holes are given up, conflicts; and how streams end.
extension ConnTracker {
    /// Holes that one call of `expire` gives up, so that a storm of them is spread over bursts.
    private static let holesPerCall = 512

    @inline(__always)
    mutating func count(_ outcome: ByteOutcome, _ bytes: Int, _ stream: Int) {
        counters.payload[outcome.rawValue] &+= UInt64(bytes)
        reassembly.account(stream).pointee.outcomes[outcome.rawValue] &+= UInt64(bytes)
    }

    // MARK: Giving out

    /// The direction's next bytes, to the parser and to those who want the stream.
    mutating func give(_ bytes: UnsafeRawBufferPointer, at sequence: SequenceNumber, _ half: Half) {
        count(.delivered, bytes.count, half.stream)
        let span = RawSpan(_unsafeBytes: bytes)
        let (index, connection, direction) = (half.index, half.connection, half.direction)
        if connection.pointee.wants.contains(.sessions) { parse(span, index, connection, direction) }
        if connection.pointee.wants.contains(.stream) {
            reassembly.remember(half.stream, sequence, bytes)
            for number in members.active(index, connection).intersection(streamMembers) {
                let verdict = subscribers.with(number) { $0.stream(index, span, from: direction) }
                apply(verdict, to: number, index, connection)
            }
            if connection.pointee.wants.contains(.levels) { keepStream(bytes, half) }
        }
    }

    /// So many bytes before what comes next will not come.
    mutating func giveGap(_ byteCount: Int, _ half: Half) {
        guard byteCount > 0 else { return }
        counters.gaps &+= 1
        counters.gapBytes &+= UInt64(byteCount)
        let account = reassembly.account(half.stream)
        account.pointee.gaps &+= 1
        account.pointee.gapBytes &+= UInt64(byteCount)
        reassembly.rememberHole(half.stream, byteCount)
        let (index, connection, direction) = (half.index, half.connection, half.direction)
        if connection.pointee.parsing.isRunning { skip(byteCount, index, connection, direction) }
        if connection.pointee.wants.contains(.stream) {
            for number in members.active(index, connection).intersection(streamMembers) {
                let verdict = subscribers.with(number) { $0.gap(index, byteCount, from: direction) }
                apply(verdict, to: number, index, connection)
            }
            if connection.pointee.wants.contains(.levels) { keepGap(byteCount, half) }
        }
    }

    mutating func giveConflict(_ conflict: StreamConflict, _ half: Half) {
        guard half.connection.pointee.wants.contains(.stream) else { return }
        for number in members.active(half.index, half.connection).intersection(streamMembers) {
            let verdict = subscribers.with(number) { $0.conflict(half.index, conflict, from: half.direction) }
            apply(verdict, to: number, half.index, half.connection)
        }
    }

    /// - Parameter time: since when a hole behind what is ready is the first; nil: as long as bytes behind it have waited.
    mutating func popReady(_ half: Half, at time: Int64?) {
        while half.isWanted, let piece = reassembly.popReady(half.stream, at: time) {
            give(piece.bytes, at: piece.start, half)
            reassembly.release(piece)
        }
    }

    // MARK: Giving up holes

    /// - Parameter limit: where the hole ends at the latest.
    private mutating func giveUpHole(_ half: Half, upTo limit: SequenceNumber? = nil) {
        // Nobody has said that a SYN's data was taken.
        if reassembly.isOpening(half.stream) { return beginOpening(half) { _ in 0 } }
        giveGap(reassembly.skipHole(half.stream, upTo: limit), half)
        popReady(half, at: nil)
    }

    /// Gives up a hole, so that a segment that found no room is in order or finds some: the oldest of those that share the limit.
    ///
    /// - Parameter limit: where the segment's bytes without room begin.
    mutating func makeRoom(for half: Half, upTo limit: SequenceNumber) {
        guard let shortage = reassembly.shortage(half.stream) else { return }
        counters.holesGivenUp &+= 1
        let stream = reassembly.oldestHole(for: shortage, half.stream)
        guard stream != half.stream else { return giveUpHole(half, upTo: limit) }
        let other = self.half(of: stream)
        // Several holes may share a page.
        let pages = reassembly.heldPages(stream)
        while other.isWanted, reassembly.holds(stream), reassembly.heldPages(stream) == pages { giveUpHole(other) }
    }

    private mutating func half(of stream: Int) -> Half {
        let index = stream / 2
        return Half(index: index, connection: table.pointer(to: table.slot(at: UInt32(index))), sender: stream & 1 == 0 ? .a : .b)
    }

    /// Gives up the holes of a stream that have been open for too long. Done before a segment finds its place, so that it does not matter how packets
    /// fall into bursts.
    mutating func giveUpOverdueHoles(_ half: Half) {
        while half.isWanted, reassembly.isOverdue(half.stream, since: now &- options.pointee.holeTimeout) {
            counters.holesTimedOut &+= 1
            giveUpHole(half)
        }
    }

    /// The same for all streams; what it leaves for the next call comes then.
    mutating func giveUpOverdueHoles(at now: Int64) {
        for _ in 0..<Self.holesPerCall {
            guard let stream = reassembly.overdueHole(since: now &- options.pointee.holeTimeout) else { return }
            counters.holesTimedOut &+= 1
            giveUpHole(half(of: stream))
        }
    }

    // MARK: Ending

    /// Gives out all that is held of a direction, holes as gaps, up to its FIN.
    mutating func flush(_ half: Half) {
        while half.isWanted, reassembly.holds(half.stream) { giveUpHole(half) }
        if half.isWanted { giveGap(reassembly.skipToFin(half.stream), half) }
    }

    /// Nobody wants a connection's streams any more.
    mutating func freeStreams(_ index: Int) {
        if reassembly.forgetIdle(index) { return }
        freeStream(index, .a, as: .unwanted)
        freeStream(index, .b, as: .unwanted)
    }

    /// - Parameter outcome: of the bytes that it holds.
    mutating func freeStream(_ index: Int, _ sender: Endpoint, as outcome: ByteOutcome) {
        let stream = Reassembly.stream(index, sender)
        count(outcome, reassembly.free(stream), stream)
    }

    /// What of a connection's payload was never handed to reassembly has an outcome, too.
    @inline(__always)
    mutating func settleAccounts(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        settleAccount(Reassembly.stream(index, .a), connection.pointee.sideA.payloadBytes)
        settleAccount(Reassembly.stream(index, .b), connection.pointee.sideB.payloadBytes)
    }

    @inline(__always)
    private mutating func settleAccount(_ stream: Int, _ payloadBytes: UInt64) {
        assert(!reassembly.holds(stream) && reassembly.isConsistent(stream), "a stream's positions are not those given out and in gaps")
        let account = reassembly.account(stream)
        assert(account.pointee.total <= payloadBytes, "more bytes have an outcome than came")
        let rest = payloadBytes &- account.pointee.total
        counters.payloadBytes &+= rest
        counters.payload[ByteOutcome.unwanted.rawValue] &+= rest
        account.pointee.outcomes[ByteOutcome.unwanted.rawValue] &+= rest
    }

    /// Closes the books of a connection that has been reported; its streams are freed by then.
    mutating func closeStreams(_ index: Int) {
        assert(reassembly.isFree(Reassembly.stream(index, .a)) && reassembly.isFree(Reassembly.stream(index, .b)), "a stream outlives its connection")
        reassembly.close(index)
    }

    /// The payload of a packet whose connection has been reported.
    mutating func countAfterReport(_ packet: UnsafePointer<Packet>) {
        guard packet.pointee.transport == .tcp else { return }
        counters.payloadBytes &+= UInt64(packet.pointee.payloadLength)
        counters.payload[ByteOutcome.afterEnd.rawValue] &+= UInt64(packet.pointee.payloadLength)
    }

    /// Brings the counts of what is held up to date, once a burst.
    mutating func noteHeld() {
        counters.held = UInt64(reassembly.held)
        counters.reassemblyPeak = UInt64(reassembly.pages.peak * SegmentPages.cost)
        assert(counters.isPayloadBalanced, "payload bytes without an outcome, or with two")
    }
}
