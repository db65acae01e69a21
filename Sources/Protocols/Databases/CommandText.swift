/// What a client sent as a command's text, up to a limit, and without passwords that it sets or compares with.
public struct CommandText: Equatable, Sendable {
    /// Bytes that are kept of a text.
    public static let longest = 4096

    public let bytes: [UInt8]
    /// Whether there was more of it.
    public let isCut: Bool
    /// Whether literals behind the word PASSWORD or IDENTIFIED have become '***'.
    public let isRedacted: Bool

    /// - Parameter isCut: whether the bytes are not all of it in any case.
    init(_ text: RawSpan, isCut: Bool = false) {
        self.isCut = isCut || text.byteCount > Self.longest
        let all = text.extracting(first: min(text.byteCount, Self.longest)).copied
        let secret = Self.placeBehindSecretWord(all)
        isRedacted = secret != nil
        bytes = secret.map { Self.hideLiterals(of: all, from: $0) } ?? all
    }

    /// As UTF-8; what is none becomes U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    private static func placeBehindSecretWord(_ text: [UInt8]) -> Int? {
        text.withUnsafeBufferPointer { text in
            var place = 0
            while place + 8 <= text.count {
                let letter = text[place] | 0x20
                if letter == 0x70, matches("password", text, place) { return place + 8 }
                if letter == 0x69, matches("identified", text, place) { return place + 10 }
                place += 1
            }
            return nil
        }
    }

    private static func matches(_ word: StaticString, _ text: UnsafeBufferPointer<UInt8>, _ place: Int) -> Bool {
        guard place + word.utf8CodeUnitCount <= text.count else { return false }
        return (0..<word.utf8CodeUnitCount).allSatisfy { text[place + $0] | 0x20 == word.utf8Start[$0] }
    }

    private static func hideLiterals(of text: [UInt8], from start: Int) -> [UInt8] {
        var hidden = Array(text[..<start])
        var place = start
        while place < text.count {
            let quote = text[place]
            hidden.append(quote)
            place += 1
            guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { continue }
            hidden += "***".utf8
            // A literal without an end is one up to the text's.
            while place < text.count, text[place] != quote { place += text[place] == UInt8(ascii: "\\") ? 2 : 1 }
            if place < text.count { hidden.append(quote) }
            place += 1
        }
        return hidden
    }
}

extension String {
    /// Errors quote what they complain of; of what holds passwords that is left out.
    var upToFirstQuote: String { firstIndex { $0 == "'" || $0 == "\"" }.map { String(self[..<$0]) } ?? self }
}

/// Why a command has no outcome, or not all of it is known.
public enum CommandProblem: UInt8, CaseIterable, Equatable, Sendable {
    /// The connection, or what could be read of it, ended before an answer came.
    case noAnswer
    /// Many commands were sent since without an answer to this one.
    case tooManyPending
    /// An error of a command before it made the server pass it over.
    case passedOver
    /// Bytes of the stream are lost, and with them where messages begin.
    case hole
    /// What follows is compressed or encrypted by the protocol itself, and cannot be read.
    case opaque
    /// An answer that does not hold together.
    case malformed

    /// As filters and records have it.
    public var name: String {
        switch self {
        case .noAnswer: "no_answer"
        case .tooManyPending: "too_many_pending"
        case .passedOver: "passed_over"
        case .hole: "hole"
        case .opaque: "opaque"
        case .malformed: "malformed"
        }
    }
}
