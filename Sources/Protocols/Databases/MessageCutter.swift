/// Cuts a direction of a stream into messages whose header, of a fixed size, tells their length. PostgreSQL's, MySQL's and MongoDB's are of that kind.
///
///     | header | wanted of the body | rest, dropped as it comes | header | …
///
/// A message is given once what is wanted of it has come: a length that lies reserves nothing, and a row of a gigabyte costs no more than its header.
/// Within a message a hole is known to be one of it; behind a larger one nobody knows where the next message begins.
struct MessageCutter {
    /// What a header says, in bytes from the message's start.
    struct Extent {
        var length: Int
        /// At most `length`, at least the header.
        var wanted: Int

        init(length: Int, wanted: Int) { (self.length, self.wanted) = (length, min(length, wanted)) }
    }

    enum Outcome {
        case wantsMore
        /// Whoever was given a message wants to read on in another way; the reader stands behind what was wanted of it.
        case stopped
        case badHeader
    }

    /// A message's beginning, of those that do not come in one piece.
    private var buffer: [UInt8] = []
    /// Of the message in the buffer, once its header is there.
    private var extent: Extent?
    private var toDrop = 0

    var heldBytes: Int { buffer.count }

    /// - Parameters:
    ///   - measure: what a header of `headerLength` bytes says; nil where it is none.
    ///   - give: takes what was wanted of a message and its length; false to stop.
    @inline(__always)
    mutating func feed(
        _ reader: inout ByteReader, headerLength: Int, _ measure: (RawSpan) -> Extent?, _ give: (_ message: RawSpan, _ length: Int) -> Bool
    ) -> Outcome {
        while true {
            if toDrop > 0 { toDrop -= reader.bytes(upTo: toDrop).byteCount }
            guard !reader.isAtEnd else { return .wantsMore }
            if buffer.isEmpty {
                // In one piece, as most are.
                var ahead = reader
                if let header = ahead.bytes(headerLength) {
                    guard let extent = measure(header) else { return .badHeader }
                    if let message = reader.bytes(extent.wanted) {
                        toDrop = extent.length - extent.wanted
                        guard give(message, extent.length) else { return .stopped }
                        continue
                    }
                }
            }
            gather(&reader, upTo: extent?.wanted ?? headerLength)
            if extent == nil, buffer.count >= headerLength {
                guard let measured = measure(buffer.span.bytes) else { return .badHeader }
                extent = measured
                gather(&reader, upTo: measured.wanted)
            }
            guard let whole = extent, buffer.count >= whole.wanted else { return .wantsMore }
            toDrop = whole.length - whole.wanted
            let message = takeBuffer()
            guard give(message.span.bytes, whole.length) else { return .stopped }
        }
    }

    /// So many bytes will not come. A message that has lost some of what was wanted is given as it is.
    ///
    /// - Returns: false when the next message's beginning is lost.
    mutating func skip(_ byteCount: Int, _ give: (_ message: RawSpan, _ length: Int) -> Void) -> Bool {
        guard !buffer.isEmpty else {
            guard byteCount <= toDrop else { return false }
            toDrop -= byteCount
            return true
        }
        guard let cut = extent, byteCount <= cut.length - buffer.count else { return false }
        toDrop = cut.length - buffer.count - byteCount
        let message = takeBuffer()
        give(message.span.bytes, cut.length)
        return true
    }

    private mutating func gather(_ reader: inout ByteReader, upTo count: Int) {
        reader.bytes(upTo: count - buffer.count).withUnsafeBytes { buffer.append(contentsOf: $0) }
    }

    private mutating func takeBuffer() -> [UInt8] {
        defer { (buffer, extent) = ([], nil) }
        return buffer
    }
}
