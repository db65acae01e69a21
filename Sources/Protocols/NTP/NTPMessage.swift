import Packets

/// A message of NTP, RFC 5905 7.3, or of what its servers are asked for beside the time: mode 6, RFC 9327, and mode 7, which is ntpd's own.
///
///     | leap, version, mode | stratum | poll | precision | root delay | root dispersion | reference id | reference time | origin | receive | transmit | …
///     |                   1 |       1 |    1 |         1 |          4 |               4 |            4 |              8 |      8 |       8 |        8 |
public struct NTPMessage: Equatable, Sendable {
    static let headerLength = 48, controlLength = 12, privateLength = 8

    /// 1…4.
    public let version: UInt8
    /// 1 symmetric active, 2 symmetric passive, 3 client, 4 server, 5 broadcast, 6 control, 7 private.
    public let mode: UInt8
    public let content: Content
    /// Nil but for what says that a server is asked, or answers, what strangers should not be able to.
    public let problem: NTPProblem?

    public enum Content: Equatable, Sendable {
        case time(NTPTime)
        /// Mode 6: 1 the state of peers, 2 variables, 3 to set them, IANA's numbers; and whether it is an answer.
        case control(operation: UInt8, isAnswer: Bool)
        /// Mode 7: 20 and 42 the list of those who have asked; and how many items an answer has.
        case privately(request: UInt8, isAnswer: Bool, itemCount: UInt16)
    }

    /// Nil for what is none.
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount >= Self.privateLength else { return nil }
        let first = bytes.byte(0)
        (version, mode) = (first >> 3 & 7, first & 7)
        guard 1...4 ~= version else { return nil }
        switch mode {
        case 1...5:
            guard bytes.byteCount >= Self.headerLength else { return nil }
            (content, problem) = (.time(NTPTime(bytes)), nil)
        case 6:
            guard bytes.byteCount >= Self.controlLength else { return nil }
            (content, problem) = (.control(operation: bytes.byte(1) & 31, isAnswer: bytes.byte(1) & 0x80 != 0), .control)
        case 7:
            let request = bytes.byte(3)
            content = .privately(request: request, isAnswer: first & 0x80 != 0, itemCount: bytes.uint16(4) & 0xfff)
            problem = request == 20 || request == 42 ? .monitorList : .privateMode
        default: return nil
        }
    }

    public var time: NTPTime? {
        if case .time(let time) = content { time } else { nil }
    }
    public var isAnswer: Bool? {
        switch content {
        case .time: mode == 4
        case .control(_, let isAnswer), .privately(_, let isAnswer, _): isAnswer
        }
    }
}

/// What a message in modes 1 to 5 says.
public struct NTPTime: Equatable, Sendable {
    /// 0 no warning, 1 and 2 the day's last minute has 61 or 59 seconds, 3 not synchronised.
    public let leap: UInt8
    /// 0 a client, or a kiss of death; 1 a clock; up to 15 that many servers away; 16 not synchronised.
    public let stratum: UInt8
    /// Log2 of seconds.
    public let poll: Int8
    public let precision: Int8
    /// Seconds to the clock and back, and by how much that may be wrong, in 1/65536.
    public let rootDelay: UInt32
    public let rootDispersion: UInt32
    /// The server's server by its IPv4 address, or a hash of its IPv6 one; a clock's name at stratum 1, and a kiss of death at 0.
    public let referenceID: UInt32
    public let referenceTime: NTPTimestamp
    public let originTime: NTPTimestamp
    public let receiveTime: NTPTimestamp
    public let transmitTime: NTPTimestamp
    /// Extension fields that hold together, RFC 7822.
    public let extensionCount: UInt16
    /// Whether a MAC, or a crypto-NAK, stands at the end.
    public let isAuthenticated: Bool

    init(_ bytes: RawSpan) {
        leap = bytes.byte(0) >> 6
        stratum = bytes.byte(1)
        (poll, precision) = (Int8(bitPattern: bytes.byte(2)), Int8(bitPattern: bytes.byte(3)))
        (rootDelay, rootDispersion, referenceID) = (bytes.uint32(4), bytes.uint32(8), bytes.uint32(12))
        func time(_ place: Int) -> NTPTimestamp { NTPTimestamp(seconds: bytes.uint32(place), fraction: bytes.uint32(place + 4)) }
        (referenceTime, originTime, receiveTime, transmitTime) = (time(16), time(24), time(32), time(40))
        let tail = NTPTail(bytes.extracting(NTPMessage.headerLength..<bytes.byteCount))
        (extensionCount, isAuthenticated) = (tail.extensionCount, tail.hasMAC)
    }

    /// As Zeek has it: an address, a clock's name, or a kiss of death.
    public var reference: String {
        guard stratum < 2 else { return IPAddress(ipv4: referenceID).description }
        let letters = (0..<4).map { UInt8(truncatingIfNeeded: referenceID >> (24 - 8 * $0)) }
        return String(decoding: letters.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// What stands behind the header: extension fields, and a MAC.
struct NTPTail {
    var extensionCount: UInt16 = 0
    var hasMAC = false
    /// Whether nothing else stands there.
    var isSound = true

    /// Octets of a key's number alone, and with a digest of MD5, SHA-1, SHA-256 and SHA-512.
    private static let lengths = [4, 20, 24, 36, 68]

    init(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            // RFC 7822 3: what is as long as a MAC, and no longer, is one.
            if reader.count <= 24 || Self.lengths.contains(reader.count) && extensionCount == 0 {
                hasMAC = Self.lengths.contains(reader.count)
                isSound = hasMAC || extensionCount > 0 && takeField(&reader) && reader.isAtEnd
                return
            }
            guard takeField(&reader) else {
                isSound = false
                return
            }
        }
    }

    private mutating func takeField(_ reader: inout ByteReader) -> Bool {
        guard reader.uint16() != nil, let length = reader.uint16(), length >= 16, length % 4 == 0, reader.bytes(Int(length) - 4) != nil else { return false }
        extensionCount &+= 1
        return true
    }
}

/// Seconds since 1900, and 2^-32 of them. They turn over in 2036.
public struct NTPTimestamp: Equatable, Sendable {
    public let seconds: UInt32
    public let fraction: UInt32

    private static let unixEpoch: Int64 = 2_208_988_800

    public var isZero: Bool { seconds == 0 && fraction == 0 }

    /// What is before 1970 is taken to be after 2036; nil for zero, which means that there is none.
    public var timestamp: Timestamp? {
        guard !isZero else { return nil }
        let era: Int64 = Int64(seconds) < Self.unixEpoch ? 1 << 32 : 0
        return Timestamp(nanoseconds: (Int64(seconds) + era - Self.unixEpoch) * 1_000_000_000 + Int64((UInt64(fraction) &* 1_000_000_000) >> 32))
    }

    /// From 1985 on, when NTP began, to 2052.
    var isPlausible: Bool { seconds >= 2_682_374_400 || 1..<0x2000_0000 ~= seconds }
}

/// What a server should not be asked by strangers: it tells of its network, or answers with a hundred times as much as it was sent, to whoever is said to have
/// asked.
public enum NTPProblem: UInt8, CaseIterable, Equatable, Sendable {
    case control
    case privateMode
    /// The list of those who have asked (CVE-2013-5211).
    case monitorList
}
