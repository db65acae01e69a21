import Protocols

/// Packets of MySQL's protocol, written out.
enum MySQLBytes {
    static func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    static func text(_ value: String) -> [UInt8] { Array(value.utf8) + [0] }
    static func counted(_ value: String) -> [UInt8] { [UInt8(value.utf8.count)] + Array(value.utf8) }

    static func packet(_ number: Int, _ payload: [UInt8]) -> [UInt8] { little(payload.count, 3) + [UInt8(truncatingIfNeeded: number)] + payload }

    static let capabilities = 0x81ff_f7df
    static let compress = 0x20
    static let tls = 0x800
    static let deprecateEOF = 1 << 24
    static let queryAttributes = 1 << 27

    static func greeting(_ version: String = "8.0.36", capabilities: Int = capabilities) -> [UInt8] {
        var payload: [UInt8] = [10] + text(version) + little(4711, 4)
        payload += [UInt8](repeating: 0x41, count: 8) + [0] + little(capabilities & 0xffff, 2)
        payload += [33] + little(2, 2) + little(capabilities >> 16, 2)
        payload += [21] + [UInt8](repeating: 0, count: 10)
        payload += [UInt8](repeating: 0x42, count: 12) + [0] + text("caching_sha2_password")
        return packet(0, payload)
    }

    /// With what the tests' clients can do, and without what is taken away.
    static func login(_ user: String = "admin", database: String = "shop", capabilities: Int = 0x003a_a28d) -> [UInt8] {
        var payload = little(capabilities, 4) + little(1 << 24, 4)
        payload += [33] + [UInt8](repeating: 0, count: 23)
        payload += text(user) + [4, 0xde, 0xad, 0xbe, 0xef]
        payload += text(database) + text("caching_sha2_password")
        let attributes = counted("_os") + counted("Linux") + counted("program_name") + counted("mysqldump")
        payload += [UInt8(attributes.count)] + attributes
        return packet(1, payload)
    }

    static func requestTLS() -> [UInt8] { packet(1, little(0x003a_a28d | tls, 4) + little(1 << 24, 4) + [33] + [UInt8](repeating: 0, count: 23)) }

    static func command(_ code: UInt8, _ rest: [UInt8] = []) -> [UInt8] { packet(0, [code] + rest) }
    static func query(_ sql: String) -> [UInt8] { command(3, Array(sql.utf8)) }

    static func ok(_ number: Int = 1, affected: Int = 0, inserted: Int = 0, status: Int = 2, first: UInt8 = 0, info: String = "") -> [UInt8] {
        let payload: [UInt8] = [first, UInt8(affected), UInt8(inserted)] + little(status, 2) + [0, 0]
        return packet(number, info.isEmpty ? payload : payload + counted(info))
    }
    static func error(number: Int = 1, _ code: Int, _ state: String, _ message: String) -> [UInt8] {
        packet(number, [0xff] + little(code, 2) + Array("#\(state)\(message)".utf8))
    }
    static func eof(_ number: Int, status: Int = 2) -> [UInt8] { packet(number, [0xfe, 0, 0] + little(status, 2)) }
    static func description(_ number: Int) -> [UInt8] { packet(number, counted("def") + [0, 0, 0] + counted("c\(number)") + [0, 12] + [UInt8](repeating: 0, count: 12)) }

    /// A whole result, in either form.
    static func result(columns: Int, rows: [String], withEOF: Bool, status: Int = 2) -> [UInt8] {
        var bytes = packet(1, [UInt8(columns)])
        for column in 0..<columns { bytes += description(2 + column) }
        if withEOF { bytes += eof(2 + columns) }
        for row in rows { bytes += packet(9, (0..<columns).flatMap { _ in counted(row) }) }
        return bytes + (withEOF ? eof(10, status: status) : ok(10, status: status, first: 0xfe))
    }
}
