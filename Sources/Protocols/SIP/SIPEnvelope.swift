/// What a head says of where its message ends and of the transaction that it is of, RFC 3261 17.1.3 and 17.2.3; read once, and not kept.
struct SIPEnvelope {
    enum Method: UInt8 { case invite, acknowledgment, other }

    private(set) var contentLength: Int?
    private(set) var hasDescription = false
    /// Call-ID, branch and CSeq, hashed with the process' secret: what agrees in it is of one transaction.
    private(set) var transaction = 0
    /// The same of a response and what tells it from others of its transaction.
    private(set) var answer = 0
    private(set) var method = Method.other
    /// Of a response 100…699; 0 in a request.
    private(set) var status: UInt16 = 0
    private(set) var problem: SIPProblem?

    init(_ head: RawSpan) {
        let line = head.firstLine, start = SIPStartLine(line)
        status = start.status
        var (callID, via, sequence, tag): (Range<Int>?, Range<Int>?, Range<Int>?, Range<Int>?)
        var reader = HTTPHeaderReader(head)
        while let field = reader.next() {
            // By the letter that long and compact names begin with: most headers are none of these.
            guard !field.name.isEmpty else {
                problem = problem ?? .badHeader
                continue
            }
            func isNamed(_ header: SIPHeader) -> Bool { header.isNamed(field.name, in: head) }
            switch HTTPByte.lower(head.byte(field.name.lowerBound)) {
            case "c", "i", "l":
                if callID == nil, isNamed(.callID) {
                    callID = field.value(in: head)
                } else if sequence == nil, isNamed(.cSeq) {
                    sequence = field.value(in: head)
                } else if contentLength == nil, isNamed(.contentLength) {
                    contentLength = head.extracting(field.value(in: head)).unsignedDecimal
                    if contentLength == nil { problem = .badLength }
                } else if isNamed(.contentType) {
                    let value = field.value(in: head)
                    hasDescription = value.count >= 15 && head.hasWord("application/sdp", at: value.lowerBound..<value.lowerBound + 15)
                }
            case "v": if via == nil, isNamed(.via) { via = field.value(in: head) }
            case "t": if tag == nil, status > 0, isNamed(.to) { tag = SIPValue(head, field.value(in: head), parameter: "tag").parameter }
            default: break
            }
        }
        guard let callID, let via, let sequence, let (number, name) = Self.sequence(head, sequence) else {
            problem = .noTransaction
            (transaction, answer) = (0, 0)
            return
        }
        if head.hasWord("invite", at: name) { method = .invite } else if head.hasWord("ack", at: name) { method = .acknowledgment }
        if status == 0, !line.extracting(start.method).isSame(as: head.extracting(name)) { problem = problem ?? .otherMethod }
        var hasher = Hasher()
        hasher.combine(head, callID)
        // Those before RFC 3261 have no branch.
        hasher.combine(head, SIPValue(head, via, parameter: "branch").parameter ?? 0..<0)
        hasher.combine(number)
        hasher.combine(head, name)
        transaction = hasher.finalize()
        hasher.combine(status)
        hasher.combine(head, tag ?? 0..<0)
        answer = hasher.finalize()
    }

    /// `1 INVITE`
    private static func sequence(_ head: RawSpan, _ value: Range<Int>) -> (number: UInt32, name: Range<Int>)? {
        var digits = value.lowerBound
        while digits < value.upperBound, HTTPByte.isDigit(head.byte(digits)) { digits += 1 }
        guard let number = head.extracting(value.lowerBound..<digits).unsignedDecimal.flatMap({ UInt32(exactly: $0) }) else { return nil }
        let name = head.trimmed(digits..<value.upperBound)
        return name.isEmpty || name.lowerBound == digits ? nil : (number, name)
    }
}

extension Hasher {
    fileprivate mutating func combine(_ head: RawSpan, _ place: Range<Int>) {
        combine(place.count)
        head.extracting(place).withUnsafeBytes { combine(bytes: $0) }
    }
}

extension RawSpan {
    fileprivate func isSame(as other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        for place in 0..<byteCount where byte(place) != other.byte(place) { return false }
        return true
    }
}
