/// A line up to its CR and LF, of which no more than its first bytes are kept.
struct RedisLine {
    static let longestKept = 512
    /// Digits, a sign and a type.
    static let longestNumber = 24

    private var buffer: [UInt8] = []
    private(set) var byteCount = 0

    var heldBytes: Int { buffer.count }

    /// - Returns: whether a line came to its end, and the body was called with what is kept of it.
    @inline(__always)
    mutating func take(_ reader: inout ByteReader, _ body: (RawSpan) -> Void) -> Bool {
        var ahead = reader
        let rest = ahead.bytes(upTo: ahead.count)
        guard let end = rest.firstPlace(of: 10) else {
            keep(rest)
            _ = reader.bytes(upTo: rest.byteCount)
            return false
        }
        _ = reader.bytes(upTo: end + 1)
        guard byteCount > 0 else {
            body(rest.extracting(first: min(Self.longestKept, end)).withoutCR)
            return true
        }
        keep(rest.extracting(first: end))
        let line = buffer
        (buffer, byteCount) = ([], 0)
        body(line.span.bytes.withoutCR)
        return true
    }

    private mutating func keep(_ bytes: RawSpan) {
        byteCount += bytes.byteCount
        let room = Self.longestKept - buffer.count
        if room > 0 { bytes.extracting(first: min(room, bytes.byteCount)).withUnsafeBytes { buffer.append(contentsOf: $0) } }
    }
}

extension RawSpan {
    fileprivate var withoutCR: RawSpan {
        @_lifetime(copy self)
        get { byteCount > 0 && byte(byteCount - 1) == 13 ? extracting(first: byteCount - 1) : self }
    }

    /// A number in decimal, as RESP has it: digits, one sign at most.
    var decimal: Int? {
        var (reader, value, isNegative) = (ByteReader(self), 0, false)
        guard !isEmpty, byteCount <= 20 else { return nil }
        if reader.peek() == 0x2d { (isNegative, _) = (true, reader.uint8()) }
        guard !reader.isAtEnd else { return nil }
        while let digit = reader.uint8() {
            guard 0x30...0x39 ~= digit else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            let (sum, carry) = product.addingReportingOverflow(Int(digit & 15))
            guard !carry else { return nil }
            value = sum
        }
        return isNegative ? -value : value
    }
}
