/// Reads DER (ITU-T X.690) one element after the other. Elements in elements are read by a reader of their own, by whoever knows what they are: nothing here
/// goes as deep as a stranger says.
///
///     +--------+------------------------+-----------
///     |  tag   | length, 1 or 2…5 bytes | content …
///     +--------+------------------------+-----------
struct DERReader: ~Escapable {
    private var reader: ByteReader

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { reader = ByteReader(bytes) }

    var isAtEnd: Bool { reader.isAtEnd }
    /// How many bytes have been read.
    var offset: Int { reader.offset }

    /// The next element; nil at the end, or when it does not hold together. Tags of several bytes, which certificates have none of, do not.
    @_lifetime(copy self)
    mutating func next() -> DERElement? {
        var ahead = reader
        guard let tag = ahead.uint8(), tag & 0x1f != 0x1f, let length = Self.length(&ahead), let content = ahead.bytes(length) else { return nil }
        reader = ahead
        return DERElement(tag: tag, content: content)
    }

    /// The next element's content if it has this tag; otherwise nothing is read.
    @_lifetime(copy self)
    mutating func next(_ tag: UInt8) -> RawSpan? {
        var ahead = self
        guard let element = ahead.next(), element.tag == tag else { return nil }
        self = ahead
        return element.content
    }

    /// The content of the sequence in the next element if that has this tag, which is explicit; empty otherwise.
    @_lifetime(copy self)
    mutating func listInside(_ tag: UInt8) -> RawSpan {
        if let explicit = next(tag) {
            var inner = DERReader(explicit)
            if let list = inner.next(DERTag.sequence) { return list }
        }
        return reader.bytes(upTo: 0)
    }

    private static func length(_ reader: inout ByteReader) -> Int? {
        guard let first = reader.uint8() else { return nil }
        guard first & 0x80 != 0 else { return Int(first) }
        guard first != 0x80, first <= 0x84 else { return nil }
        var length = 0
        for _ in 0..<first & 0x7f {
            guard let byte = reader.uint8() else { return nil }
            length = length << 8 | Int(byte)
        }
        return length
    }
}

struct DERElement: ~Escapable {
    let tag: UInt8
    let content: RawSpan

    @_lifetime(copy content)
    init(tag: UInt8, content: RawSpan) {
        self.tag = tag
        self.content = content
    }
}

/// Tags that certificates have.
enum DERTag {
    static let boolean: UInt8 = 1
    static let integer: UInt8 = 2
    static let bitString: UInt8 = 3
    static let octetString: UInt8 = 4
    static let objectIdentifier: UInt8 = 6
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
}

extension RawSpan {
    /// An object identifier in dotted decimal. Arcs of more than 28 bits, and what is behind the 64th, are left out.
    var objectIdentifier: String {
        var reader = ByteReader(self)
        var arcs: [UInt32] = []
        var arc: UInt32 = 0
        while arcs.count < 64, let byte = reader.uint8() {
            guard arc < 1 << 28 else { break }
            arc = arc << 7 | UInt32(byte & 0x7f)
            guard byte & 0x80 == 0 else { continue }
            if arcs.isEmpty {
                let first = min(arc / 40, 2)
                arcs = [first, arc - 40 * first]
            } else {
                arcs.append(arc)
            }
            arc = 0
        }
        return arcs.map { "\($0)" }.joined(separator: ".")
    }
}
