/// A header or trailer, as it was sent; what is not UTF-8 becomes U+FFFD.
public struct HTTP2Header: Equatable, Sendable {
    public let name: String
    public let value: String
}

/// What one side of a stream sent of headers, in one piece of memory.
///
///     | section | name's length | value's length | name | value | section | …
///     |       1 |             2 |              2 |
struct HTTP2HeaderList: Equatable, Sendable {
    /// Octets that they may take here, with five for each, and how many there may be. What is beyond is left out, and said to be.
    static let most = 0xffff
    static let mostHeaders = 1000

    enum Section: UInt8 { case headers, trailers, promise }

    private var bytes: [UInt8] = []
    private(set) var count = 0

    var byteCount: Int { bytes.count }

    /// False when there is no room.
    mutating func append(_ name: RawSpan, _ value: RawSpan, in section: Section) -> Bool {
        let size = 5 + name.byteCount + value.byteCount
        guard bytes.count + size <= Self.most, count < Self.mostHeaders else { return false }
        // What most requests take, and most responses.
        if bytes.isEmpty { bytes.reserveCapacity(max(size, 300)) }
        let (nameLength, valueLength) = (name.byteCount, value.byteCount)
        bytes.append(section.rawValue)
        bytes.append(UInt8(truncatingIfNeeded: nameLength >> 8))
        bytes.append(UInt8(truncatingIfNeeded: nameLength))
        bytes.append(UInt8(truncatingIfNeeded: valueLength >> 8))
        bytes.append(UInt8(truncatingIfNeeded: valueLength))
        name.withUnsafeBytes { bytes.append(contentsOf: $0) }
        value.withUnsafeBytes { bytes.append(contentsOf: $0) }
        count += 1
        return true
    }

    /// Drops what came behind a place, where there were so many.
    mutating func cut(to place: Int, count: Int) {
        bytes.removeLast(bytes.count - place)
        self.count = count
    }

    /// What came behind a place turns out to be of another section.
    mutating func move(behind start: Int, to section: Section) {
        var place = start
        while let next = end(at: place) {
            bytes[place] = section.rawValue
            place = next
        }
    }

    private func end(at place: Int) -> Int? {
        guard place + 5 <= bytes.count else { return nil }
        let span = bytes.span.bytes
        return place + 5 + Int(span.uint16(place + 1)) + Int(span.uint16(place + 3))
    }

    // MARK: Reading

    /// The first value of that name.
    func text(of name: StaticString, in section: Section) -> String? { place(of: name, in: section).map { bytes.span.bytes.extracting($0).text } }

    private func place(of name: StaticString, in section: Section) -> Range<Int>? {
        let span = bytes.span.bytes
        var place = 0
        while let next = end(at: place) {
            let start = place + 5 + Int(span.uint16(place + 1))
            if span.byte(place) == section.rawValue, span.extracting(place + 5..<start).equals(name) { return start..<next }
            place = next
        }
        return nil
    }

    func headers(in section: Section) -> [HTTP2Header] {
        let span = bytes.span.bytes
        var (place, all): (Int, [HTTP2Header]) = (0, [])
        while let next = end(at: place) {
            let start = place + 5 + Int(span.uint16(place + 1))
            if span.byte(place) == section.rawValue {
                all.append(HTTP2Header(name: span.extracting(place + 5..<start).text, value: span.extracting(start..<next).text))
            }
            place = next
        }
        return all
    }
}

/// What is known of a direction's header block while it is read.
struct HTTP2HeaderBlock {
    /// Decoded octets that are kept for each one sent, and at most before any is: what a block of a few bytes stands for may be a thousand times as much.
    private static let amplification = 256
    private static let mostAllowance = 1 << 20

    /// Of its frames; 0 while there is none.
    private(set) var stream: UInt32 = 0
    /// Whose headers they are: the stream, or the one that is promised on it; 0 if that is not followed.
    private(set) var target: UInt32 = 0
    private(set) var section = HTTP2HeaderList.Section.headers
    /// Where its headers begin in their list, and how many there were before.
    private(set) var start = (place: 0, count: 0)
    /// Whether they are of a stream that is followed.
    private var isKept = false
    private(set) var hasHeaders = false
    /// The final digits of `:status`; 0 without.
    private(set) var status: UInt16 = 0
    /// Whether the body is said to be gRPC's.
    private(set) var isGRPC = false
    private(set) var problems: HTTP2Problems = []
    private var hasRegular = false
    /// Pseudo-headers seen, a bit each; the lowest for those that are not known.
    private var pseudo: UInt8 = 0
    private var allowance = HTTP2HeaderBlock.mostAllowance
    /// Frames and octets that it has come in.
    private(set) var frames = 0
    private(set) var byteCount = 0

    var isOpen: Bool { stream != 0 }
    var hasMethod: Bool { pseudo & Pseudo.method.rawValue != 0 }
    var hasPseudo: Bool { pseudo != 0 }
    /// Whether there is what no request is without and tables of old know.
    var isRequest: Bool { hasMethod && pseudo & Pseudo.scheme.rawValue != 0 && pseudo & Pseudo.status.rawValue == 0 }
    /// Whether some could not be read for want of the table.
    var missesHeaders: Bool { problems.contains(.tableUnknown) }

