/// A DNS message, RFC 1035 4.1. It owns the bytes as they were sent; fields are read from them when they are asked for, as far as the message holds together.
///
///     +--------+----------+-----------+---------+-------------+-------------+
///     | header | question | answer    | authority            | additional  |
///     |     12 | name, type, class … | name, type, class, TTL, length, data … |
///     +--------+----------+-----------+---------+-------------+-------------+
public struct DNSMessage: Equatable, Sendable {
    private let message: [UInt8]
    /// Where each section begins, and the last one ends: as far as they can be read.
    private let starts: (questions: Int, answers: Int, authorities: Int, additionals: Int, end: Int)
    /// Why it could not be read to its end; nil when it could.
    public let problem: DNSProblem?

    static let headerLength = 12

    /// Nil for what has no whole header.
    ///
    /// - Parameter isCut: whether it was longer than what is there.
    init?(_ bytes: RawSpan, isCut: Bool = false) {
        guard bytes.byteCount >= Self.headerLength else { return nil }
        message = bytes.copied
        var reader = DNSSectionReader(bytes, isCut: isCut)
        let questions = reader.place
        reader.skipQuestions(count: bytes.uint16(4))
        let answers = reader.place
        reader.skipRecords(count: bytes.uint16(6))
        let authorities = reader.place
        reader.skipRecords(count: bytes.uint16(8))
        let additionals = reader.place
        reader.skipRecords(count: bytes.uint16(10))
        starts = (questions, answers, authorities, additionals, reader.place)
        problem = reader.problem
    }

    public static func == (one: Self, other: Self) -> Bool { one.message == other.message && one.problem == other.problem }

    /// As it was sent.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { message.span.bytes }
    }

    // MARK: Header

    public var id: UInt16 { bytes.uint16(0) }
    private var flags: UInt16 { bytes.uint16(2) }
    public var isResponse: Bool { flags & 0x8000 != 0 }
    /// 0 a query, 4 a notification, 5 an update; IANA's numbers.
    public var opcode: UInt8 { UInt8(truncatingIfNeeded: flags >> 11 & 15) }
    public var isAuthoritative: Bool { flags & 0x0400 != 0 }
    /// More would not fit: the client is to ask again over TCP.
    public var isTruncated: Bool { flags & 0x0200 != 0 }
    public var recursionDesired: Bool { flags & 0x0100 != 0 }
    public var recursionAvailable: Bool { flags & 0x0080 != 0 }
    /// RFC 4035 3.2.3: the server has checked the answer.
    public var isAuthenticated: Bool { flags & 0x0020 != 0 }
    public var checkingDisabled: Bool { flags & 0x0010 != 0 }
    /// Z, AD and CD, 0…7: Zeek's `Z`.
    public var reservedBits: UInt8 { UInt8(truncatingIfNeeded: flags >> 4 & 7) }
    /// 0 no error, 3 no such name, IANA's numbers; with EDNS's eight bits above (RFC 6891 6.1.3).
    public var responseCode: UInt16 { UInt16(edns?.upperResponseCode ?? 0) << 4 | flags & 15 }

    /// What the header claims.
    public var questionCount: UInt16 { bytes.uint16(4) }
    public var answerCount: UInt16 { bytes.uint16(6) }
    public var authorityCount: UInt16 { bytes.uint16(8) }
    public var additionalCount: UInt16 { bytes.uint16(10) }

    // MARK: Sections

    /// The first is what is asked; hardly any message has more, but for multicast DNS.
    public var questions: [DNSQuestion] {
        var (place, all): (Int, [DNSQuestion]) = (starts.questions, [])
        while place < starts.answers, let question = DNSQuestion(in: bytes, at: &place) { all.append(question) }
        return all
    }
    public var question: DNSQuestion? {
        var place = starts.questions
        return place < starts.answers ? DNSQuestion(in: bytes, at: &place) : nil
    }
    public var answers: [DNSRecord] { records(starts.answers, starts.authorities) }
    public var authorities: [DNSRecord] { records(starts.authorities, starts.additionals) }
    /// With EDNS's pseudo-record, which `edns` reads.
    public var additionals: [DNSRecord] { records(starts.additionals, starts.end) }

    private func records(_ start: Int, _ end: Int) -> [DNSRecord] {
        var (place, all): (Int, [DNSRecord]) = (start, [])
        while place < end, let record = DNSRecord(in: bytes, at: &place) { all.append(record) }
        return all
    }

    /// What an OPT record says, RFC 6891.
    public var edns: DNSExtension? {
        var place = starts.additionals
        while place < starts.end {
            guard let (header, data, next) = DNSRecord.parts(in: bytes, at: place) else { return nil }
            if header.type == DNSType.opt { return DNSExtension(header, bytes.extracting(data)) }
            place = next
        }
        return nil
    }

    /// Whether another message asks what this one asks, or answers it; one that repeats no question may answer anything.
    func sharesQuestion(with other: DNSMessage) -> Bool {
        guard starts.questions < starts.answers, other.starts.questions < other.starts.answers else { return true }
        // Most repeat it byte for byte: name and type, which are there where a question was read.
        if let end = DNSName.plainEnd(in: bytes, at: starts.questions),
            other.bytes.extracting(other.starts.questions...).begins(with: bytes.extracting(starts.questions..<end + 2))
        {
            return true
        }
        let (mine, its) = (DNSName.end(in: bytes, at: starts.questions), DNSName.end(in: other.bytes, at: other.starts.questions))
        guard let mine, let its, mine + 4 <= message.count, its + 4 <= other.message.count else { return false }
        return bytes.uint16(mine) == other.bytes.uint16(its) && DNSName.areEqual(bytes, starts.questions, other.bytes, other.starts.questions)
    }

    /// Octets that it keeps.
    var byteCount: Int { message.count }
}

