/// DNS messages, written out.
enum DNSBytes {
    static func number(_ value: Int) -> [UInt8] { [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)] }

    /// `www.example.org` as labels.
    static func name(_ text: String) -> [UInt8] { text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0] }

    static func pointer(to place: Int) -> [UInt8] { [0xc0 | UInt8(place >> 8), UInt8(place & 255)] }

    static func header(id: Int, flags: Int, _ counts: Int...) -> [UInt8] {
        let all = counts + [Int](repeating: 0, count: 4 - counts.count)
        return number(id) + number(flags) + all.flatMap(number)
    }

    static func query(id: Int, _ name: String, type: Int = 1, flags: Int = 0x0100, additional: [UInt8] = []) -> [UInt8] {
        header(id: id, flags: flags, 1, 0, 0, additional.isEmpty ? 0 : 1) + Self.name(name) + number(type) + number(1) + additional
    }

    static func record(_ name: [UInt8], type: Int, rclass: Int = 1, ttl: Int = 300, _ data: [UInt8]) -> [UInt8] {
        name + number(type) + number(rclass) + number(ttl >> 16) + number(ttl) + number(data.count) + data
    }

    /// Its question stands at 12, so that records may point there.
    static func response(id: Int, _ name: String, type: Int = 1, flags: Int = 0x8180, _ records: [[UInt8]] = []) -> [UInt8] {
        header(id: id, flags: flags, 1, records.count) + Self.name(name) + number(type) + number(1) + records.flatMap { $0 }
    }

    /// As over TCP.
    static func framed(_ message: [UInt8]) -> [UInt8] { number(message.count) + message }
}
