/// One direction of an SSH connection, up to the message that says what it offers.
///
///     | lines of any text ┊ SSH-2.0-… | length | padding length | 2 … IGNORE | padding ┊ length | padding length | 20 … KEXINIT |
///       .lines                          .header                   .skipping              .header                   .message       .over
struct SSHSide {
    private enum Phase: UInt8 { case lines, header, message, skipping, over }

    /// Bytes, and lines, that may come before a banner, as many as OpenSSH has patience for; and bytes of packets before SSH_MSG_KEXINIT.
    private static let mostBefore: UInt32 = 64 << 10
    private static let mostLines: UInt16 = 1024
    /// RFC 4253 6.1 asks for 35000; those who offer much have more.
    private static let longestPacket: UInt64 = 64 << 10

    private(set) var banner: SSHBanner? {
        didSet { speaksVersion1 = banner.map { !$0.speaksVersion2 && $0.isKnown } ?? false }
    }
    /// Of its banner, which is not read again for each chunk.
    private(set) var speaksVersion1 = false
    private(set) var keyExchange: SSHKeyExchangeInit?
    /// A line's or a message's beginning.
    private var buffer: [UInt8] = []
    private var header = SplitInteger()
    private var phase = Phase.lines
    private(set) var problem: SSHProblem?
    /// Whether the line at hand is none of SSH's.
    private var isOtherLine = false
    /// Whether the first line began as a banner does and went on as none, while nothing else says that this is SSH.
    private(set) var isOtherProtocol = false
    private var peerIsKnown = false
    private var peerSpeaksVersion1 = false
    private var padding: UInt8 = 0
    private var lines: UInt16 = 0
    /// Of the message at hand, or to be skipped.
    private var left: UInt32 = 0
    /// Before the banner; of packets before SSH_MSG_KEXINIT; behind all that is looked at.
    private(set) var passed: UInt32 = 0

    var isOver: Bool { phase == .over }
    var heldBytes: Int { buffer.count + (banner?.byteCount ?? 0) + (keyExchange?.byteCount ?? 0) }

