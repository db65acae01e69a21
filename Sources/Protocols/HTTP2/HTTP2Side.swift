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
    private enum Stage {
        case opening, header, stream, lead, content, padding
        case searching
        /// No frame was found behind a hole.
        case lost
    }

    /// Bytes behind a hole in which a frame is looked for: no frame is longer unless settings say so.
    private static let longestSearch = 64 << 10
    /// Frames that a header block may come in, and octets (CVE-2023-45288, CVE-2024-27316).
    private static let mostBlockFrames = 128
    private static let longestBlock = 1 << 20

    /// 0 or 1: its place in streams.
    let number: Int
    private var stage = Stage.opening
    private var opening: [UInt8] = []
    private var integer = SplitInteger()
    private var frameStart: UInt64 = 0
    private var frame = HTTP2FrameHeader(0, 0)
    /// Of the frame, without padding.
    private var left = 0
    private var padding = 0
    /// Whether part of the frame did not come.
    private var isDamaged = false
    private var searched = 0

    private(set) var decoder = HPACKDecoder()
    private(set) var block = HTTP2HeaderBlock()
    private var blockEndsStream = false
    private var blockIsLost = false
    private var discarded = HTTP2HeaderList()

    let settings = HTTP2Settings()
    /// Whether all its frames were seen from the first on.
    private(set) var isWhole = false

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

    private func run(_ bytes: RawSpan, _ connection: HTTP2Connection) -> ParserFailure? {
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

    private func beginContent(promised: UInt32, _ connection: HTTP2Connection) -> ParserFailure? {
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

    // MARK: Holes

    func skip(_ byteCount: Int, _ connection: HTTP2Connection) -> ParserFailure? {
        guard byteCount > 0 else { return nil }
        let isInFrame = stage == .lead || stage == .content || stage == .padding
        guard isInFrame, byteCount <= left + padding else {
            if stage == .opening, !connection.isRecognised {
                opening = []
                return nil
            }
            opening = []
            loseFrames(connection)
            return nil
        }
        if stage != .padding { damage(connection) }
        let content = min(byteCount, left)
        if frame.kind == .data, content > 0 { connection.skipData(content, of: frame.stream, by: number) }
        left -= content
        padding -= byteCount - content
        return run(RawSpan(), connection)
    }

    /// Part of the frame's content does not come.
    private func damage(_ connection: HTTP2Connection) {
        (stage, isDamaged, integer) = (.content, true, SplitInteger())
        switch frame.kind {
        case .headers, .continuation, .pushPromise:
            decoder.lose()
            blockIsLost = true
            block.note(.bytesMissing)
        case .settings: connection.loseSettings(of: self)
        default: break
        }
    }

    private func loseFrames(_ connection: HTTP2Connection) {
        decoder.lose()
        if block.isOpen {
            block.note(.bytesMissing)
            connection.endBlock(block, endsStream: false, isLost: true, by: number)
            block.end()
        }
        isWhole = false
        connection.loseSettings(of: self)
        connection.missFrames()
        search()
    }

    private func search() {
        (stage, integer, frameStart, window, searched) = (.searching, SplitInteger(), 0, 0, 0)
    }

    /// The last four bytes of the nine that may be a frame's header; the first five are `frameStart`.
    private var window: UInt64 = 0

    /// Looks for a frame's header; false where there are no more bytes.
    private func find(_ reader: inout ByteReader, _ connection: HTTP2Connection) -> Bool {
        while let byte = reader.uint8() {
            frameStart = (frameStart << 8 | window >> 24) & 0xff_ffff_ffff
            window = (window << 8 | UInt64(byte)) & 0xffff_ffff
            searched += 1
            // Lengths and types of most bytes are none.
            if frameStart >> 16 <= HTTP2FrameHeader.initialMost, frameStart >> 8 & 0xff <= 9, searched >= HTTP2FrameHeader.byteCount {
                let header = HTTP2FrameHeader(frameStart, window)
                if header.isPlausible, header.kind != .continuation, connection.expects(header, from: number) {
                    frame = header
                    (left, padding, isDamaged) = (header.length, 0, false)
                    // It is sound, and no header block is open: only its content may yet be wrong.
                    stage = header.lead > 0 ? .lead : .content
                    if header.lead == 0, beginContent(promised: 0, connection) != nil { stage = .lost }
                    return true
                }
            }
            if searched >= Self.longestSearch {
                stage = .lost
                return false
            }
        }
        return false
    }
}
