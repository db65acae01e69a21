import Packets
import Protocols

/// How the parser is found whose protocol a connection speaks, by what its bytes are and whatever its ports are.
///
///     probing ──its first bytes──▶ active ──done, failed, nobody wants more──▶ over
///       │  ▲                        │ ▲
///       │  └──another protocol next─┘ │ one is left, or says so
///       └──too few to tell──▶ tentative: all that may be theirs are fed ──none is left──▶ probing
extension ConnTracker {
    /// Chunks of payload that parsers look at before the connection counts as none of theirs. TLS may begin late: after SMTP's STARTTLS, behind a proxy's
    /// CONNECT. What a flow of datagrams speaks shows soon.
    private static let maxProbedChunks: UInt8 = 64
    private static let maxProbedDatagrams: UInt8 = 8
    /// Of these chunks those that are still looked at where an opening says that nothing begins later: the rest of it, and what is answered.
    private static let chunksOfAnswer: UInt8 = 8
    /// Chunks after which the first of several that still may be right is believed.
    private static let maxTentativeChunks: UInt8 = 16

    // MARK: Streams

    @inline(__always)
    mutating func parse(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        switch connection.pointee.parsing {
        case .probing where mayBeProxied(bytes, connection, direction): return parseBehindProxy(bytes, index, connection, direction)
        case .probing: probe(bytes, index, connection, direction)
        case .tentative: if parserTraits.beginLater { probeInstead(bytes, index, connection) }
        case .active, .over: break
        }
        give(bytes, index, connection, direction)
    }

    /// Bytes to those whose they are.
    @inline(__always)
    mutating func give(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        let time = Timestamp(nanoseconds: now)
        switch connection.pointee.parsing {
        case .active:
            let stage = Int(connection.pointee.parser)
            let progress = parsers.with(stage) { $0.feed(index, bytes, from: direction, at: time) }
            if case .handsOver = progress { return handOver(bytes, index, connection, direction) }
            advanceParser(progress, index, connection)
        case .tentative: sift(index, connection) { $0.feed(index, bytes, from: direction, at: time) }
        case .probing, .over: break
        }
    }

    /// The parser's protocol is over; the next one may begin in the same segment.
    @inline(never)
    private mutating func handOver(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        let unread = parsers.with(Int(connection.pointee.parser)) { $0.unreadBytes(index) }
        advanceParser(.handsOver, index, connection)
        // Shorter each time.
        guard unread > 0, unread < bytes.byteCount, connection.pointee.parsing == .probing else { return }
        parse(bytes.extracting((bytes.byteCount - unread)...), index, connection, direction)
    }

    /// So many bytes will not come.
    mutating func skip(_ byteCount: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        switch connection.pointee.parsing {
        case .active: advanceParser(parsers.with(Int(connection.pointee.parser)) { $0.skip(index, byteCount, from: direction) }, index, connection)
        case .tentative: sift(index, connection) { $0.skip(index, byteCount, from: direction) }
        case .probing, .over: break
        }
    }

    @inline(__always)
    mutating func side(of direction: Direction, _ connection: UnsafeMutablePointer<Connection>) -> UnsafeMutablePointer<Connection.Side> {
        connection.side(direction == .originator ? connection.pointee.originator : connection.pointee.originator.other)
    }

    /// A protocol that is beyond doubt may begin while others are not sure yet whether bytes of another are theirs: TLS behind PostgreSQL's single `S`.
    @inline(never)
    private mutating func probeInstead(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        let unsure = tentative(index).pointee
        var more: UInt64 = 0
        // Who is unsure has seen what came before, and needs no other beginning.
        for number in 0..<parsers.count where unsure & 1 << UInt64(number) == 0 {
            switch parsers.with(number, { $0.beginsLater ? $0.probeLater(bytes) : .notMine }) {
            case .mine:
                stopTentative(unsure, index)
                return begin(number, index, connection)
            case .unsure: more |= 1 << UInt64(number)
            case .notMine: break
            }
        }
        guard more != 0 else { return }
        tentative(index).pointee = unsure | more
        while let number = more.popFirst() { parsers.with(number) { $0.start(index) } }
    }

