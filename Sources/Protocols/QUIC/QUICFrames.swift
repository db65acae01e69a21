/// What an Initial's payload says, frame by frame, RFC 9000 17.2.2 and 19.
struct QUICFrames: ~Escapable {
    enum Frame {
        /// A part of the stream of TLS messages, and where it lies in the payload.
        case crypto(offset: UInt64, Range<Int>)
        case close(QUICClose)
        /// PADDING, PING and ACK, which say nothing here.
        case other
        /// What has no place in an Initial, or does not hold together: nothing behind it can be read.
        case malformed
    }

    private let payload: RawSpan
    private let cryptoType: UInt64
    private var reader: ByteReader

    /// - Parameter cryptoType: of CRYPTO frames, which in Google's versions is another.
    @_lifetime(copy payload)
    init(_ payload: RawSpan, cryptoType: UInt64) {
        self.payload = payload
        self.cryptoType = cryptoType
        reader = ByteReader(payload)
    }

    /// Nil at the end.
    mutating func next() -> Frame? {
        skipPadding()
        guard !reader.isAtEnd else { return nil }
        let frame = read() ?? .malformed
        if case .malformed = frame { _ = reader.bytes(reader.count) }
        return frame
    }

    private mutating func read() -> Frame? {
        switch reader.variableInteger() {
        case 0x00, 0x01: return .other
        case 0x02: return acknowledgment(countsECN: false)
        case 0x03: return acknowledgment(countsECN: true)
        case cryptoType:
            guard let offset = reader.variableInteger(), let length = reader.variableInteger(), length <= UInt64(reader.count) else { return nil }
            let start = reader.offset
            _ = reader.bytes(Int(length))
            return .crypto(offset: offset, start..<reader.offset)
        case 0x1c: return close(isOfTransport: true)
        case 0x1d: return close(isOfTransport: false)
        default: return nil
        }
    }

    /// RFC 9000 19.3.
    private mutating func acknowledgment(countsECN: Bool) -> Frame? {
        guard reader.variableInteger() != nil, reader.variableInteger() != nil, let ranges = reader.variableInteger(), reader.variableInteger() != nil,
            // Of two bytes at least.
            ranges <= UInt64(reader.count / 2)
        else { return nil }
        for _ in 0..<2 * ranges + (countsECN ? 3 : 0) { guard reader.variableInteger() != nil else { return nil } }
        return .other
    }

    /// RFC 9000 19.19.
    private mutating func close(isOfTransport: Bool) -> Frame? {
        guard let code = reader.variableInteger(), !isOfTransport || reader.variableInteger() != nil, let length = reader.variableInteger(),
            length <= UInt64(reader.count), let reason = reader.bytes(Int(length))
        else { return nil }
        return .close(QUICClose(code: code, isOfApplication: !isOfTransport, reason: reason.extracting(first: QUICClose.longestReason).text))
    }

    /// Most of a client's first packet may be padding.
    private mutating func skipPadding() {
        var end = reader.offset
        while end + 8 <= payload.byteCount, payload.unsafeLoadUnaligned(fromByteOffset: end, as: UInt64.self) == 0 { end += 8 }
        while end < payload.byteCount, payload.byte(end) == 0 { end += 1 }
        _ = reader.bytes(end - reader.offset)
    }
}
