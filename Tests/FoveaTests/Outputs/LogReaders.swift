import Foundation

/// Zeek's logs, read by their own heads, as zeek-cut does. Knows nothing of what wrote them.
struct ZeekLog {
    private(set) var path = ""
    private(set) var fields: [String] = []
    private(set) var types: [String] = []
    private(set) var open: String?
    private(set) var close: String?
    /// As they stand there.
    private(set) var rows: [[String]] = []
    private(set) var unset = ""
    private(set) var empty = ""
    private(set) var setSeparator = ""

    struct Unreadable: Error { var line: String }

    init(_ data: Data) throws {
        var separator = " "
        guard data.isEmpty || data.last == UInt8(ascii: "\n") else { throw Unreadable(line: "the last has no end") }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            guard line.hasPrefix("#") else {
                rows.append(line.components(separatedBy: separator))
                guard rows.last?.count == fields.count else { throw Unreadable(line: String(line)) }
                continue
            }
            if line.hasPrefix("#separator ") {
                separator = Self.plain(String(line.dropFirst("#separator ".count)))
                continue
            }
            let words = line.components(separatedBy: separator)
            switch words[0] {
            case "#set_separator": setSeparator = words[1]
            case "#empty_field": empty = words[1]
            case "#unset_field": unset = words[1]
            case "#path": path = words[1]
            case "#open": open = words[1]
            case "#close": close = words[1]
            case "#fields": fields = Array(words.dropFirst())
            case "#types": types = Array(words.dropFirst())
            default: throw Unreadable(line: String(line))
            }
        }
    }

    /// Nil: not set.
    func text(_ cell: String) -> String? { cell == unset ? nil : cell == empty ? "" : Self.plain(cell) }
    func list(_ cell: String) -> [String]? { cell == unset ? nil : cell == empty ? [] : cell.components(separatedBy: setSeparator).map { text($0) ?? "-" } }

    /// `\x09` is a byte, `\\` a backslash.
    static func plain(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.popFirst() {
            guard first == UInt8(ascii: "\\"), let next = rest.first else {
                bytes.append(first)
                continue
            }
            rest.removeFirst()
            if next == UInt8(ascii: "x"), let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(byte)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(next)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// CSV by RFC 4180's grammar. A cell without quotes that is empty is nil.
struct CSVTable {
    private(set) var rows: [[String?]] = []

    struct Unreadable: Error { var place: Int }

    init(_ data: Data) throws {
        let bytes = Array(data)
        var place = 0
        var row: [String?] = []
        while place < bytes.count {
            var cell: [UInt8] = []
            let isQuoted = bytes[place] == UInt8(ascii: "\"")
            if isQuoted {
                place += 1
                while true {
                    guard place < bytes.count else { throw Unreadable(place: place) }
                    if bytes[place] == UInt8(ascii: "\"") {
                        place += 1
                        guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { break }
                    }
                    cell.append(bytes[place])
                    place += 1
                }
            } else {
                while place < bytes.count, bytes[place] != UInt8(ascii: ","), bytes[place] != UInt8(ascii: "\r") {
                    guard bytes[place] != UInt8(ascii: "\""), bytes[place] != UInt8(ascii: "\n") else { throw Unreadable(place: place) }
                    cell.append(bytes[place])
                    place += 1
                }
            }
            row.append(isQuoted || !cell.isEmpty ? String(decoding: cell, as: UTF8.self) : nil)
            guard place < bytes.count else { throw Unreadable(place: place) }
            if bytes[place] == UInt8(ascii: ",") {
                place += 1
                if place < bytes.count, bytes[place] == UInt8(ascii: "\r") { row.append(nil) }
            }
            if bytes[place] == UInt8(ascii: "\r") {
                guard place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "\n") else { throw Unreadable(place: place) }
                place += 2
                rows.append(row)
                row = []
            }
        }
        guard row.isEmpty else { throw Unreadable(place: place) }
    }
}

extension RunFolder {
    /// What files lie in the folder of the last run, by name.
    func files() throws -> [String: Data] {
        let folder = path + "/results"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) && !isFolder.boolValue
        }
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) })
    }
}

extension Data {
    /// The lines as JSON objects.
    func objects() throws -> [[String: Any]] {
        try lines.map { line in
            guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { throw ZeekLog.Unreadable(line: line) }
            return object
        }
    }

    /// What another program makes of them.
    func piped(through program: String, _ arguments: String...) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let (input, output) = (FileManager.default.temporaryDirectory.appending(path: "\(UUID())"), Pipe())
        try write(to: input)
        defer { try? FileManager.default.removeItem(at: input) }
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = output
        try process.run()
        let result = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ZeekLog.Unreadable(line: "\(program) fails") }
        return result
    }
}