    /// Finds the parser whose protocol a chunk begins with.
    mutating func probe(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        let side = side(of: direction, connection)
        let isFirst = !side.pointee.seen.contains(.probed)
        side.pointee.seen.insert(.probed)
        var unsure: UInt64 = 0
        for number in 0..<parsers.count {
            switch parsers.with(number, { isFirst ? $0.probe(bytes) : $0.probeLater(bytes) }) {
            case .mine: return begin(number, index, connection)
            case .unsure: unsure |= 1 << UInt64(number)
            case .notMine: break
            }
        }
        guard unsure != 0 else {
            if isFirst, parserTraits.beginLater { lookAhead(bytes, connection) }
            return countProbe(index, connection)
        }
        // Too few bytes to tell: the parsers themselves will say when they turn out not to be their own.
        var rest = unsure
        while let number = rest.popFirst() { parsers.with(number) { $0.start(index) } }
        connection.pointee.sideA.seen.remove(.proxyHeader)
        connection.pointee.sideB.seen.remove(.proxyHeader)
        tentative(index).pointee = unsure
        connection.pointee.parsing = .tentative
        // From here on it counts how many chunks they have seen.
        connection.pointee.probedChunks = 0
    }

    /// Asks those who may begin later whether they will, by what a direction begins with.
    private mutating func lookAhead(_ opening: RawSpan, _ connection: UnsafeMutablePointer<Connection>) {
        let wasUnlikely = connection.pointee.probedChunks >= Self.maxProbedChunks &- Self.chunksOfAnswer
        var (isExpected, isUnlikely, isRuledOut) = (false, true, true)
        for number in 0..<parsers.count {
            switch parsers.with(number, { $0.beginsLater ? $0.mayBeginLater(after: opening) : .ruledOut }) {
            case .expected: isExpected = true
            case .open: isUnlikely = false
            case .unlikely: isRuledOut = false
            case .seconded: isUnlikely = isUnlikely && wasUnlikely
            case .ruledOut: break
            }
        }
        if isExpected {
            connection.pointee.probedChunks = 0
        } else if isUnlikely {
            let left = isRuledOut ? 1 : Self.chunksOfAnswer
            connection.pointee.probedChunks = max(connection.pointee.probedChunks, Self.maxProbedChunks &- left)
        }
    }

    /// The parsers that a connection's bytes may be meant for, a bit each, while `parsing` is tentative.
    @inline(__always)
    mutating func tentative(_ index: Int) -> UnsafeMutablePointer<UInt64> { candidates.bound(to: UInt64.self) + index }

    /// Gives all that may be right what came; one that gives up is out, and one that has found something is it.
    @inline(never)
    private mutating func sift(_ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ give: (ParserStage) -> ParserProgress) {
        var rest = tentative(index).pointee
        var left = rest
        while let number = rest.popFirst() {
            let progress = parsers.with(number) { give($0) }
            switch progress {
            case .wantsMore: continue
            case .failed:
                parsers.with(number) { $0.stop(index) }
                left &= ~(1 << UInt64(number))
            case .ready, .done, .handsOver:
                settle(on: number, of: left, index, connection)
                return advanceParser(progress, index, connection)
            }
        }
        tentative(index).pointee = left
        guard left != 0 else { return countProbe(index, connection) }
        connection.pointee.probedChunks &+= 1
        let chunks = connection.pointee.probedChunks
        // The last that is left need not be it where others may begin later.
        let isLast = chunks > 1 && left & (left &- 1) == 0 && !parserTraits.beginLater
        if isLast || chunks > Self.maxTentativeChunks { settle(on: left.trailingZeroBitCount, of: left, index, connection) }
    }

    /// One of those that may be right is it.
    private mutating func settle(on number: Int, of left: UInt64, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        stopTentative(left & ~(1 << UInt64(number)), index)
        connection.pointee.parser = UInt8(number)
        recognise(index, connection)
    }

    private mutating func stopTentative(_ numbers: UInt64, _ index: Int) {
        var rest = numbers
        while let number = rest.popFirst() { parsers.with(number) { $0.stop(index) } }
    }

