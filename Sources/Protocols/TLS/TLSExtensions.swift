/// One extension of a hello, RFC 8446 4.2.
///
///     +----------------+----------------+-----------
///     |      type      |     length     | content …
///     +----------------+----------------+-----------
public struct TLSExtension: ~Escapable {
    public let type: UInt16
    public let content: RawSpan

    @_lifetime(copy content)
    init(type: UInt16, content: RawSpan) {
        self.type = type
        self.content = content
    }

    public static let serverName: UInt16 = 0
    public static let supportedGroups: UInt16 = 10
    public static let pointFormats: UInt16 = 11
    public static let signatureAlgorithms: UInt16 = 13
    public static let applicationProtocols: UInt16 = 16
    public static let sessionTicket: UInt16 = 35
    public static let preSharedKey: UInt16 = 41
    public static let earlyData: UInt16 = 42
    public static let supportedVersions: UInt16 = 43
    public static let keyShare: UInt16 = 51
    public static let encryptedClientHello: UInt16 = 0xfe0d
    public static let renegotiationInfo: UInt16 = 0xff01
}

/// A hello's extensions in the order in which they were sent, as far as their lengths hold. A type may come twice, from those who break the
/// rules.
public struct TLSExtensions: ~Escapable {
    private var reader: ByteReader

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) {
        reader = ByteReader(bytes)
    }

    @_lifetime(copy self)
    public mutating func next() -> TLSExtension? {
        guard let type = reader.uint16(), let content = reader.vector16() else { return nil }
        return TLSExtension(type: type, content: content)
    }

    /// The content of the first extension of a type.
    @_lifetime(copy self)
    public func first(_ type: UInt16) -> RawSpan? {
        var rest = self
        while let next = rest.next() {
            if next.type == type { return next.content }
        }
        return nil
    }
}

extension TLSExtensions {
    /// Of each extension, in order.
    var types: [UInt16] {
        var rest = self
        var types: [UInt16] = []
        while let next = rest.next() { types.append(next.type) }
        return types
    }

    /// Whether a type comes twice, which RFC 8446 4.2 forbids.
    var haveDuplicates: Bool {
        let types = types.sorted()
        return zip(types, types.dropFirst()).contains { $0 == $1 }
    }
}

extension RawSpan {
    /// The 16-bit numbers that it is a row of; what is left at the end is left out.
    var numbers: [UInt16] {
        var reader = ByteReader(self)
        var numbers: [UInt16] = []
        numbers.reserveCapacity(byteCount / 2)
        while let number = reader.uint16() { numbers.append(number) }
        return numbers
    }
}

/// The names in an ALPN extension, RFC 7301 3.1: a list of strings, each with its length in a byte before it.
func applicationProtocols(_ content: RawSpan) -> [String] {
    var reader = ByteReader(content)
    guard let list = reader.vector16() else { return [] }
    var names: [String] = []
    var rest = ByteReader(list)
    while let name = rest.vector8() { names.append(name.text) }
    return names
}