    private enum Pseudo: UInt8 {
        case other = 1, method = 2, scheme = 4, authority = 8, path = 16, status = 32, `protocol` = 64
    }

    mutating func begin(_ stream: UInt32, _ section: HTTP2HeaderList.Section, for target: UInt32, behind list: HTTP2HeaderList?) {
        let allowance = allowance
        self = HTTP2HeaderBlock()
        self.allowance = allowance
        self.stream = stream
        self.target = target
        self.section = section
        isKept = list != nil
        if let list { start = (list.byteCount, list.count) }
    }

    mutating func end() { stream = 0 }

    /// A frame of it begins.
    mutating func countFrame(_ length: Int) {
        frames += 1
        byteCount += length
        allowance = min(allowance + (9 + length) * Self.amplification, Self.mostAllowance)
    }

    mutating func note(_ problem: HTTP2Problems) { problems.formUnion(problem) }

    // MARK: What the decoder finds

    /// A header of which no more is known than that there is one.
    mutating func missHeader() {
        hasHeaders = true
        problems.insert(.tableUnknown)
    }

    mutating func take(_ place: HPACKPlace, in table: [UInt8], into list: inout HTTP2HeaderList) {
        let bytes = table.span.bytes
        take(bytes.extracting(place.name), bytes.extracting(place.value), isSound: place.isSound, into: &list)
    }

    mutating func take(_ name: RawSpan, _ value: RawSpan, isSound: Bool, into list: inout HTTP2HeaderList) {
        hasHeaders = true
        if isSound { check(name, value) } else { problems.insert(.malformed) }
        guard isKept else { return }
        let size = 5 + name.byteCount + value.byteCount
        guard size <= allowance, list.append(name, value, in: section) else { return problems.formUnion(.headersCut) }
        allowance -= size
    }

    /// RFC 9113 8.2.1: what no name and no value may be.
    static func isSound(_ name: RawSpan, _ value: RawSpan) -> Bool {
        guard name.byteCount > 0, value.isFieldValue else { return false }
        return name.byte(0) == UInt8(ascii: ":") ? name.extracting(1...).isFieldName : name.isFieldName
    }

    /// RFC 9113 8.3: pseudo-headers come once each, before others, and not in trailers.
    private mutating func check(_ name: RawSpan, _ value: RawSpan) {
        if name.byte(0) == UInt8(ascii: ":") {
            let which = Self.pseudo(name)
            if hasRegular || pseudo & which.rawValue != 0 || which == .other || section == .trailers { problems.insert(.malformed) }
            if pseudo & which.rawValue == 0, which == .status { readStatus(value) }
            pseudo |= which.rawValue
        } else {
            hasRegular = true
            if name.byteCount == 12, name.equals("content-type") { isGRPC = value.begins(with: "application/grpc") }
        }
    }

    private mutating func readStatus(_ value: RawSpan) {
        guard value.byteCount == 3 else { return problems.formUnion(.malformed) }
        let digits = (0..<3).map { value.byte($0) &- 0x30 }
        guard digits.allSatisfy({ $0 < 10 }), digits[0] > 0 else { return problems.formUnion(.malformed) }
        status = digits.reduce(0) { $0 * 10 + UInt16($1) }
    }

    private static func pseudo(_ name: RawSpan) -> Pseudo {
        switch name.byteCount {
        case 5 where name.equals(":path"): .path
        case 7 where name.equals(":method"): .method
        case 7 where name.equals(":scheme"): .scheme
        case 7 where name.equals(":status"): .status
        case 9 where name.equals(":protocol"): .protocol
        case 10 where name.equals(":authority"): .authority
        default: .other
        }
    }

    /// Whether a request has all that it must have, or a response (RFC 9113 8.3.1, 8.3.2).
    var isComplete: Bool {
        let isConnect = pseudo & (Pseudo.scheme.rawValue | Pseudo.path.rawValue) == 0 && pseudo & Pseudo.authority.rawValue != 0
        let request = Pseudo.method.rawValue | Pseudo.scheme.rawValue | Pseudo.path.rawValue
        if hasMethod { return pseudo & Pseudo.status.rawValue == 0 && (pseudo & request == request || isConnect) }
        return pseudo == Pseudo.status.rawValue
    }
}

extension RawSpan {
    /// RFC 9113 8.2.1: neither a control, nor a space, nor upper case, nor a colon.
    fileprivate var isFieldName: Bool {
        withUnsafeBytes { name in
            var isSound = true
            for byte in name where byte <= 0x20 || byte >= 0x7f || (0x41...0x5a).contains(byte) || byte == 0x3a { isSound = false }
            return isSound
        }
    }

    /// The same for values: nothing that ends a line.
    fileprivate var isFieldValue: Bool {
        withUnsafeBytes { value in
            var isSound = true
            for byte in value where byte == 0 || byte == 0x0a || byte == 0x0d { isSound = false }
            return isSound
        }
    }
}
