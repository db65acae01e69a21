import Packets

/// What Initials say: opened with what keys there are, frame by frame, until there are both hellos.
extension QUICReading {
    /// Opens an Initial with what keys there are, or else with those that follow from where it goes to: a client's first.
    func open(_ header: borrowing QUICLongHeader, _ bytes: RawSpan, from sender: Direction) {
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

    /// Whether an Initial may hold what has not been found. One of a client whose hello is known may be another connection's, if it goes to nowhere known.
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
