import Packets

/// What a pcapng file says of an interface in its Interface Description Block.
struct PcapngInterface: BitwiseCopyable {
    let linkType: LinkType
    /// As libpcap has it: the longest frame where the file says nothing, or nonsense.
    let snapLength: UInt32
    private(set) var clock = PcapngClock()

    init(linkType: UInt16, snapLength: UInt32) {
        let type = LinkType(rawValue: UInt32(linkType))
        // libpcap, who says the link type of all other files, has a number of the machine's own for raw IP.
        self.linkType = type == .raw ? .rawAsOnLinux : type
        self.snapLength = (1...UInt32(Int32.max)).contains(snapLength) ? snapLength : CaptureFile.longestFrame
    }

    @inline(__always)
    var longestFrame: UInt32 { min(snapLength, CaptureFile.longestFrame) }

    /// Reads its options: a code and a length of two bytes each, and the value, filled up to four bytes.
    mutating func readOptions(_ options: UnsafeRawBufferPointer, isSwapped: Bool) throws(CaptureDamage) {
        func number<T: FixedWidthInteger>(_ offset: Int, as type: T.Type) -> T {
            let value = options.loadUnaligned(fromByteOffset: offset, as: type)
            return isSwapped ? value.byteSwapped : value
        }
        var place = 0
        var hasResolution = false, hasOffset = false
        while place < options.count {
            guard options.count - place >= 4 else { throw Self.tooShort }
            let code = number(place, as: UInt16.self), length = Int(number(place + 2, as: UInt16.self))
            place += 4
            guard (length + 3) / 4 * 4 <= options.count - place else { throw Self.tooShort }
            switch code {
            case 0:
                try Self.check("opt_endofopt", length, 0)
                return
            case 9:
                try Self.check("if_tsresol", length, 1, isSecond: hasResolution)
                hasResolution = true
                try clock.setResolution(options[place])
            case 14:
                try Self.check("if_tsoffset", length, 8, isSecond: hasOffset)
                hasOffset = true
                clock.offset = number(place, as: Int64.self)
            default: break
            }
            place += (length + 3) / 4 * 4
        }
    }

    private static var tooShort: CaptureDamage { CaptureDamage("block of type 1 in pcapng dump file is too short") }

    private static func check(_ option: String, _ length: Int, _ expected: Int, isSecond: Bool = false) throws(CaptureDamage) {
        guard length == expected else { throw CaptureDamage("Interface Description Block has \(option) option with length \(length) != \(expected)") }
        guard !isSecond else { throw CaptureDamage("Interface Description Block has more than one \(option) option") }
    }
}

/// How an interface's times are counted: ticks of a power of 10 or of 2 of a second, and seconds to be added.
struct PcapngClock: BitwiseCopyable {
    /// Nanoseconds are ticks · factor / divisor >> shift; of divisor and shift one does nothing.
    private var factor: UInt64 = 1000
    private var divisor: UInt64 = 1
    private var shift: UInt64 = 0
    /// Seconds.
    var offset: Int64 = 0

    /// - Parameter resolution: the option if_tsresol: ticks of 10⁻ⁿ s, or of 2⁻ⁿ s with the highest bit set.
    mutating func setResolution(_ resolution: UInt8) throws(CaptureDamage) {
        let exponent = resolution & 0x7f
        let isBinary = resolution >= 0x80
        guard exponent <= (isBinary ? 63 : 19) else {
            throw CaptureDamage("Interface Description Block if_tsresol option resolution \(isBinary ? 2 : 10)^-\(exponent) is too high")
        }
        if isBinary {
            (factor, divisor, shift) = (1_000_000_000, 1, UInt64(exponent))
        } else {
            (factor, divisor, shift) = exponent <= 9 ? (Self.powerOf10(9 - exponent), 1, 0) : (1, Self.powerOf10(exponent - 9), 0)
        }
    }

    private static func powerOf10(_ exponent: UInt8) -> UInt64 { (0..<exponent).reduce(1) { power, _ in power * 10 } }

    /// Wraps where the time is beyond what nanoseconds can say.
    @inline(__always)
    func timestamp(_ ticks: UInt64) -> Timestamp {
        var nanoseconds = ticks &* factor
        if divisor != 1 { nanoseconds /= divisor }
        if shift != 0 {
            let product = ticks.multipliedFullWidth(by: factor)
            nanoseconds = product.low >> shift | product.high << (64 - shift)
        }
        return Timestamp(nanoseconds: Int64(bitPattern: nanoseconds) &+ offset &* 1_000_000_000)
    }
}
