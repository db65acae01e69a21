/// The certificates that a side sent, its own first: RFC 5246 7.4.2. It owns the message; certificates are read from it when asked for.
///
///     +------------+------------+---------------+------------+---------------
///     |   length   |   length   | certificate   |   length   | certificate …
///     |  3 bytes   |  3 bytes   |               |  3 bytes   |
///     +------------+------------+---------------+------------+---------------
public struct TLSCertificateChain: Equatable, Sendable {
    /// What is kept, at most.
    public static let longest = 1 << 16
    public static let mostCertificates = 32

    static let longestMessage = longest + 3

    private let message: [UInt8]

    init(_ message: [UInt8]) { self.message = message }

    var byteCount: Int { message.count }

    /// Where each certificate lies in the message, and what is wrong with it.
    private var places: (places: [Range<Int>], problem: TLSProblem?) {
        var reader = ByteReader(message.span.bytes)
        guard let length = reader.uint24() else { return ([], .malformedCertificates) }
        var places: [Range<Int>] = []
        var isSound = Int(length) == reader.count
        while isSound, !reader.isAtEnd {
            guard let length = reader.uint24(), length > 0, let certificate = reader.bytes(Int(length)) else {
                isSound = false
                break
            }
            guard places.count < Self.mostCertificates else { return (places, .tooManyCertificates) }
            places.append(reader.offset - certificate.byteCount..<reader.offset)
        }
        return (places, isSound ? nil : .malformedCertificates)
    }

    /// At most 32.
    public var certificates: [X509Certificate] { places.places.map { X509Certificate(message, at: $0) } }

    /// The side's own.
    public var first: X509Certificate? { places.places.first.map { X509Certificate(message, at: $0) } }

    public var count: Int { places.places.count }

    /// Too many, or malformed.
    public var problem: TLSProblem? { places.problem }
}

/// What both sides sent.
final class TLSCertificates: Equatable, Sendable {
    let server: TLSCertificateChain?
    let client: TLSCertificateChain?

    init(server: TLSCertificateChain?, client: TLSCertificateChain?) { (self.server, self.client) = (server, client) }

    static func == (left: TLSCertificates, right: TLSCertificates) -> Bool { (left.server, left.client) == (right.server, right.client) }
}
