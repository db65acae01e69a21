/// The head of a message, RFC 9112 2.1: a start line, and headers up to an empty line. It owns the bytes as they were sent, the first 16 KiB of them; headers
/// are looked for when somebody asks.
///
///     GET /index.html HTTP/1.1␍␊
///     Host: www.example.org␍␊
///     Accept: text/html,␍␊
///       text/plain␍␊                a folded line goes on with the value of the one before
///     ␍␊
public struct HTTPHead: Equatable, Sendable {
    /// Bytes of a head that are kept, and those that are read: a longer one is refused.
    static let mostKept = 16 << 10
    static let mostRead = 64 << 10

    private let kept: [UInt8]
    /// How long it was, empty line included.
    public let byteCount: Int

    init(_ head: RawSpan) {
        kept = head.extracting(first: min(head.byteCount, Self.mostKept)).copied
        byteCount = head.byteCount
    }

    /// - Parameter kept: its bytes, without what must not be kept.
    init(kept: [UInt8], byteCount: Int) { (self.kept, self.byteCount) = (kept, byteCount) }

    /// As it was sent, and as far as it is kept.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { kept.span.bytes }
    }

    /// How many bytes of it are kept.
    public var keptCount: Int { kept.count }
    /// Whether only its beginning is kept.
    public var isShortened: Bool { keptCount < byteCount }

    /// Without the line's end.
    var startLine: RawSpan {
        @_lifetime(borrow self)
        get { bytes.firstLine }
    }

    /// All headers in their order, names as they were written.
    public var headers: [HTTPHeader] {
        var (reader, all): (HTTPHeaderReader, [HTTPHeader]) = (HTTPHeaderReader(bytes), [])
        while let field = reader.next() { all.append(HTTPHeader(name: bytes.extracting(field.name).text, value: field.text(in: bytes))) }
        return all
    }

    /// The value of the first header of a name, whatever its upper and lower case.
    public func header(_ name: String) -> String? {
        var result: String?
        visit(name) { value in
            result = value
            return false
        }
        return result
    }

    /// The values of all headers of a name, whatever its upper and lower case.
    public func headers(_ name: String) -> [String] {
        var all: [String] = []
        visit(name) { value in
            all.append(value)
            return true
        }
        return all
    }

    /// Gives the values of headers of a name, until `body` says no.
    private func visit(_ name: String, _ body: (String) -> Bool) {
        var name = name
        name.withUTF8 { name in
            var reader = HTTPHeaderReader(bytes)
            while let field = reader.next() {
                guard bytes.hasWord(name, at: field.name) else { continue }
                guard body(field.text(in: bytes)) else { return }
            }
        }
    }
}

/// A header of a message, without blanks around name and value; lines of a folded value are joined by a blank.
public struct HTTPHeader: Equatable, Sendable {
    public let name: String
    public let value: String
}

/// Where a header lies in its head.
struct HTTPHeaderField {
    /// Empty where a line has no colon.
    var name: Range<Int>
    /// The value, and what blanks and ends of lines are around it.
    var content: Range<Int>
    var isFolded = false
    var problems: HTTPProblems = []

    @inline(__always)
    func value(in head: RawSpan) -> Range<Int> { head.trimmed(content) }

    func text(in head: RawSpan) -> String {
        let value = value(in: head)
        guard isFolded else { return head.extracting(value).text }
        var (text, isInFold): ([UInt8], Bool) = ([], false)
        for place in value {
            switch head.byte(place) {
            case HTTPByte.return, HTTPByte.lineFeed: isInFold = true
            case HTTPByte.blank where isInFold, HTTPByte.tab where isInFold: break
            case let byte:
                if isInFold {
                    while let last = text.last, HTTPByte.isBlank(last) { text.removeLast() }
                    text.append(HTTPByte.blank)
                }
                isInFold = false
                text.append(byte)
            }
        }
        return text.span.bytes.text
    }
}

/// Walks over the headers of a head.
struct HTTPHeaderReader: ~Escapable {
    private let head: RawSpan
    private var place: Int
    /// Where the head ends: behind its empty line. Nil until that was met.
    private(set) var headEnd: Int?

    /// - Parameter head: it may go on behind its end.
    @_lifetime(copy head)
    init(_ head: RawSpan) {
        self.head = head
        place = head.firstPlace(of: HTTPByte.lineFeed).map { $0 + 1 } ?? head.byteCount
    }

