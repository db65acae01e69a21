import Packets

/// A direction of an HTTP/2 connection, cut into frames however they come (RFC 9113 4.1). Bodies are counted as they pass, header blocks decoded as they come:
/// of a frame nothing is kept.
///
///     | preface |     | length … | stream |  lead | content | padding |     | length …
///       opening         header     stream    lead   content   padding         header
///
/// A hole within a frame of known length is stepped over. Behind a larger one the next frame is searched for, by a header that fits what is known of the
/// connection; HPACK's table is lost with it.
final class HTTP2Side {
    enum Stage {
        case opening, header, stream, lead, content, padding
        case searching
        /// No frame was found behind a hole.
        case lost
    }

    /// Frames that a header block may come in, and octets (CVE-2023-45288, CVE-2024-27316).
    private static let mostBlockFrames = 128
    private static let longestBlock = 1 << 20

    /// 0 or 1: its place in streams.
    let number: Int
    var stage = Stage.opening
    var opening: [UInt8] = []
    var integer = SplitInteger()
    var frameStart: UInt64 = 0
    var frame = HTTP2FrameHeader(0, 0)
    /// Of the frame, without padding.
    var left = 0
    var padding = 0
    /// Whether part of the frame did not come.
    var isDamaged = false
    /// Of a search: how many bytes were looked at, and the last four of the nine that may be a frame's header; the first five are `frameStart`.
    var searched = 0
    var window: UInt64 = 0

    var decoder = HPACKDecoder()
    var block = HTTP2HeaderBlock()
    private var blockEndsStream = false
    var blockIsLost = false
    private var discarded = HTTP2HeaderList()

    let settings = HTTP2Settings()
    /// Whether all its frames were seen from the first on.
    var isWhole = false

    init(_ number: Int) { self.number = number }

    var heldBytes: Int { opening.capacity + decoder.heldBytes }
    /// Whether nothing of it was seen yet.
    var isUnheard: Bool { stage == .opening }

    // MARK: Feeding

    func feed(_ bytes: RawSpan, _ connection: HTTP2Connection) -> ParserFailure? {
        guard stage == .opening else { return run(bytes, connection) }
        // In one piece, as most are.
        if opening.isEmpty {
            let answer = HTTP2Probe.judge(bytes, isKnown: connection.isRecognised)
            guard case .needs = answer else { return open(answer, bytes, connection) }
        }
        var first = opening
        opening = []
        var answer = HTTP2Probe.judge(first.span.bytes, isKnown: connection.isRecognised)
        var reader = ByteReader(bytes)
        while case .needs(let count) = answer {
            let piece = reader.bytes(upTo: count - first.count)
            guard piece.byteCount > 0 else {
                opening = first
                return nil
            }
            piece.withUnsafeBytes { first.append(contentsOf: $0) }
            answer = HTTP2Probe.judge(first.span.bytes, isKnown: connection.isRecognised)
        }
        if let failure = open(answer, first.span.bytes, connection) { return failure }
        return run(reader.bytes(upTo: reader.count), connection)
    }

    private func open(_ answer: HTTP2Probe.Answer, _ bytes: RawSpan, _ connection: HTTP2Connection) -> ParserFailure? {
        stage = .header
        switch answer {
        case .preface:
            isWhole = true
            connection.recognise(client: number)
            return run(bytes.extracting(HTTP2Probe.preface.utf8CodeUnitCount...), connection)
        case .settings:
            isWhole = true
            connection.recognise(client: nil)
        case .frames:
            connection.recognise(client: nil)
            decoder.lose()
            connection.loseSettings(of: self)
        case .other, .needs:
            guard connection.isRecognised else { return .otherProtocol }
            decoder.lose()
            connection.loseSettings(of: self)
            search()
        }
        return run(bytes, connection)
    }

    func run(_ bytes: RawSpan, _ connection: HTTP2Connection) -> ParserFailure? {
        var reader = ByteReader(bytes)
        while true {
            switch stage {
            case .opening, .lost: return nil
            case .searching: guard find(&reader, connection) else { return nil }
            case .header:
                guard let bits = integer.next(5, from: &reader) else { return nil }
                frameStart = bits
                stage = .stream
            case .stream:
                guard let bits = integer.next(4, from: &reader) else { return nil }
                frame = HTTP2FrameHeader(frameStart, bits)
                if let failure = beginFrame(connection) { return failure }
            case .lead:
                guard let bits = next(UInt8(frame.lead), from: &reader) else { return nil }
                if let failure = takeLead(bits, connection) { return failure }
            case .content:
                if let failure = takeContent(&reader, connection) { return failure }
                guard left == 0 else { return nil }
                stage = .padding
            case .padding:
                padding -= reader.bytes(upTo: padding).byteCount
                guard padding == 0 else { return nil }
                stage = .header
                if let failure = endFrame(connection) { return failure }
            }
        }
    }

