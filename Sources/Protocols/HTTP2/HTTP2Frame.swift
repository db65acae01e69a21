/// A frame's header, RFC 9113 4.1.
///
///     | length | type | flags | R stream |
///     |      3 |    1 |     1 |        4 |
struct HTTP2FrameHeader: Equatable {
    static let byteCount = 9
    /// What a receiver must take, RFC 9113 6.5.2; more only if its settings say so.
    static let initialMost = 16384

    enum Kind: UInt8 {
        case data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
        /// RFC 7838 4; ORIGIN, RFC 8336; PRIORITY_UPDATE, RFC 9218 7.1.
        case alternativeService = 10, origin = 12, priorityUpdate = 16
    }

    struct Flags: OptionSet {
        let rawValue: UInt8
        static let endStream = Flags(rawValue: 1), acknowledges = Flags(rawValue: 1), endHeaders = Flags(rawValue: 4)
        static let padded = Flags(rawValue: 8), priority = Flags(rawValue: 0x20)
    }

    var length: Int
    var type: UInt8
    var flags: Flags
    var stream: UInt32
    var isReservedSet: Bool

    /// - Parameters:
    ///   - start: its first five bytes.
    ///   - end: the other four.
    init(_ start: UInt64, _ end: UInt64) {
        length = Int(truncatingIfNeeded: start >> 16)
        type = UInt8(truncatingIfNeeded: start >> 8)
        flags = Flags(rawValue: UInt8(truncatingIfNeeded: start))
        stream = UInt32(truncatingIfNeeded: end) & 0x7fff_ffff
        isReservedSet = end & 0x8000_0000 != 0
    }

    /// The first nine of these bytes.
    init?(_ bytes: RawSpan) {
        var reader = ByteReader(bytes)
        guard let length = reader.uint24(), let kind = reader.uint16(), let stream = reader.uint32() else { return nil }
        self.init(UInt64(length) << 16 | UInt64(kind), UInt64(stream))
    }

    var kind: Kind? { Kind(rawValue: type) }

    /// Whether its type, stream and length fit each other; others are connection errors (RFC 9113 6).
    var isSound: Bool {
        switch kind {
        case .data, .headers, .continuation: stream != 0 && length >= lead
        case .pushPromise: stream != 0 && length >= lead
        case .priority: stream != 0 && length == 5
        case .resetStream: stream != 0 && length == 4
        case .settings: stream == 0 && (flags.contains(.acknowledges) ? length == 0 : length % 6 == 0)
        case .ping: stream == 0 && length == 8
        case .goAway: stream == 0 && length >= 8
        case .windowUpdate: length == 4
        case .origin, .priorityUpdate: stream == 0
        case .alternativeService, nil: true
        }
    }

    /// Whether all of it is as senders make it: where nothing else says that a frame begins.
    var isPlausible: Bool {
        let allowed: UInt8 =
            switch kind {
            case .data: 0x09
            case .headers: 0x2d
            case .settings, .ping: 0x01
            case .pushPromise: 0x0c
            case .continuation: 0x04
            case .priority, .resetStream, .goAway, .windowUpdate, .alternativeService, .origin, .priorityUpdate: 0
            case nil: 0
            }
        return kind != nil && isSound && !isReservedSet && length <= Self.initialMost && flags.rawValue & ~allowed == 0
    }

    /// Bytes between the header and what the frame is for: the padding's length, a priority, a promised stream.
    var lead: Int {
        let padding = flags.contains(.padded) ? 1 : 0
        return switch kind {
        case .data: padding
        case .headers: padding + (flags.contains(.priority) ? 5 : 0)
        case .pushPromise: padding + 4
        case .resetStream: 4
        case .goAway: 8
        default: 0
        }
    }

    /// Whether its last bytes may be padding.
    var mayBePadded: Bool { flags.contains(.padded) && (kind == .data || kind == .headers || kind == .pushPromise) }
}

/// A parameter of a SETTINGS frame, RFC 9113 6.5.1.
struct HTTP2Setting {
    static let byteCount: UInt8 = 6
    static let headerTableSize: UInt16 = 1, enablePush: UInt16 = 2, initialWindow: UInt16 = 4, maxFrameSize: UInt16 = 5

    var identifier: UInt16
    var value: UInt32

    init(_ bits: UInt64) {
        identifier = UInt16(truncatingIfNeeded: bits >> 32)
        value = UInt32(truncatingIfNeeded: bits)
    }

    /// IANA's that are met with; others are to be ignored.
    var isKnown: Bool { 1...6 ~= identifier || identifier == 8 || identifier == 9 }

    /// RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1.
    var isSound: Bool {
        switch identifier {
        case Self.enablePush, 8, 9: value <= 1
        case Self.initialWindow: value <= 0x7fff_ffff
        case Self.maxFrameSize: 16384...0xff_ffff ~= value
        default: true
        }
    }
}

/// Why a stream or a connection ended, RFC 9113 7.
public enum HTTP2Error {
    static let names: [String: UInt64] = [
        "NO_ERROR": 0, "PROTOCOL_ERROR": 1, "INTERNAL_ERROR": 2, "FLOW_CONTROL_ERROR": 3, "SETTINGS_TIMEOUT": 4, "STREAM_CLOSED": 5, "FRAME_SIZE_ERROR": 6,
        "REFUSED_STREAM": 7, "CANCEL": 8, "COMPRESSION_ERROR": 9, "CONNECT_ERROR": 10, "ENHANCE_YOUR_CALM": 11, "INADEQUATE_SECURITY": 12,
        "HTTP_1_1_REQUIRED": 13,
    ]
    private static let texts = Dictionary(uniqueKeysWithValues: names.map { (UInt32($0.value), $0.key) })

    public static func name(_ code: UInt32) -> String { texts[code] ?? "ERROR\(code)" }
}
