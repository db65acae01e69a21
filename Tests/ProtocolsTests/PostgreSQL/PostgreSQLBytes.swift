import Protocols

/// Messages of PostgreSQL's protocol, written out.
enum PostgreSQLBytes {
    static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    static func short(_ value: Int) -> [UInt8] { [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)] }
    static func text(_ value: String) -> [UInt8] { Array(value.utf8) + [0] }

    static func message(_ type: Character, _ body: [UInt8] = []) -> [UInt8] { [type.asciiValue!] + number(body.count + 4) + body }

    static func startup(_ parameters: [(String, String)] = [("user", "admin"), ("database", "shop"), ("application_name", "psql")], version: Int = 3 << 16) -> [UInt8] {
        let body = number(version) + parameters.flatMap { text($0.0) + text($0.1) } + [0]
        return number(body.count + 4) + body
    }
    static let encrypt = number(8) + number(80_877_103)
    static let encryptGSS = number(8) + number(80_877_104)

    static func query(_ sql: String) -> [UInt8] { message("Q", text(sql)) }
    static func parse(_ name: String, _ sql: String) -> [UInt8] { message("P", text(name) + text(sql) + short(0)) }
    static func bind(_ portal: String, _ name: String) -> [UInt8] { message("B", text(portal) + text(name) + short(0) + short(0) + short(0)) }
    static func execute(_ portal: String = "") -> [UInt8] { message("E", text(portal) + number(0)) }
    static let sync = message("S")
    static let describe = message("D", [0x50, 0])

    static func authentication(_ code: Int, _ rest: [UInt8] = []) -> [UInt8] { message("R", number(code) + rest) }
    static func parameter(_ name: String, _ value: String) -> [UInt8] { message("S", text(name) + text(value)) }
    static func ready(_ status: Character = "I") -> [UInt8] { message("Z", [status.asciiValue!]) }
    static func columns(_ count: Int) -> [UInt8] {
        var body = short(count)
        for column in 0..<count {
            body += text("c\(column)") + number(0)
            body += short(0) + number(25) + short(-1)
            body += number(-1) + short(0)
        }
        return message("T", body)
    }
    static func row(_ value: String) -> [UInt8] { message("D", short(1) + number(value.utf8.count) + Array(value.utf8)) }
    static func complete(_ tag: String) -> [UInt8] { message("C", text(tag)) }
    static func error(_ code: String, _ message: String, severity: String = "ERROR") -> [UInt8] {
        var body: [UInt8] = [0x53] + text(severity)
        body += [0x56] + text(severity)
        body += [0x43] + text(code)
        body += [0x4d] + text(message) + [0]
        return Self.message("E", body)
    }
}
