import Packets

/// Looks for the next message where it is not known where that begins: a response anywhere, a request at the beginning of a line, or of what comes behind a
/// hole. Either must be beyond doubt.
extension HTTPMessageReader {
    /// A longer line is no request's.
    private static let longestLine = 8 << 10

    /// A message begins with what is gathered, or else where the search is.
    private mutating func found(at time: Timestamp) {
        (state, scan, begun) = (.head, HTTPHeadScan(), time)
    }

    /// So many bytes were searched.
    private mutating func give(up count: Int) -> Event? {
        rest -= count
        return rest > 0 ? nil : .failed(.malformed)
    }

    /// A line of its own.
    mutating func searchRequest(_ bytes: RawSpan, _ place: inout Int, at time: Timestamp) -> Event? {
        while place < bytes.byteCount {
            let ahead = bytes.extracting(place..<min(bytes.byteCount, place + rest))
            let end = ahead.firstPlace(of: HTTPByte.lineFeed)
            if buffer.isEmpty, let end, HTTPProbe.isRequestInMidst(ahead.extracting(first: end + 1).firstLine) {
                found(at: time)
                return nextHead(bytes, &place, at: time)
            }
            let part = ahead.extracting(first: end.map { $0 + 1 } ?? ahead.byteCount)
            if !buffer.isEmpty || end == nil {
                // As much of it as a request's line may have: whether it has more tells the length.
                let count = buffer.count
                part.extracting(first: min(part.byteCount, Self.longestLine - count)).withUnsafeBytes { buffer.append(contentsOf: $0) }
                if end != nil, count + part.byteCount <= Self.longestLine, HTTPProbe.isRequestInMidst(buffer.span.bytes.firstLine) {
                    buffer.removeLast(part.byteCount)
                    found(at: time)
                    return nextHead(bytes, &place, at: time)
                }
            }
            if end != nil { buffer.removeAll(keepingCapacity: true) }
            place += part.byteCount
            if let failure = give(up: part.byteCount) { return failure }
        }
        return nil
    }

    /// Wherever it is.
    mutating func searchResponse(_ bytes: RawSpan, _ place: inout Int, at time: Timestamp) -> Event? {
        let bytes = bytes.extracting(first: min(bytes.byteCount, place + rest))
        while place < bytes.byteCount {
            if !buffer.isEmpty {
                // What was left over, and what would decide of it.
                var window = buffer
                let part = bytes.extracting(place..<min(bytes.byteCount, place + HTTPProbe.responseWindow))
                part.withUnsafeBytes { window.append(contentsOf: $0) }
                var start = 0
                while start < buffer.count {
                    switch HTTPProbe.responseInMidst(window.span.bytes.extracting(start...)) {
                    case .mine:
                        buffer.removeFirst(start)
                        found(at: time)
                        return nextHead(bytes, &place, at: time)
                    case .unsure:
                        window.removeFirst(start)
                        buffer = window
                        place += part.byteCount
                        return give(up: part.byteCount)
                    case .notMine: start = window.span.bytes.firstPlace(of: UInt8(ascii: "H"), from: start + 1) ?? buffer.count
                    }
                }
                buffer = []
            }
            guard let start = bytes.firstPlace(of: UInt8(ascii: "H"), from: place) else {
                defer { place = bytes.byteCount }
                return give(up: bytes.byteCount - place)
            }
            if let failure = give(up: start - place) { return failure }
            place = start
            switch HTTPProbe.responseInMidst(bytes.extracting(start...)) {
            case .mine:
                found(at: time)
                return nextHead(bytes, &place, at: time)
            case .unsure:
                bytes.extracting(start...).withUnsafeBytes { buffer.append(contentsOf: $0) }
                place = bytes.byteCount
                return give(up: bytes.byteCount - start)
            case .notMine:
                place += 1
                if let failure = give(up: 1) { return failure }
            }
        }
        return nil
    }
}
