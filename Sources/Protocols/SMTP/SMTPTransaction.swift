import Packets

/// A mail that was handed over, or that somebody tried to hand over, RFC 5321 3.3. It owns what was said of it, from which fields are read when asked for.
///
/// A connection without any mail is one transaction as well, if the client has said something: who it is, that it goes on in TLS, or by what means it proves
/// itself. Passwords are never kept.
public struct SMTPTransaction: Equatable, Sendable {
    /// What is kept of a mail in all, and of its recipients; more of them are counted only.
    private static let mostText = 16 << 10
    private static let mostRecipients = 100
    private static let mostEntries = 200

    enum Field: UInt8, Sendable {
        case helo, authentication, sender, recipient
        case date, from, to, cc, replyTo, messageID, inReplyTo, subject, originatingAddress, received, userAgent
    }

    private struct Entry: Equatable, Sendable {
        var field: Field
        var start: UInt16
        var length: UInt16
    }

    private var text: [UInt8] = []
    private var entries: [Entry] = []
    private var reply: [UInt8] = []

    /// How the server has answered last: to the mail itself, if it came to that.
    public private(set) var replyCode: UInt16?
    /// When its first command was seen.
    public internal(set) var started: Timestamp?
    /// Which mail of its connection it is, from 1 on; Zeek's `trans_depth`.
    public internal(set) var depth: UInt32 = 1
    /// All that were named, be they kept or not, accepted or not.
    public private(set) var recipientCount: UInt32 = 0
    /// Octets of the mail, with dots that were doubled for the way.
    public internal(set) var messageLength: UInt64 = 0
    /// Whether the connection goes on in TLS (RFC 3207): what is said there is not seen.
    public internal(set) var isFollowedByTLS = false
    public internal(set) var problem: SMTPProblem?
    /// Whether a part of it has come by BDAT.
    var hasContent = false

    // MARK: The envelope

    /// The client's name for itself, in HELO or EHLO.
    public var helo: String? { first(.helo) }
    /// PLAIN, LOGIN, CRAM-MD5, …
    public var authenticationMechanism: String? { first(.authentication) }
    /// Empty in a report of failure; nil where there was no mail.
    public var sender: String? { first(.sender) }
    public var recipients: [String] { all(.recipient) }
    /// The last line of the server's last reply, with its code.
    public var lastReply: String? { replyCode.map { reply.isEmpty ? "\($0)" : "\($0) \(reply.span.bytes.text)" } }

    // MARK: The mail's header, RFC 5322 3.6

    public var date: String? { first(.date) }
    public var from: String? { first(.from) }
    /// Addresses, of which each may have a name.
    public var to: [String] { all(.to).flatMap(Self.addresses) }
    public var cc: [String] { all(.cc).flatMap(Self.addresses) }
    public var replyTo: String? { first(.replyTo) }
    public var messageID: String? { first(.messageID) }
    public var inReplyTo: String? { first(.inReplyTo) }
    public var subject: String? { first(.subject) }
    public var originatingAddress: String? { first(.originatingAddress) }
    public var userAgent: String? { first(.userAgent) }
    /// What servers on its way say of themselves and whom they have it from; the last of them first.
    public var received: [String] { all(.received) }
    /// The addresses in those: where the mail came from, the nearest first.
    public var path: [IPAddress] { received.compactMap(Self.address) }

    private func first(_ field: Field) -> String? { entries.first { $0.field == field }.map(string) }
    private func all(_ field: Field) -> [String] { entries.filter { $0.field == field }.map(string) }
    private func string(_ entry: Entry) -> String {
        String(decoding: text[Int(entry.start)..<Int(entry.start) + Int(entry.length)], as: UTF8.self)
    }

    /// What commas part, but for those in quotation marks.
    private static func addresses(_ list: String) -> [String] {
        var isQuoted = false
        let parts = list.split { character in
            if character == "\"" { isQuoted.toggle() }
            return character == "," && !isQuoted
        }
        return parts.map { $0.drop { $0 == " " } }.map { String($0.reversed().drop { $0 == " " }.reversed()) }.filter { !$0.isEmpty }
    }

    /// The last address in what one server says of the one before: what that called itself may be an address, too, and stands before.
    private static func address(_ received: String) -> IPAddress? {
        let end = received.range(of: " by ")?.lowerBound ?? received.endIndex
        let words = received[..<end].split { !($0.isHexDigit || $0 == "." || $0 == ":") }
        return words.filter { $0.contains(".") || $0.contains(":") }.last { IPAddress(String($0)) != nil }
            .flatMap { IPAddress(String($0)) }
    }

    // MARK: Building

    var hasMail: Bool { entries.contains { $0.field == .sender || $0.field == .recipient } }
    /// All that is kept of what was said.
    var keptText: [UInt8] { text + reply }
    var byteCount: Int { text.count + reply.count + entries.count * MemoryLayout<Entry>.stride }

    /// The transaction that follows it, of the same client.
    var next: SMTPTransaction {
        var other = SMTPTransaction()
        for entry in entries where entry.field == .helo || entry.field == .authentication {
            text.span.bytes.extracting(Int(entry.start)..<Int(entry.start) + Int(entry.length)).withUnsafeBytes { other.add(entry.field, $0) }
        }
        other.depth = depth &+ 1
        return other
    }

    mutating func add(_ field: Field, _ value: RawSpan) { value.withUnsafeBytes { add(field, $0) } }

    private mutating func add(_ field: Field, _ value: UnsafeRawBufferPointer) {
        if field == .recipient { recipientCount &+= 1 }
        guard entries.count < Self.mostEntries, field != .recipient || recipientCount <= Self.mostRecipients else { return }
        let length = min(value.count, Self.mostText - text.count)
        guard length > 0 || value.isEmpty else { return }
        entries.append(Entry(field: field, start: UInt16(text.count), length: UInt16(length)))
        text.append(contentsOf: UnsafeRawBufferPointer(rebasing: value.prefix(length)))
    }

    /// What a client says again counts.
    mutating func replace(_ field: Field, _ value: RawSpan) {
        entries.removeAll { $0.field == field }
        add(field, value)
    }

    /// Goes on with the last value, if it is that field's and it is the last that was added: a folded line.
    mutating func extend(_ field: Field, _ value: RawSpan) {
        guard let last = entries.last, last.field == field, Int(last.start) + Int(last.length) == text.count else { return }
        let length = min(value.byteCount, Self.mostText - text.count)
        value.extracting(0..<length).withUnsafeBytes { text.append(contentsOf: $0) }
        entries[entries.count - 1].length += UInt16(length)
    }

    mutating func answer(_ code: UInt16, _ line: RawSpan) {
        replyCode = code
        reply.removeAll(keepingCapacity: true)
        line.withUnsafeBytes { reply.append(contentsOf: $0) }
    }
}

/// What was not as it should be.
public enum SMTPProblem: UInt8, CaseIterable, Equatable, Sendable {
    /// Bytes are missing.
    case gap
    /// A line was longer than is kept of one.
    case longLine
    /// The mail has a line of one dot that does not end it, for a newline beside it is not CR LF: servers that take it for the end are made to see two mails.
    case smuggling
    /// More commands than are waited for have no reply.
    case noReplies
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var place = startIndex
        while place < endIndex {
            if self[place...].hasPrefix(text) { return place..<index(place, offsetBy: text.count) }
            place = index(after: place)
        }
        return nil
    }
}