    /// - Parameter peer: whether the other side has a banner, and one of version 1.
    mutating func feed(_ bytes: RawSpan, peer: (isKnown: Bool, speaksVersion1: Bool)) {
        (peerIsKnown, peerSpeaksVersion1) = (peer.isKnown, peer.speaksVersion1)
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            switch phase {
            case .lines: takeLine(&reader)
            case .header: takeHeader(&reader)
            case .message: takeMessage(&reader)
            case .skipping:
                left -= UInt32(reader.bytes(upTo: Int(left)).byteCount)
                if left == 0 { phase = .header }
            case .over:
                pass(reader.count)
                return
            }
        }
    }

    mutating func skip(_ byteCount: Int) {
        switch phase {
        case .over: pass(byteCount)
        case .skipping where byteCount < Int(left): left -= UInt32(byteCount)
        case .skipping where byteCount == Int(left): (left, phase) = (0, .header)
        default: end(.gap)
        }
    }

    private mutating func end(_ problem: SSHProblem?) {
        self.problem = problem
        buffer = []
        passed = 0
        phase = .over
    }

    private mutating func pass(_ byteCount: Int) { passed = UInt32(clamping: Int(passed) + byteCount) }

    // MARK: Lines

    private static let lineFeed = UInt8(ascii: "\n")
    private static let start: StaticString = "SSH-"

    private mutating func takeLine(_ reader: inout ByteReader) {
        if isOtherLine { return takeOtherLine(&reader) }
        let ahead = reader
        let rest = reader.bytes(upTo: reader.count)
        if buffer.isEmpty {
            // A packet: the banner went by before anybody looked.
            if rest.byte(0) == 0, passed == 0 {
                reader = ahead
                phase = .header
                return
            }
            // In one piece, as most are.
            if let end = rest.firstPlace(of: Self.lineFeed), end < SSHBanner.longest, rest.begins(with: Self.start) {
                reader = ahead
                _ = reader.bytes(end + 1)
                return takeBanner(rest.extracting(0..<end).copied)
            }
        }
        reader = ahead
        while buffer.count < Self.start.utf8CodeUnitCount {
            guard let byte = reader.uint8() else { return }
            guard byte == Self.start.utf8Start[buffer.count] else {
                isOtherProtocol = lines == 0 && passed == 0 && !buffer.isEmpty && !peerIsKnown
                if isOtherProtocol { return end(nil) }
                pass(buffer.count + 1)
                buffer = []
                isOtherLine = byte != Self.lineFeed
                if !isOtherLine { lines += 1 }
                return checkLines()
            }
            buffer.append(byte)
        }
        let behind = reader
        let line = reader.bytes(upTo: reader.count)
        let end = line.firstPlace(of: Self.lineFeed)
        let length = end ?? line.byteCount
        guard buffer.count + length < SSHBanner.longest else {
            line.extracting(0..<SSHBanner.longest - buffer.count).withUnsafeBytes { buffer.append(contentsOf: $0) }
            banner = SSHBanner(buffer)
            return self.end(.longBanner)
        }
        line.extracting(0..<length).withUnsafeBytes { buffer.append(contentsOf: $0) }
        guard let end else { return }
        reader = behind
        _ = reader.bytes(end + 1)
        takeBanner(buffer)
    }

    private mutating func takeOtherLine(_ reader: inout ByteReader) {
        let ahead = reader
        let rest = reader.bytes(upTo: reader.count)
        if let end = rest.firstPlace(of: Self.lineFeed) {
            reader = ahead
            pass(end + 1)
            _ = reader.bytes(end + 1)
            isOtherLine = false
            lines += 1
        } else {
            pass(rest.byteCount)
        }
        checkLines()
    }

    private mutating func checkLines() {
        if passed > Self.mostBefore || lines >= Self.mostLines { end(.noBanner) }
    }

    private mutating func takeBanner(_ line: [UInt8]) {
        let banner = SSHBanner(line)
        self.banner = banner
        (buffer, passed) = ([], 0)
        isOtherProtocol = !banner.isKnown && !peerIsKnown
        if !banner.isKnown { return end(.unknownVersion) }
        // To whoever speaks version 1 no offer of version 2 follows, though it may stand in the same chunk.
        if banner.speaksVersion2, !peerSpeaksVersion1 { phase = .header } else { end(nil) }
    }

    // MARK: Packets

    private mutating func takeHeader(_ reader: inout ByteReader) {
        guard let bits = header.next(5, from: &reader) else { return }
        let (length, padding) = (bits >> 8, bits & 0xff)
        guard length <= Self.longestPacket else { return end(.longPacket) }
        // At least a message's number, and four bytes of padding.
        guard padding >= 4, length >= padding + 2 else { return end(.malformedPacket) }
        pass(Int(length))
        guard passed <= Self.mostBefore + UInt32(Self.longestPacket) else { return end(.longPacket) }
        self.padding = UInt8(padding)
        left = UInt32(length - padding - 1)
        phase = .message
    }

    private mutating func takeMessage(_ reader: inout ByteReader) {
        if buffer.isEmpty {
            guard let number = reader.uint8() else { return }
            left -= 1
            switch number {
            case SSHMessage.keyExchangeInit: break
            case SSHMessage.disconnect: return end(.disconnected)
            case SSHMessage.ignore, SSHMessage.unimplemented, SSHMessage.debug:
                left += UInt32(padding)
                phase = .skipping
                return
            default: return end(.unexpectedMessage)
            }
            // In one piece, as most are.
            if reader.count >= Int(left) { return takeKeyExchange(reader.bytes(upTo: Int(left)).copied) }
            buffer.append(number)
        }
        let piece = reader.bytes(upTo: Int(left))
        left -= UInt32(piece.byteCount)
        piece.withUnsafeBytes { buffer.append(contentsOf: $0) }
        if left == 0 { takeKeyExchange(Array(buffer.dropFirst())) }
    }

    private mutating func takeKeyExchange(_ message: [UInt8]) {
        let offer = SSHKeyExchangeInit(message)
        keyExchange = offer
        end(offer.holdsTogether ? nil : .malformedKeyExchange)
    }
}

/// Messages that may come before all is encrypted, RFC 4250 4.1.2.
private enum SSHMessage {
    static let disconnect: UInt8 = 1, ignore: UInt8 = 2, unimplemented: UInt8 = 3, debug: UInt8 = 4, keyExchangeInit: UInt8 = 20
}