    // MARK: Datagrams

    /// Gives a datagram's payload to the parser, or finds one whose it is.
    mutating func parseDatagram(
        _ packet: UnsafePointer<Packet>, _ frame: UnsafePointer<Frame>, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ sender: Endpoint
    ) {
        let captured = Int(packet.pointee.payloadCaptured)
        guard captured > 0 else { return }
        let datagram = RawSpan(_unsafeStart: frame.pointee.bytes + Int(packet.pointee.payloadOffset), byteCount: captured)
        let missing = Int(packet.pointee.payloadLength) - captured
        if connection.pointee.parsing == .probing {
            guard let number = (0..<parsers.count).first(where: { parsers.with($0) { $0.probe(datagram: datagram) } }) else {
                return countProbe(index, connection)
            }
            begin(number, index, connection)
        }
        guard connection.pointee.parsing == .active else { return }
        let direction = connection.direction(of: sender), time = packet.pointee.timestamp
        let progress = parsers.with(Int(connection.pointee.parser)) { $0.feed(index, datagram: datagram, missing: missing, from: direction, at: time) }
        advanceParser(progress, index, connection)
    }

    // MARK: Both

    private mutating func begin(_ number: Int, _ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        parsers.with(number) { $0.start(index) }
        connection.pointee.parser = UInt8(number)
        recognise(index, connection)
    }

    /// The application protocol is known.
    private mutating func recognise(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        connection.pointee.parsing = .active
        connection.pointee.service = parsers.with(Int(connection.pointee.parser)) { $0.service }
        decidePending(index, connection)
        updateWants(index, connection)
    }

    /// One more chunk that is nobody's; after too many of them the connection is nobody's.
    mutating func countProbe(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        connection.pointee.probedChunks &+= 1
        let most = connection.pointee.transport == .tcp ? Self.maxProbedChunks : Self.maxProbedDatagrams
        // Whose sessions begin with a stream alone have seen both sides'.
        let mayCome = connection.pointee.transport != .tcp || parserTraits.beginLater
            || !(connection.pointee.sideA.seen.contains(.probed) && connection.pointee.sideB.seen.contains(.probed))
        connection.pointee.parsing = mayCome && connection.pointee.probedChunks < most ? .probing : .over
        guard connection.pointee.parsing == .over else { return }
        decidePending(index, connection)
        updateWants(index, connection)
    }

    /// The parser's protocol is over, and another may follow it.
    mutating func probeAnew(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        stopParser(index, connection)
        connection.pointee.parsing = .probing
        connection.pointee.probedChunks = 0
        connection.pointee.sideA.seen.subtract([.probed, .proxyHeader])
        connection.pointee.sideB.seen.subtract([.probed, .proxyHeader])
        updateWants(index, connection)
    }

    /// No more bytes will come to parsers that may be right: the first of them is taken to be.
    mutating func settleAtEnd(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        guard connection.pointee.parsing == .tentative else { return }
        let left = tentative(index).pointee
        connection.pointee.parser = UInt8(left.trailingZeroBitCount)
        stopTentative(left & (left &- 1), index)
        tentative(index).pointee = left & (0 &- left)
    }

    mutating func reverseRolesOfParser(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        var running = connection.pointee.parsing == .tentative ? tentative(index).pointee : 1 << UInt64(connection.pointee.parser)
        guard connection.pointee.parsing.isRunning else { return }
        while let number = running.popFirst() { parsers.with(number) { $0.reverseRoles(index) } }
    }

    mutating func stopParser(_ index: Int, _ connection: UnsafeMutablePointer<Connection>) {
        settleAtEnd(index, connection)
        parsers.with(Int(connection.pointee.parser)) { $0.stop(index) }
        connection.pointee.parsing = .over
    }
}

extension UInt64 {
    /// Takes the lowest bit's number out.
    @inline(__always)
    fileprivate mutating func popFirst() -> Int? {
        guard self != 0 else { return nil }
        defer { self &= self &- 1 }
        return trailingZeroBitCount
    }
}