    /// An integer of the content.
    private func next(_ byteCount: UInt8, from reader: inout ByteReader) -> UInt64? {
        let start = reader.offset
        defer { left -= reader.offset - start }
        return integer.next(byteCount, from: &reader)
    }

    // MARK: Frames

    private func beginFrame(_ connection: HTTP2Connection) -> ParserFailure? {
        guard frame.isSound, frame.length <= connection.longestFrame(from: self) else { return .malformed }
        // Nothing comes between the frames of a header block.
        guard block.isOpen ? frame.kind == .continuation && frame.stream == block.stream : frame.kind != .continuation || !isWhole else { return .unexpected }
        (left, padding, isDamaged) = (frame.length, 0, false)
        if frame.lead > 0 {
            stage = .lead
            return nil
        }
        return beginContent(promised: 0, connection)
    }

    private func takeLead(_ bits: UInt64, _ connection: HTTP2Connection) -> ParserFailure? {
        if frame.mayBePadded {
            padding = Int(bits >> (8 * UInt64(frame.lead - 1)) & 0xff)
            guard padding <= left else { return .malformed }
            left -= padding
        }
        switch frame.kind {
        case .resetStream: connection.reset(frame.stream, code: UInt32(truncatingIfNeeded: bits), by: number)
        case .goAway: connection.goAway(last: UInt32(truncatingIfNeeded: bits >> 32) & 0x7fff_ffff, code: UInt32(truncatingIfNeeded: bits), by: number)
        default: break
        }
        return beginContent(promised: UInt32(truncatingIfNeeded: bits) & 0x7fff_ffff, connection)
    }

    func beginContent(promised: UInt32, _ connection: HTTP2Connection) -> ParserFailure? {
        stage = .content
        switch frame.kind {
        case .headers, .pushPromise:
            let isPromise = frame.kind == .pushPromise
            blockEndsStream = !isPromise && frame.flags.contains(.endStream)
            blockIsLost = false
            if isPromise {
                if let failure = connection.beginPromise(promised, on: frame.stream, by: self) { return failure }
            } else if let failure = connection.beginHeaders(frame.stream, by: self) {
                return failure
            }
            block.countFrame(frame.length)
        case .continuation where block.isOpen:
            block.countFrame(frame.length)
            guard block.frames <= Self.mostBlockFrames, block.byteCount <= Self.longestBlock else { return .tooLong }
        case .data: return connection.beginData(frame.stream, by: self)
        default: break
        }
        return nil
    }

    func beginBlock(_ stream: UInt32, _ section: HTTP2HeaderList.Section, for target: UInt32, behind list: HTTP2HeaderList?) {
        block.begin(stream, section, for: target, behind: list)
    }

    private func takeContent(_ reader: inout ByteReader, _ connection: HTTP2Connection) -> ParserFailure? {
        if frame.kind == .settings, !isDamaged {
            while left > 0 {
                guard let bits = next(HTTP2Setting.byteCount, from: &reader) else { return nil }
                let setting = HTTP2Setting(bits)
                guard setting.isSound else { return .malformed }
                settings.take(setting)
            }
            return nil
        }
        let piece = reader.bytes(upTo: left)
        left -= piece.byteCount
        switch frame.kind {
        case .data: connection.takeData(piece, of: frame.stream, by: number)
        case .headers, .continuation, .pushPromise:
            guard block.isOpen, !blockIsLost else { return nil }
            if let failure = decode(piece, connection) {
                connection.note(.undecodable, on: block)
                return failure
            }
        default: break
        }
        return nil
    }

    private func decode(_ piece: RawSpan, _ connection: HTTP2Connection) -> ParserFailure? {
        let isFollowed = connection.withHeaders(of: block.target, by: number) { decoder.feed(piece, &block, into: &$0) }
        return isFollowed ?? decoder.feed(piece, &block, into: &discarded)
    }

    private func endFrame(_ connection: HTTP2Connection) -> ParserFailure? {
        switch frame.kind {
        case .data where frame.flags.contains(.endStream): connection.endStream(frame.stream, by: number)
        case .headers, .continuation, .pushPromise:
            guard block.isOpen, frame.flags.contains(.endHeaders) else { return nil }
            defer { block.end() }
            if !decoder.finishBlock(), !blockIsLost {
                connection.note(.undecodable, on: block)
                return .malformed
            }
            connection.endBlock(block, endsStream: blockEndsStream, isLost: blockIsLost, by: number)
        case .settings where !isDamaged:
            if frame.flags.contains(.acknowledges) { connection.acknowledge(by: self) } else { connection.announce(by: self) }
        default: break
        }
        return nil
    }

    func setTableLimit(_ size: Int?) { decoder.sizeLimit = size }
}
