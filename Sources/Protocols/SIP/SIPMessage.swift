/// A request or a response, RFC 3261 7. It owns its head, without credentials; headers are looked for when somebody asks, by their long name or the compact
/// one.
public struct SIPMessage: Equatable, Sendable {
    /// Has the form that HTTP's has; lines may be folded.
    let head: HTTPHead
    /// Bytes of the body that were seen.
    public internal(set) var bodyLength = 0
    /// What the body offers, if it is a session description: up to 16 streams.
    public internal(set) var media: [SIPMedia] = []
    public internal(set) var problem: SIPProblem?

    init(_ head: RawSpan) { self.head = HTTPHead(kept: SIPSecrets.remove(from: head), byteCount: head.byteCount) }

    private var line: SIPStartLine { SIPStartLine(head.startLine) }

    /// What is kept of it.
    var keptCount: Int { head.keptCount + media.count * MemoryLayout<SIPMedia>.stride }
    var isResponse: Bool { line.isResponse }

    /// The first line as it was sent.
    public var startLine: String { head.startLine.text }
    /// `SIP/2.0`
    public var version: String { head.startLine.extracting(line.version).text }
    /// As it was written; "" of a response.
    public var method: String { head.startLine.extracting(line.method).text }
    /// Whom a request is for; "" of a response.
    public var uri: String { head.startLine.extracting(line.uri).text }
    /// 100…699, RFC 3261 21; 0 of a request.
    public var status: UInt16 { line.status }
    /// What the status means, in the sender's words.
    public var reason: String { head.startLine.extracting(line.reason).text }

    /// All headers in their order, names as they were written. Authorization has the scheme and at most the user's name.
    public var headers: [HTTPHeader] { head.headers }

    /// The value of the first header of a kind, folded lines joined.
    public func value(_ header: SIPHeader) -> String? {
        var result: String?
        visit(header) { value in
            result = value
            return false
        }
        return result
    }

    /// Those of all headers of a kind: what is written in one, with commas, is one.
    public func values(_ header: SIPHeader) -> [String] {
        var all: [String] = []
        visit(header) { value in
            all.append(value)
            return true
        }
        return all
    }

    private func visit(_ header: SIPHeader, _ body: (String) -> Bool) {
        var reader = HTTPHeaderReader(head.bytes)
        while let field = reader.next() {
            if header.isNamed(field.name, in: head.bytes), !body(field.text(in: head.bytes)) { return }
        }
    }

    public var callID: String? { value(.callID) }
    /// A number and the method: `1 INVITE`.
    public var sequence: String? { value(.cSeq) }
    public var from: SIPAddress? { value(.from).map(SIPAddress.init) }
    public var to: SIPAddress? { value(.to).map(SIPAddress.init) }
    public var contact: SIPAddress? { value(.contact).map(SIPAddress.init) }
    /// Bytes of the body as the header says; nil where it says none, or no number.
    public var contentLength: Int? { value(.contentLength).flatMap { $0.utf8.count < 19 ? Int($0) : nil } }

    /// From whom to whom it has gone, the last one first: of each Via the part before the branch.
    public var path: [String] { values(.via).map { Self.cut($0, before: "branch") } }

    /// A header's value before a parameter, as Zeek's logs have it.
    public func text(_ header: SIPHeader, before parameter: String) -> String? { value(header).map { Self.cut($0, before: parameter) } }

    private static func cut(_ value: String, before parameter: String) -> String {
        for mark in [";\(parameter)=", "; \(parameter)="] {
            if let place = value.firstRange(ofASCII: mark) { return String(value[..<place]) }
        }
        return value
    }
}

/// What is wrong with a message.
public enum SIPProblem: UInt8, CaseIterable, Sendable {
    /// Its end was not seen, or bytes in it.
    case headCut, bodyCut
    /// The head is longer than 64 KiB.
    case headTooLong
    /// Call-ID, CSeq or Via are missing, or say nothing that can be read (RFC 3261 8.1.1).
    case noTransaction
    /// CSeq says another method than the request is of.
    case otherMethod
    /// Content-Length is no number.
    case badLength
    /// A line of the head is no header.
    case badHeader
}

extension String {
    /// Where a text of ASCII begins in it first.
    fileprivate func firstRange(ofASCII text: String) -> String.Index? {
        let (all, wanted) = (utf8, text.utf8)
        guard let first = wanted.first else { return startIndex }
        var place = all.startIndex
        while let found = all[place...].firstIndex(of: first) {
            if all[found...].starts(with: wanted) { return found }
            place = all.index(after: found)
        }
        return nil
    }
}
