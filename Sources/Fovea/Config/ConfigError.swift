/// What is wrong with a configuration, for the person who wrote it:
///
///     configs/offline.toml:2: max_connections: expected an integer in 1...100000000, found "many"
public struct ConfigError: Error, Equatable, CustomStringConvertible {
    /// The file, as it was named to the reader. Nil for what stands in no file.
    public var path: String?
    /// From 1.
    public var line: Int?
    /// From 1; known for syntax errors only.
    public var column: Int?
    public var message: String

    public init(path: String?, line: Int? = nil, column: Int? = nil, message: String) {
        self.path = path
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String {
        let place = [path, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
        return place.isEmpty ? message : "\(place): \(message)"
    }
}

/// A text of the configuration and where it stands, for whoever finds out later that it means nothing.
public struct LocatedText: Equatable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public var text: String
    public var path: String?
    public var line: Int?

    /// `path` need not be a file: an option of the command line is a place too.
    public init(_ text: String, path: String? = nil, line: Int? = nil) {
        self.text = text
        self.path = path
        self.line = line
    }

    public init(stringLiteral text: String) {
        self.init(text)
    }

    public var description: String { text }

    /// An error at this place.
    public func error(_ message: String) -> ConfigError {
        ConfigError(path: path, line: line, message: message)
    }
}

/// Another value of the configuration, and where it stands.
public struct Located<Value: Equatable & Sendable>: Equatable, Sendable {
    public var value: Value
    public var path: String?
    public var line: Int?

    public init(_ value: Value, path: String? = nil, line: Int? = nil) {
        self.value = value
        self.path = path
        self.line = line
    }

    /// An error at this place.
    public func error(_ message: String) -> ConfigError {
        ConfigError(path: path, line: line, message: message)
    }
}
