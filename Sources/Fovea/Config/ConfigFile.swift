import Foundation

enum ConfigFile {
    /// A configuration is a page or two; a capture named by mistake is not, and `/dev/zero` has no end.
    static let longest = 256 << 10

    /// Of a list of values: some millions.
    static let longestList = 256 << 20

    /// A file's text, or why there is none.
    static func text(_ path: String) throws(ConfigError) -> String {
        try text(bytes(path, longest: longest), path: path)
    }

    static func bytes(_ path: String, longest: Int) throws(ConfigError) -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw ConfigError(path: path, message: String(cString: strerror(errno))) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= longest {
            let count = fread(&piece, 1, piece.count, file)
            guard ferror(file) == 0 else { throw ConfigError(path: path, message: String(cString: strerror(errno))) }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
        }
        throw ConfigError(path: path, message: "longer than \(longest >> 10) KiB, which no \(longest == Self.longest ? "configuration" : "list") is")
    }

    static func text(_ bytes: [UInt8], path: String) throws(ConfigError) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
        throw ConfigError(path: path, line: line, message: "not UTF-8")
    }
}