    @inline(__always)
    mutating func next() -> HTTPHeaderField? {
        guard place < head.byteCount else { return nil }
        let start = place
        var problems: HTTPProblems = []
        let end = readLine(&problems)
        guard start < end else {
            headEnd = place
            return nil
        }
        let colon = head.nearPlace(of: HTTPByte.colon, from: start, to: end)
        var field = HTTPHeaderField(name: start..<start, content: start..<end)
        if let colon, colon > start, !HTTPByte.isBlank(head.found(start)) {
            field.name = head.trimmed(start..<colon)
            if field.name.upperBound < colon { problems.insert(.spaceBeforeColon) }
            field.content = colon + 1..<end
        } else {
            problems.insert(.badHeader)
        }
        while place < head.byteCount, HTTPByte.isBlank(head.found(place)) {
            field.content = field.content.lowerBound..<readLine(&problems)
            field.isFolded = true
            problems.insert(.foldedHeader)
        }
        field.problems = problems
        return field
    }

    /// Goes to the next line.
    ///
    /// - Returns: where the one at hand ends.
    @inline(__always)
    private mutating func readLine(_ problems: inout HTTPProblems) -> Int {
        guard let lineFeed = head.firstPlace(of: HTTPByte.lineFeed, from: place) else {
            place = head.byteCount
            return place
        }
        let hasReturn = lineFeed > place && head.found(lineFeed - 1) == HTTPByte.return
        if !hasReturn { problems.insert(.bareLineFeed) }
        place = lineFeed + 1
        return hasReturn ? lineFeed - 1 : lineFeed
    }
}

/// Bytes that have a meaning in a head.
enum HTTPByte {
    static let tab: UInt8 = 9, lineFeed: UInt8 = 10, `return`: UInt8 = 13, blank: UInt8 = 32
    static let comma = UInt8(ascii: ","), colon = UInt8(ascii: ":"), semicolon = UInt8(ascii: ";"), slash = UInt8(ascii: "/")

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == blank || byte == tab }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// RFC 9110 5.6.2.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x5e...0x7a, 0x7c, 0x7e, 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e: true
        default: false
        }
    }
}

extension RawSpan {
    /// Up to the first line feed, without the line's end.
    var firstLine: RawSpan {
        @_lifetime(copy self)
        get {
            guard let lineFeed = firstPlace(of: HTTPByte.lineFeed) else { return self }
            return firstLine(endingAt: lineFeed)
        }
    }

    /// The same, by where the line feed is.
    @_lifetime(copy self)
    func firstLine(endingAt lineFeed: Int) -> RawSpan {
        extracting(first: lineFeed > 0 && byte(lineFeed - 1) == HTTPByte.return ? lineFeed - 1 : lineFeed)
    }

    /// Without blanks and ends of lines around it. In place, as hardly anything has more of them than one.
    @inline(__always)
    func trimmed(_ place: Range<Int>) -> Range<Int> {
        func isSpace(_ byte: UInt8) -> Bool { HTTPByte.isBlank(byte) || byte == HTTPByte.return || byte == HTTPByte.lineFeed }
        precondition(place.lowerBound >= 0 && place.upperBound <= byteCount, "out of bounds")
        var (start, end) = (place.lowerBound, place.upperBound)
        while end > start, isSpace(found(end - 1)) { end -= 1 }
        while start < end, isSpace(found(start)) { start += 1 }
        return start..<end
    }

    /// Of a place that was found in it: it is not compared with the bounds once more.
    @inline(__always)
    fileprivate func found(_ place: Int) -> UInt8 { unsafeLoad(fromUncheckedByteOffset: place, as: UInt8.self) }

    /// The number that it is: decimal digits and nothing else.
    var unsignedDecimal: Int? {
        guard !isEmpty else { return nil }
        var number = 0
        for place in 0..<byteCount {
            guard HTTPByte.isDigit(byte(place)) else { return nil }
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = product.addingReportingOverflow(Int(byte(place) & 15))
            guard !isTooLarge, !isStillTooLarge else { return nil }
            number = sum
        }
        return number
    }

    /// Whether a word lies at a place; upper and lower case of ASCII's letters are the same.
    func hasWord(_ word: UnsafeBufferPointer<UInt8>, at place: Range<Int>) -> Bool {
        guard word.count == place.count else { return false }
        return extracting(place).withUnsafeBytes { bytes in
            for offset in 0..<word.count where HTTPByte.lower(word[offset]) != HTTPByte.lower(bytes[offset]) { return false }
            return true
        }
    }

    func hasWord(_ word: StaticString, at place: Range<Int>) -> Bool {
        hasWord(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount), at: place)
    }
}

extension HTTPByte {
    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
