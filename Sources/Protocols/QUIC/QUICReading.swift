import Packets

/// What is known of a flow's connection so far: the state of ``QUICParser``, apart from the parser itself because most flows have none.
final class QUICReading {
    /// Initials of a side that are opened, or tried to.
    static let mostInitials = 16
    /// Destination IDs of which keys are made.
    static let mostKeys = 8
    /// Datagrams after which no hello is to be expected any more.
    private static let mostDatagrams = 100
    /// Datagrams that are none of QUIC, if nothing was ever opened.
    private static let mostStrangers = 8

    /// What one side has sent.
    struct Side {
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

    var handshake: QUICHandshake?
    /// Of connections on the same flow that nobody answered.
    var earlier: [QUICHandshake] = []
    private var originator = Side()
    private var responder = Side()
    /// Who is the client: shown by an Initial that was opened, or by a packet that only one of the two sends.
    var client: Direction?
    var isProven = false
    var keys: QUICInitialKeys?
    private var keysMade = 0
    private var datagrams = 0
    private var strangers = 0
    var helloBytes = 0
    /// Whether there is nothing to be found behind the version's name.
    private var isForeign = false

    subscript(_ sender: Direction) -> Side {
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

    func note(_ version: QUICVersion, _ types: QUICPacketTypes, _ event: QUICHistory.Event, from sender: Direction) {
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
        var isGenuine: Bool?
        if let original = self[sender.opposite].firstDestination { isGenuine = header.version.format?.isGenuine(retry: bytes, to: original) }
        handshake?.isRetried = true
        handshake?.retryIsGenuine = isGenuine
        guard isGenuine != false, self[sender].retrySource == nil else { return }
        self[sender].retrySource = header.source
        keys = makeKeys(header.version, header.source)
        // The client sends all of its hello again.
        if !self[sender.opposite].isOver { self[sender.opposite].stream = QUICCryptoStream() }
    }

    func makeKeys(_ version: QUICVersion, _ id: QUICConnectionID) -> QUICInitialKeys? {
        guard keysMade < Self.mostKeys else {
            handshake?.problems.insert(.tooMany)
            return nil
        }
        keysMade += 1
        return QUICInitialKeys(version, id)
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
