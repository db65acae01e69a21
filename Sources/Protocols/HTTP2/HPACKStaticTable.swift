/// HPACK's static table, RFC 7541 appendix A: its bytes in one piece, and where each entry's lie.
enum HPACKStaticTable {
    static let count = 61

    private static let entries: [(name: StaticString, value: StaticString)] = [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"), (":scheme", "http"),
        (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"), (":status", "304"), (":status", "400"), (":status", "404"),
        (":status", "500"), ("accept-charset", ""), ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""),
        ("accept", ""), ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
        ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""), ("content-location", ""),
        ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""),
        ("host", ""), ("if-match", ""), ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""),
        ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""),
        ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""),
        ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
    ]

    private static let table: (bytes: [UInt8], places: [HPACKPlace]) = {
        var (bytes, places): ([UInt8], [HPACKPlace]) = ([], [])
        for (name, value) in entries {
            places.append(HPACKPlace(start: bytes.count, name: name.utf8CodeUnitCount, value: value.utf8CodeUnitCount, isSound: true))
            for text in [name, value] { bytes += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount) }
        }
        return (bytes, places)
    }()

    static var bytes: [UInt8] { table.bytes }

    /// - Parameter index: 1...61.
    static func place(_ index: Int) -> HPACKPlace { table.places[index - 1] }
}

/// Where a header's name lies among bytes, and its value behind it.
struct HPACKPlace {
    var start: Int
    var nameLength: UInt32
    var valueLength: UInt32
    /// Whether both are what they may be (RFC 9113 8.2.1): found out once, for a byte may stand for them again and again.
    var isSound: Bool

    init(start: Int, name: Int, value: Int, isSound: Bool) {
        (self.start, nameLength, valueLength, self.isSound) = (start, UInt32(name), UInt32(value), isSound)
    }

    var name: Range<Int> { start..<start + Int(nameLength) }
    var value: Range<Int> { name.upperBound..<name.upperBound + Int(valueLength) }
    /// RFC 7541 4.1.
    var size: Int { Int(nameLength) + Int(valueLength) + 32 }
}
