import Packets

/// What is known of a flow's connection so far: the state of ``QUICParser``, apart from the parser itself because most flows have none.
final class QUICReading {
    /// Initials of a side that are opened, or tried to.
    private static let mostInitials = 16
    /// Destination IDs of which keys are made.
    private static let mostKeys = 8
    /// Datagrams after which no hello is to be expected any more.
    private static let mostDatagrams = 100
    /// Datagrams that are none of QUIC, if nothing was ever opened.
    private static let mostStrangers = 8

    /// What one side has sent.
    private struct Side {
        var stream = QUICCryptoStream()
        /// Whether its hello was found, or is not to be.
        var isOver = false
        /// Initials that were opened, or tried to.
        var tries = 0
        var largestNumber: UInt64?
        /// Where its first Initial or 0-RTT packet went to.
        var firstDestination: QUICConnectionID?
        var source: QUICConnectionID?
        /// The source in a Retry, which becomes the client's next destination.
        var retrySource: QUICConnectionID?
    }

    private var handshake: QUICHandshake?
    /// Of connections on the same flow that nobody answered.
    private var earlier: [QUICHandshake] = []
    private var originator = Side()
    private var responder = Side()
    /// Who is the client: shown by an Initial that was opened, or by a packet that only one of the two sends.
    private var client: Direction?
    private var isProven = false
    private var keys: QUICInitialKeys?
    private var keysMade = 0
    private var datagrams = 0
    private var strangers = 0
    private var helloBytes = 0
    /// Whether there is nothing to be found behind the version's name.
    private var isForeign = false

    private subscript(_ sender: Direction) -> Side {
        get { sender == .originator ? originator : responder }
        _modify { if sender == .originator { yield &originator } else { yield &responder } }
    }

    // MARK: Results

    var hasEarlier: Bool { !earlier.isEmpty }

    func takeEarlier() -> QUICHandshake? { earlier.isEmpty ? nil : earlier.removeFirst() }

    /// Whether nothing shows that this is QUIC, but much that it is not.
    var isStrange: Bool { strangers >= Self.mostStrangers && !isProven }

    /// Whether all is known that can be, or enough was tried.
    var isOver: Bool {
        guard let handshake else { return false }
        func isSpent(_ side: borrowing Side) -> Bool { side.isOver || side.tries >= Self.mostInitials }
        return handshake.clientHello != nil && handshake.serverHello != nil || handshake.close != nil || datagrams >= Self.mostDatagrams || isForeign
            || isSpent(originator) && isSpent(responder)
    }

    /// What was seen; nil before the first packet with a long header.
    var session: QUICHandshake? {
        guard var session = handshake else { return nil }
        let client = client ?? .originator
        session.client = client
        session.initialDestination = self[client].firstDestination
        session.clientID = self[client].source ?? self[client.opposite].firstDestination
        session.serverID = self[client.opposite].source ?? self[client.opposite].retrySource
        if !isProven, originator.tries + responder.tries > 0 { session.problems.insert(.undecipherable) }
        return session
    }

    var heldBytes: Int {
        // Itself, and a class for each key.
        let own = 1 << 10, keyBytes = keys == nil ? 0 : 1 << 10
        return own + keyBytes + originator.stream.heldBytes + responder.stream.heldBytes + helloBytes + earlier.count << 10
    }

    func reverseRoles() {
        swap(&originator, &responder)
        client = client?.opposite
        handshake?.reverseRoles()
        for place in earlier.indices { earlier[place].reverseRoles() }
    }

    // MARK: Packets

    /// Takes a datagram, of one packet or of several, RFC 9000 12.2.
    func read(_ datagram: RawSpan, from sender: Direction) {
        datagrams += 1
        if let version = QUICProbe.googleVersion(datagram) {
            note(version, .unknown, .unknownVersion, from: sender)
            return isForeign = true
        }
        var place = 0
        var destination: QUICConnectionID?
        while place < datagram.byteCount {
            let bytes = datagram.extracting(place...)
            guard bytes.byte(0) & 0x80 != 0 else {
                if bytes.byte(0) & 0x40 != 0 { handshake?.packetTypes.insert(.oneRTT) } else if place == 0 { strangers += 1 }
                return
            }
            guard let header = QUICLongHeader(bytes) else {
                if place == 0 { strangers += 1 }
                return
            }
            // All of a datagram go to the same place; others in it are to be ignored.
            guard destination == nil || destination == header.destination else { return }
            destination = header.destination
            take(header, bytes, from: sender)
            place += header.end
        }
    }

