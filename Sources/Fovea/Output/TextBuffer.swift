import Packets

/// Text in the making, UTF-8, in memory that grows. Who adds to it makes room once and then writes there; an array asks each time whether it is alone and
/// large enough, which took a third of the time of a run that writes a line for each connection.
struct TextBuffer: ~Copyable {
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity = 256
    private(set) var count = 0

    init() { memory = .allocate(capacity: capacity) }

    deinit { memory.deallocate() }

    var isEmpty: Bool { count == 0 }

    /// Valid until something is added.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: memory, count: count) }

    /// The memory stays.
    mutating func removeAll(from start: Int = 0) {
        precondition(start <= count)
        count = start
    }

    mutating func removeLast() {
        precondition(count > 0)
        count &-= 1
    }

    /// - Parameters:
    ///   - room: bytes, at least those that are written.
    ///   - write: writes some, and gives their number.
    @inline(__always)
    mutating func append(atMost room: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        if capacity &- count < room { grow(by: room) }
        let written = write(memory + count)
        precondition(written >= 0 && written <= room)
        count &+= written
    }

    @inline(never)
    private mutating func grow(by room: Int) {
        let size = max(2 * capacity, count + room)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        larger.update(from: memory, count: count)
        memory.deallocate()
        (memory, capacity) = (larger, size)
    }

    // MARK: Text

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        append(atMost: 1) {
            $0.pointee = byte
            return 1
        }
    }

    @inline(__always)
    mutating func append(_ character: Unicode.Scalar) { append(UInt8(ascii: character)) }

    @inline(__always)
    mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        append(atMost: text.count) {
            if let start = text.baseAddress { $0.update(from: start, count: text.count) }
            return text.count
        }
    }

    mutating func append(_ text: StaticString) { append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    mutating func append(_ scalar: UTF8.EncodedScalar) { for byte in scalar { append(byte) } }

    // MARK: Values

    @inline(__always)
    mutating func append(integer: some BinaryInteger) {
        append(atMost: 21) { text in
            guard integer < 0 else { return Self.write(UInt64(truncatingIfNeeded: integer), text) }
            text[0] = UInt8(ascii: "-")
            return 1 + Self.write(UInt64(truncatingIfNeeded: integer.magnitude), text + 1)
        }
    }

    /// With six decimals; what lies below a microsecond is dropped.
    mutating func append(seconds nanoseconds: Int64) {
        append(atMost: 28) { text in
            var end = 0
            if nanoseconds < 0 {
                text[0] = UInt8(ascii: "-")
                end = 1
            }
            let microseconds = nanoseconds.magnitude / 1000
            end += Self.write(microseconds / 1_000_000, text + end)
            text[end] = UInt8(ascii: ".")
            Self.write(microseconds % 1_000_000, text + end + 1, digits: 6)
            return end + 7
        }
    }

    mutating func append(address: IPAddress) {
        append(atMost: IPAddress.longestText) { address.write(UnsafeMutableBufferPointer(start: $0, count: IPAddress.longestText)) }
    }

    @inline(__always)
    private static func write(_ number: UInt64, _ text: UnsafeMutablePointer<UInt8>) -> Int {
        var (digits, bound) = (1, 10 as UInt64)
        while number >= bound {
            digits &+= 1
            // The largest have twenty.
            guard digits < 20 else { break }
            bound &*= 10
        }
        write(number, text, digits: digits)
        return digits
    }

    /// Two digits at a time, from the end.
    @inline(__always)
    private static func write(_ number: UInt64, _ text: UnsafeMutablePointer<UInt8>, digits: Int) {
        var (rest, place) = (number, digits)
        while place >= 2 {
            place &-= 2
            let next = rest / 100
            let pair = UnsafeRawPointer(pairs.utf8Start + Int(truncatingIfNeeded: 2 &* (rest &- 100 &* next)))
            UnsafeMutableRawPointer(text + place).storeBytes(of: pair.loadUnaligned(as: UInt16.self), as: UInt16.self)
            rest = next
        }
        if place == 1 { text[0] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest) }
    }

    private static var pairs: StaticString {
        """
        00010203040506070809101112131415161718192021222324252627282930313233343536373839\
        40414243444546474849505152535455565758596061626364656667686970717273747576777879\
        8081828384858687888990919293949596979899
        """
    }
}
