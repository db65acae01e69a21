/// HTTP/2 frames and header blocks, written out.
enum HTTP2Bytes {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let endStream = 1, endHeaders = 4, padded = 8, priority = 0x20

    static func number(_ value: Int, bytes: Int) -> [UInt8] { (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    static func frame(_ type: Int, flags: Int = 0, stream: Int = 0, _ payload: [UInt8] = []) -> [UInt8] {
        number(payload.count, bytes: 3) + [UInt8(type), UInt8(flags)] + number(stream, bytes: 4) + payload
    }

    static func settings(_ values: [Int: Int] = [3: 100]) -> [UInt8] {
        frame(4, values.sorted { $0.key < $1.key }.flatMap { number($0.key, bytes: 2) + number($0.value, bytes: 4) })
    }
    static let acknowledgement = frame(4, flags: 1)

    static func headers(_ stream: Int, _ block: [UInt8], end: Bool = false, flags: Int = 0) -> [UInt8] {
        frame(1, flags: endHeaders | (end ? endStream : 0) | flags, stream: stream, block)
    }
    static func continuation(_ stream: Int, _ block: [UInt8], last: Bool = false) -> [UInt8] { frame(9, flags: last ? endHeaders : 0, stream: stream, block) }
    static func data(_ stream: Int, _ body: [UInt8], end: Bool = false) -> [UInt8] { frame(0, flags: end ? endStream : 0, stream: stream, body) }
    static func reset(_ stream: Int, _ code: Int) -> [UInt8] { frame(3, stream: stream, number(code, bytes: 4)) }
    static func goAway(last: Int, _ code: Int, _ text: String = "") -> [UInt8] { frame(7, number(last, bytes: 4) + number(code, bytes: 4) + Array(text.utf8)) }
    static func promise(_ stream: Int, of promised: Int, _ block: [UInt8]) -> [UInt8] {
        frame(5, flags: endHeaders, stream: stream, number(promised, bytes: 4) + block)
    }

    // MARK: HPACK

    /// An integer behind the bits of its first byte (RFC 7541 5.1).
    static func integer(_ value: Int, prefix: Int, _ bits: Int) -> [UInt8] {
        let most = 1 << prefix - 1
        guard value >= most else { return [UInt8(bits | value)] }
        var (rest, bytes) = (value - most, [UInt8(bits | most)])
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func indexed(_ index: Int) -> [UInt8] { integer(index, prefix: 7, 0x80) }
    static func string(_ text: String) -> [UInt8] { integer(text.utf8.count, prefix: 7, 0) + Array(text.utf8) }
    /// A header of its own, added to the table or not.
    static func literal(_ name: String, _ value: String, added: Bool = false) -> [UInt8] { [added ? 0x40 : 0] + string(name) + string(value) }
    /// One whose name stands in a table.
    static func literal(_ name: Int, _ value: String, added: Bool = false) -> [UInt8] {
        (added ? integer(name, prefix: 6, 0x40) : integer(name, prefix: 4, 0)) + string(value)
    }
    static func tableSize(_ size: Int) -> [UInt8] { integer(size, prefix: 5, 0x20) }

    static func get(_ path: String, authority: String = "www.example.org", added: Bool = false) -> [UInt8] {
        indexed(2) + indexed(6) + literal(4, path, added: added) + literal(1, authority, added: added)
    }
    static func response(_ status: Int, _ more: [UInt8] = []) -> [UInt8] { literal(8, "\(status)") + more }

    /// How both sides begin.
    static let clientStart = preface + settings()
    static let serverStart = settings() + acknowledgement
}