    private func note(_ version: QUICVersion, _ types: QUICPacketTypes, _ event: QUICHistory.Event, from sender: Direction) {
        var known = handshake ?? QUICHandshake(version)
        handshake = nil  // it is kept in one place only
        if version != .negotiation {
            if known.version == .negotiation { known.version = version }
            known.lastVersion = version
        }
        known.packetTypes.formUnion(types)
        known.history.add(event, from: sender)
        handshake = known
    }

    private func take(_ header: borrowing QUICLongHeader, _ bytes: RawSpan, from sender: Direction) {
        guard let type = header.type else {
            if header.version == .negotiation { return negotiate(header, bytes, from: sender) }
            note(header.version, .unknown, .unknownVersion, from: sender)
            return noteIDs(header, isFirst: true, from: sender)
        }
        note(header.version, QUICPacketTypes(type), QUICHistory.Event(type), from: sender)
        switch type {
        case .initial:
            noteIDs(header, isFirst: true, from: sender)
            if handshake?.tokenLength == 0 { handshake?.tokenLength = header.token.byteCount }
            open(header, bytes, from: sender)
        case .zeroRTT:
            noteIDs(header, isFirst: true, from: sender)
            if client == nil { client = sender }
        case .handshake: noteIDs(header, isFirst: false, from: sender)
        case .retry: retry(header, bytes, from: sender)
        }
    }

    private func noteIDs(_ header: borrowing QUICLongHeader, isFirst: Bool, from sender: Direction) {
        if self[sender].source == nil { self[sender].source = header.source }
        if isFirst, self[sender].firstDestination == nil { self[sender].firstDestination = header.destination }
    }

    /// RFC 9000 6: the server knows other versions. Keys that were made are for none of these.
    private func negotiate(_ header: borrowing QUICLongHeader, _ bytes: RawSpan, from sender: Direction) {
        note(.negotiation, .versionNegotiation, .versionNegotiation, from: sender)
        if client == nil { client = sender.opposite }
        handshake?.offeredVersions = QUICProbe.offeredVersions(header, bytes, most: 16).0
    }

    /// RFC 9000 8.1.2: the client is to try again, there.
    private func retry(_ header: borrowing QUICLongHeader, _ bytes: RawSpan, from sender: Direction) {
        if client == nil { client = sender.opposite }
        guard client != sender else { return }
        let isGenuine = self[sender.opposite].firstDestination.flatMap { original in header.version.format.flatMap { $0.isGenuine(retry: bytes, to: original) } }
        handshake?.isRetried = true
        handshake?.retryIsGenuine = isGenuine
        guard isGenuine != false, self[sender].retrySource == nil else { return }
        self[sender].retrySource = header.source
        keys = makeKeys(header.version, header.source)
        // The client sends all of its hello again.
        if !self[sender.opposite].isOver { self[sender.opposite].stream = QUICCryptoStream() }
    }

    // MARK: Initials

    /// Opens an Initial with what keys there are, or else with those that follow from where it goes to: a client's first.
    private func open(_ header: borrowing QUICLongHeader, _ bytes: RawSpan, from sender: Direction) {
        guard isWanted(header, from: sender) else { return }
        guard header.end <= bytes.byteCount else {
            handshake?.problems.insert(.cut)
            return
        }
        let packet = bytes.extracting(first: header.end)
        let isClient = client == sender
        if let keys, client != nil {
            // Of the same connection when the version changes, RFC 9369 4.1.
            if let frames = tryKeys(header.version, keys.id, isClient: isClient, header, packet, from: sender) {
                if isClient { isProven = true }
                return read(frames, header, from: sender)
            }
            let wasTried = isClient && keys.id == header.destination
            guard !wasTried, isClient || !isProven else { return }
        }
        let (hadKeys, wasProven) = (keys != nil, isProven)
        guard let frames = tryKeys(header.version, header.destination, isClient: true, header, packet, from: sender) else { return }
        if hadKeys, wasProven { beginAgain(from: sender) }
        (client, isProven) = (sender, true)
        read(frames, header, from: sender)
    }

    /// Whether an Initial may hold what has not been found: also one of a client whose hello is known, if it goes to nowhere known. It may be another connection's.
    private func isWanted(_ header: borrowing QUICLongHeader, from sender: Direction) -> Bool {
        guard self[sender].isOver else { return true }
        guard client == sender, isProven else { return false }
        let server = self[sender.opposite]
        return header.destination != keys?.id && header.destination != server.source && header.destination != server.retrySource
    }

