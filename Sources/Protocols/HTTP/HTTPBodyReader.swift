import Crypto

/// Follows a body as it goes by: how long it is, what it begins with, and its SHA-256 if somebody wants it.
struct HTTPBodyReader {
    private var body = HTTPBody()
    /// The first bytes, until there are enough to tell what it is.
    private var head: [UInt8] = []
    private var isHeadOver = false
    private var digest: SHA256?

    mutating func begin(hashing: Bool) {
        if hashing { digest = SHA256() }
    }

    @inline(__always)
    mutating func take(_ bytes: RawSpan) {
        guard !bytes.isEmpty else { return }
        if !isHeadOver { takeHead(bytes) }
        digest?.update(bytes)
        body.byteCount &+= bytes.byteCount
    }

    @inline(never)
    private mutating func takeHead(_ bytes: RawSpan) {
        // In one piece, as most are.
        if head.isEmpty, bytes.byteCount >= HTTPBodyType.headLength { return settle(bytes.extracting(first: HTTPBodyType.headLength)) }
        if head.isEmpty { head.reserveCapacity(HTTPBodyType.headLength) }
        bytes.extracting(first: min(bytes.byteCount, HTTPBodyType.headLength - head.count)).withUnsafeBytes { head.append(contentsOf: $0) }
        if head.count == HTTPBodyType.headLength { settleHead() }
    }

    private mutating func settle(_ head: RawSpan) {
        body.type = HTTPBodyType(head)
        isHeadOver = true
    }

    private mutating func settleHead() {
        if !head.isEmpty { body.type = HTTPBodyType(head.span.bytes) }
        isHeadOver = true
        head.removeAll(keepingCapacity: true)
    }

    mutating func skip(_ byteCount: Int) {
        guard byteCount > 0 else { return }
        if !isHeadOver { settleHead() }
        digest = nil
        body.missingCount = body.missingCount.addingReportingOverflow(byteCount).partialValue
    }

    /// What was seen of it, for good; the next may begin.
    ///
    /// - Parameter isWhole: whether its end was seen.
    mutating func finish(isWhole: Bool) -> HTTPBody {
        if !isHeadOver { settleHead() }
        if isWhole, body.byteCount > 0, let digest { body.digest = Array(digest.finalize()) }
        defer { (body, isHeadOver, digest) = (HTTPBody(), false, nil) }
        return body
    }
}

extension SHA256 {
    fileprivate mutating func update(_ bytes: RawSpan) { bytes.withUnsafeBytes { update(bufferPointer: $0) } }
}
