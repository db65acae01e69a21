import Packets

/// What lies behind the hellos in the clear, before DTLS 1.3: certificates, and whether the handshake came to its end. Read where somebody asks for it.
extension DTLSParser {
    /// Notes a message, all of it or a fragment: whether it is put together.
    mutating func wantsFlight(_ type: TLSMessageType?, _ length: Int, from sender: Direction) -> Bool {
        switch type {
        case .certificate:
            guard !hasCertificates(of: sender) else { return false }
            if length > TLSCertificateChain.longestMessage { handshake.flags.insert(.certificatesTooLong) }
            return length <= TLSCertificateChain.longestMessage
        case .serverKeyExchange: return handshake.keyExchangeGroup == 0 && length <= HelloSearch.longestKeyExchange
        case .certificateRequest: handshake.flags.insert(.certificateRequested)
        case .clientKeyExchange: handshake.flags.insert(.clientKeyExchanged)
        default: break
        }
        return false
    }

    mutating func completeFlight(_ message: consuming [UInt8], _ fragment: borrowing DTLSFragment, from sender: Direction) {
        guard fragment.type == TLSMessageType.certificate.rawValue else { return handshake.keyExchangeGroup = TLSParser.namedGroup(message) }
        // Once: what comes again says the same.
        guard !hasCertificates(of: sender) else { return }
        let chain = TLSCertificateChain(message)
        foundBytes += chain.byteCount
        if sender == handshake.client { handshake.clientCertificates = chain } else { handshake.serverCertificates = chain }
    }

    private func hasCertificates(of sender: Direction) -> Bool {
        (sender == handshake.client ? handshake.clientCertificates : handshake.serverCertificates) != nil
    }

    /// A hello says who is the client; certificates may have come before it.
    mutating func setClient(_ client: Direction) {
        guard handshake.client != client else { return }
        handshake.client = client
        let (server, own) = (handshake.serverCertificates, handshake.clientCertificates)
        guard server != nil || own != nil else { return }
        (handshake.serverCertificates, handshake.clientCertificates) = (own, server)
    }

    mutating func takeCipherChange(from sender: Direction) {
        let isClient = sender == handshake.client
        if isClient, handshake.clientHello != nil, !handshake.flags.contains(.clientKeyExchanged) { handshake.flags.insert(.changedWithoutKeyExchange) }
    }

    /// A record that is encrypted: once both sides send such, nothing more is in the clear.
    mutating func takeEncrypted(from sender: Direction) {
        guard handshake.clientHello != nil || handshake.serverHello != nil else { return }
        encrypted.insert(DTLSSides(sender))
        guard encrypted == .both else { return handshake.flags.formUnion(.oneIsEncrypted) }
        handshake.flags.insert(.established)
        progress = .done
    }

    /// Whether what follows is a record with DTLS 1.3's short header, RFC 9147 4: all of them are encrypted.
    func isUnified(_ reader: inout ByteReader) -> Bool { reader.uint8().map { $0 >> 5 == 1 } ?? false }
}

/// One of the two sides, or both.
struct DTLSSides: OptionSet {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ direction: Direction) { rawValue = direction == .originator ? 1 : 2 }

    static let both = DTLSSides(rawValue: 3)

    var reversed: DTLSSides { DTLSSides(rawValue: (rawValue & 1) << 1 | rawValue >> 1) }
}
