/// The framing of a chunked body, RFC 9112 7.1. Extensions and trailers are read over.
///
///     1a;name=value␍␊ ··26 bytes·· ␍␊ 0␍␊ Trailer: value␍␊ ␍␊
struct HTTPChunks {
    enum Step {
        /// So many of the next bytes are the body's.
        case data(Int)
        case end
        case bad
    }

    private enum State: UInt8 {
        case size, extensions, data, behindData, trailer
    }

    private var state = State.size
    private var hasDigits = false
    private(set) var sawBareLineFeed = false
    private var lastWasReturn = false
    /// Bytes of the line at hand, and of all trailers.
    private var lineLength: Int32 = 0
    private var trailerLength: Int32 = 0
    /// The chunk's size, or what of it has not come.
    private var rest = 0

    /// Bytes of extensions and of trailers.
    private static let longestLine: Int32 = 16 << 10
    private static let longestTrailer: Int32 = 64 << 10

    /// Goes on from a place, up to something to do; nil when all bytes are read.
    mutating func next(_ bytes: RawSpan, _ place: inout Int) -> Step? {
        while place < bytes.byteCount {
            switch state {
            case .data:
                let count = min(rest, bytes.byteCount - place)
                rest -= count
                if rest == 0 { state = .behindData }
                return .data(count)
            case .size: if !readSize(bytes, &place) { return .bad }
            case .behindData: if !readEnd(bytes, &place) { return .bad }
            case .extensions, .trailer:
                guard let isBlank = readLine(bytes, &place) else { return lineLength > Self.longestLine ? .bad : nil }
                if let step = endLine(isBlank: isBlank) { return step }
            }
        }
        return nil
    }

    private mutating func readSize(_ bytes: RawSpan, _ place: inout Int) -> Bool {
        while place < bytes.byteCount {
            let byte = bytes.byte(place)
            switch byte {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66:
                guard rest <= Int.max >> 4 else { return false }
                rest = rest << 4 | Int(byte <= 0x39 ? byte & 15 : byte & 15 + 9)
                hasDigits = true
            case HTTPByte.blank, HTTPByte.tab:
                if hasDigits {
                    state = .extensions
                    return true
                }
            case HTTPByte.semicolon, HTTPByte.return, HTTPByte.lineFeed:
                state = .extensions
                return hasDigits
            default: return false
            }
            place += 1
        }
        return true
    }

    /// Behind a chunk's data comes the line's end and nothing else.
    private mutating func readEnd(_ bytes: RawSpan, _ place: inout Int) -> Bool {
        let byte = bytes.byte(place)
        switch byte {
        case HTTPByte.return where !lastWasReturn: lastWasReturn = true
        case HTTPByte.lineFeed:
            if !lastWasReturn { sawBareLineFeed = true }
            (lastWasReturn, state) = (false, .size)
        default: return false
        }
        place += 1
        return true
    }

    /// Reads to behind the line's end; nil when it has not come, or not soon enough. Else whether the line was empty.
    private mutating func readLine(_ bytes: RawSpan, _ place: inout Int) -> Bool? {
        let most = min(bytes.byteCount, place + Int(Self.longestLine + 1 - lineLength))
        let end = bytes.extracting(0..<most).firstPlace(of: HTTPByte.lineFeed, from: place) ?? most
        if end > place {
            lastWasReturn = bytes.byte(end - 1) == HTTPByte.return
            lineLength += Int32(end - place)
        }
        place = end
        guard end < most else { return nil }
        place += 1
        if !lastWasReturn { sawBareLineFeed = true }
        defer { lastWasReturn = false }
        return lineLength == 0 || lineLength == 1 && lastWasReturn
    }

    private mutating func endLine(isBlank: Bool) -> Step? {
        let length = lineLength
        lineLength = 0
        if state == .extensions {
            (hasDigits, state) = (false, rest == 0 ? .trailer : .data)
            return nil
        }
        if isBlank { return .end }
        trailerLength += length
        return trailerLength > Self.longestTrailer ? .bad : nil
    }

    /// Bytes that do not come; false when they reach beyond the chunk at hand, so that what comes next cannot be known.
    mutating func skip(_ byteCount: Int) -> Bool {
        guard state == .data, byteCount <= rest else { return false }
        rest -= byteCount
        if rest == 0 { state = .behindData }
        return true
    }
}