    private func tryKeys(
        _ version: QUICVersion, _ id: QUICConnectionID, isClient: Bool, _ header: borrowing QUICLongHeader, _ packet: RawSpan, from sender: Direction
    ) -> [UInt8]? {
        guard self[sender].tries < Self.mostInitials else {
            handshake?.problems.insert(.tooMany)
            return nil
        }
        let isKnown = keys?.version == version && keys?.id == id
        guard var tried = isKnown ? keys : makeKeys(version, id) else { return nil }
        self[sender].tries += 1
        let isSameConnection = keys?.id == id
        let largest = isSameConnection ? self[sender].largestNumber : nil
        let opened = tried.of(client: isClient).open(packet, numberAt: header.rest, largest: largest)
        guard let opened else {
            // Not to make them again.
            if isKnown || keys == nil { keys = tried }
            return nil
        }
        keys = tried
        self[sender].largestNumber = max(opened.number, largest ?? 0)
        return opened.frames
    }

    private func makeKeys(_ version: QUICVersion, _ id: QUICConnectionID) -> QUICInitialKeys? {
        guard keysMade < Self.mostKeys else {
            handshake?.problems.insert(.tooMany)
            return nil
        }
        keysMade += 1
        return QUICInitialKeys(version, id)
    }

    /// The client tries again, without having been told to.
    private func beginAgain(from sender: Direction) {
        self[sender].stream = QUICCryptoStream()
        self[sender].isOver = false
        if !self[sender.opposite].isOver { self[sender.opposite].stream = QUICCryptoStream() }
        self[sender.opposite].largestNumber = nil
    }

    private func read(_ frames: [UInt8], _ header: borrowing QUICLongHeader, from sender: Direction) {
        var reader = QUICFrames(frames.span.bytes, cryptoType: header.version.format?.cryptoFrame ?? 0x06)
        while let frame = reader.next() {
            switch frame {
            case .crypto(let offset, let range):
                guard !self[sender].isOver else { continue }
                switch self[sender].stream.insert(frames.span.bytes.extracting(range), at: offset) {
                case .differs: handshake?.problems.insert(.overlap)
                case .tooFar: handshake?.problems.insert(.tooFar)
                case nil: break
                }
                takeMessages(header, from: sender)
            case .close(let close):
                guard handshake?.close == nil else { continue }
                handshake?.close = close
                handshake?.closer = sender
                handshake?.history.add(.close, from: sender)
            case .malformed: handshake?.problems.insert(.frame)
            case .other: break
            }
        }
    }

    private func takeMessages(_ header: borrowing QUICLongHeader, from sender: Direction) {
        while !self[sender].isOver, let message = self[sender].stream.nextMessage() {
            switch message {
            case .tooLong:
                handshake?.problems.insert(.tooFar)
                end(sender)
            case .whole(type: 1, let bytes) where client == sender:
                end(sender)
                if let hello = TLSClientHello(bytes) { take(hello, header, from: sender) } else { handshake?.problems.insert(.hello) }
            case .whole(type: 2, let bytes) where client != sender:
                guard let hello = TLSServerHello(bytes) else {
                    handshake?.problems.insert(.hello)
                    end(sender)
                    break
                }
                // The client's other hello says the same.
                if hello.isHelloRetryRequest {
                    handshake?.helloRetried = true
                    continue
                }
                end(sender)
                handshake?.serverHello = hello
                handshake?.history.add(.hello, from: sender)
                helloBytes += hello.bytes.byteCount
            case .whole:
                handshake?.problems.insert(.hello)
                end(sender)
            }
        }
    }

    private func take(_ hello: consuming TLSClientHello, _ header: borrowing QUICLongHeader, from sender: Direction) {
        if let known = handshake?.clientHello {
            // The same hello, sent somewhere else.
            guard known.random.copied != hello.random.copied else { return }
            if let session { earlier.append(session) }
            handshake = nil
            note(header.version, .initial, .initial, from: sender)
            handshake?.tokenLength = header.token.byteCount
            self[sender].firstDestination = header.destination
            self[sender].source = header.source
            self[sender.opposite] = Side()
        }
        helloBytes += hello.bytes.byteCount
        handshake?.clientHello = hello
        handshake?.history.add(.hello, from: sender)
    }

    /// Nothing more is wanted of a side.
    private func end(_ sender: Direction) {
        self[sender].stream = QUICCryptoStream()
        self[sender].isOver = true
    }
}

extension QUICHandshake {
    fileprivate init(_ version: QUICVersion) {
        self.version = version
        lastVersion = version
    }

    fileprivate mutating func reverseRoles() {
        client = client.opposite
        closer = closer?.opposite
        history.reverseRoles()
    }
}

extension QUICHistory.Event {
    fileprivate init(_ type: QUICPacketType) {
        self =
            switch type {
            case .initial: .initial
            case .zeroRTT: .zeroRTT
            case .handshake: .handshake
            case .retry: .retry
            }
    }
}
