import Foundation

enum ConfigFile {
    /// A configuration is a page or two; a capture named by mistake is not, and `/dev/zero` has no end.
    static let longest = 256 << 10

    /// A file's text, or why there is none.
    static func text(_ path: String) throws(ConfigError) -> String {
        guard let file = fopen(path, "rb") else { throw ConfigError(path: path, message: String(cString: strerror(errno))) }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: longest + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { throw ConfigError(path: path, message: String(cString: strerror(errno))) }
        guard count <= longest else { throw ConfigError(path: path, message: "longer than 256 KiB, which no configuration is") }
        bytes.removeSubrange(count...)
        return try text(bytes, path: path)
    }

    static func text(_ bytes: [UInt8], path: String) throws(ConfigError) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
        throw ConfigError(path: path, line: line, message: "not UTF-8")
    }
}