/// Why a message could not be read to its end.
public enum DNSProblem: UInt8, CaseIterable, Equatable, Sendable {
    /// Fewer bytes were captured than sent.
    case notCaptured
    /// It ends before its header's counts are used up.
    case cutShort
    /// A name is longer than 255 octets, leads in a circle, or has labels of an unknown kind.
    case badName
    /// Bytes come after the last record.
    case bytesBehind
}

/// What is asked, RFC 1035 4.1.2.
public struct DNSQuestion: Equatable, Sendable {
    public let name: String
    /// 1 an IPv4 address, 28 an IPv6 one, 255 anything; IANA's numbers.
    public let type: UInt16
    /// 1 the internet. Multicast DNS uses the top bit to ask for an answer to itself alone (RFC 6762 5.4): it is left out.
    public let qclass: UInt16
    public let wantsUnicast: Bool

    init?(in message: RawSpan, at place: inout Int) {
        guard let name = DNSName(in: message, at: place), name.end + 4 <= message.byteCount else { return nil }
        self.name = name.text
        type = message.uint16(name.end)
        let code = message.uint16(name.end + 2)
        // 254 and 255 have it only as an unknown class would.
        (qclass, wantsUnicast) = (code & 0x7fff, code & 0x8000 != 0)
        place = name.end + 4
    }
}

/// A resource record, RFC 1035 4.1.3.
public struct DNSRecord: Equatable, Sendable {
    public let name: String
    public let type: UInt16
    public let rclass: UInt16
    /// Seconds.
    public let timeToLive: UInt32
    public let data: DNSData

    /// What stands between its name and its data.
    struct Header {
        var type: UInt16
        var rclass: UInt16
        var timeToLive: UInt32
    }

    init?(in message: RawSpan, at place: inout Int) {
        guard let (header, data, end) = Self.parts(in: message, at: place), let name = DNSName(in: message, at: place) else { return nil }
        (self.name, type, rclass, timeToLive) = (name.text, header.type, header.rclass, header.timeToLive)
        self.data = DNSData(header.type, in: message, data)
        place = end
    }

    /// Its header, where its data lie, and where it ends.
    static func parts(in message: RawSpan, at place: Int) -> (header: Header, data: Range<Int>, end: Int)? {
        DNSName.end(in: message, at: place).flatMap { parts(in: message, behind: $0) }
    }

    /// The same, by where its name ends.
    static func parts(in message: RawSpan, behind name: Int) -> (header: Header, data: Range<Int>, end: Int)? {
        guard name + 10 <= message.byteCount else { return nil }
        let header = Header(
            type: message.uint16(name), rclass: message.uint16(name + 2),
            timeToLive: UInt32(message.uint16(name + 4)) << 16 | UInt32(message.uint16(name + 6)))
        let end = name + 10 + Int(message.uint16(name + 8))
        return end <= message.byteCount ? (header, name + 10..<end, end) : nil
    }
}

/// Walks over a message's sections, as far as they hold together.
private struct DNSSectionReader: ~Escapable {
    private let message: RawSpan
    private let isCut: Bool
    private(set) var place = DNSMessage.headerLength
    private var failure: DNSProblem?
    /// Whether the first name has no pointers.
    private var isFirstPlain = false

    @_lifetime(copy message)
    init(_ message: RawSpan, isCut: Bool) { (self.message, self.isCut) = (message, isCut) }

    // Counts are a stranger's word: a header alone would otherwise cost as many turns as four of them can claim.

    mutating func skipQuestions(count: UInt16) {
        for _ in 0..<count {
            guard failure == nil, let end = nameEnd() else { return }
            if end + 4 <= message.byteCount { place = end + 4 } else { failure = .cutShort }
        }
    }

    mutating func skipRecords(count: UInt16) {
        for _ in 0..<count {
            guard failure == nil, let name = nameEnd() else { return }
            if let parts = DNSRecord.parts(in: message, behind: name) { place = parts.end } else { failure = .cutShort }
        }
    }

    private mutating func nameEnd() -> Int? {
        if let end = DNSName.plainEnd(in: message, at: place) {
            if place == DNSMessage.headerLength { isFirstPlain = true }
            return end
        }
        // Most answers have a pointer to what was asked, and nothing else.
        if isFirstPlain, place + 2 <= message.byteCount, message.uint16(place) == 0xc000 | UInt16(DNSMessage.headerLength) { return place + 2 }
        if let end = DNSName.soundEnd(in: message, at: place) { return end }
        // What runs over the end may have been cut there.
        failure = DNSName.end(in: message, at: place) == nil && isCutName ? .cutShort : .badName
        return nil
    }

    private var isCutName: Bool {
        var place = place
        while place < message.byteCount {
            guard message.byte(place) < 64 else { return message.byte(place) >= 0xc0 }
            guard message.byte(place) > 0 else { return false }
            place += 1 + Int(message.byte(place))
        }
        return true
    }

    var problem: DNSProblem? {
        if isCut { return .notCaptured }
        return failure ?? (place < message.byteCount ? .bytesBehind : nil)
    }
}

extension RawSpan {
    /// In network order, at a place that is known to lie in it.
    @inline(__always)
    func uint16(_ place: Int) -> UInt16 { UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: place, as: UInt16.self)) }
}
