/// Tells HTTP/2 by a direction's first bytes: the client's preface (RFC 9113 3.4), SETTINGS, or HEADERS that can be decoded.
///
///     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
///     | length | 4 | 0 | 0 | identifier value | …          all sound, and one that is known; without any, another frame must follow
///     | length | 1 | flags | stream | a request's method and scheme, or a response's status, and more ····
enum HTTP2Probe {
    enum Answer: Equatable {
        case preface, settings
        /// Frames, though not the first ones.
        case frames
        case other
        /// So many bytes would tell more.
        case needs(Int)
    }

    static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    /// A SETTINGS frame that is the first, and a HEADERS frame that is looked into.
    private static let longestSettings = 16 * 6
    private static let longestHeaders = 1024

    /// What these bytes, and no more than it says it needs, are the beginning of.
    ///
    /// - Parameter isKnown: whether the other direction is HTTP/2 already, so that a frame is enough.
    static func judge(_ bytes: RawSpan, isKnown: Bool) -> Answer {
        let prefaceLength = preface.utf8CodeUnitCount
        let common = min(bytes.byteCount, prefaceLength)
        if common > 0, bytes.agrees(with: preface) { return common == prefaceLength ? .preface : .needs(prefaceLength) }
        guard let header = HTTP2FrameHeader(bytes) else { return mayBegin(bytes, isKnown) ? .needs(HTTP2FrameHeader.byteCount) : .other }
        guard header.isPlausible, header.kind != .continuation else { return .other }
        let frame = bytes.extracting(HTTP2FrameHeader.byteCount...)
        if header.kind == .settings, !header.flags.contains(.acknowledges) { return judgeSettings(header, frame, isKnown) }
        guard !isKnown else { return .frames }
        return header.kind == .headers ? judgeHeaders(header, frame) : .other
    }

    /// Whether a frame may begin with these bytes, fewer than its header has.
    private static func mayBegin(_ bytes: RawSpan, _ isKnown: Bool) -> Bool {
        var reader = ByteReader(bytes)
        // A length of no more than 16384.
        guard let high = reader.uint8() else { return true }
        guard high == 0 else { return false }
        guard let middle = reader.uint8() else { return true }
        guard middle <= 0x40 else { return false }
        guard reader.uint8() != nil, let type = reader.uint8() else { return true }
        return isKnown ? HTTP2FrameHeader.Kind(rawValue: type) != nil : type == 1 || type == 4
    }

    private static func judgeSettings(_ header: HTTP2FrameHeader, _ frame: RawSpan, _ isKnown: Bool) -> Answer {
        guard header.length <= longestSettings else { return .other }
        guard header.length > 0 || !isKnown else { return .settings }
        if header.length == 0 {
            guard let next = HTTP2FrameHeader(frame) else { return .needs(2 * HTTP2FrameHeader.byteCount) }
            return next.isPlausible && next.kind != .continuation ? .settings : .other
        }
        var reader = ByteReader(frame)
        var (read, known) = (0, 0)
        while read < header.length {
            guard let identifier = reader.uint16(), let value = reader.uint32() else { return .needs(HTTP2FrameHeader.byteCount + header.length) }
            let setting = HTTP2Setting(UInt64(identifier) << 32 | UInt64(value))
            guard setting.isSound else { return .other }
            if setting.isKnown { known += 1 }
            read += Int(HTTP2Setting.byteCount)
        }
        return known > 0 ? .settings : .other
    }

    private static func judgeHeaders(_ header: HTTP2FrameHeader, _ frame: RawSpan) -> Answer {
        guard header.length <= longestHeaders, header.flags.contains(.endHeaders), header.length > header.lead else { return .other }
        guard frame.byteCount > header.lead else { return .needs(HTTP2FrameHeader.byteCount + header.lead + 1) }
        guard mayBeginBlock(frame.byte(header.lead)) else { return .other }
        guard frame.byteCount >= header.length else { return .needs(HTTP2FrameHeader.byteCount + header.length) }
        let padding = header.flags.contains(.padded) ? Int(frame.byte(0)) : 0
        guard header.lead + padding < header.length else { return .other }
        var decoder = HPACKDecoder()
        decoder.lose()
        var (block, list) = (HTTP2HeaderBlock(), HTTP2HeaderList())
        block.begin(1, .headers, for: 1, behind: list)
        let failure = decoder.feed(frame.extracting(header.lead..<header.length - padding), &block, into: &list)
        guard failure == nil, decoder.finishBlock(), !block.problems.contains(.malformed), list.count > 1 else { return .other }
        return block.isRequest || block.status > 0 && !block.hasMethod ? .frames : .other
    }

    /// A pseudo-header of the static table or with its name, one of the dynamic table, or a size update.
    private static func mayBeginBlock(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x01...0x08, 0x11...0x18, 0x20...0x3f, 0x41...0x48, 0x81...0x8e, 0xbe...0xff: true
        default: false
        }
    }
}
