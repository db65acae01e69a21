/// A connection ID: up to 20 bytes that one side has chosen for packets to it, RFC 9000 5.1. May be empty.
public struct QUICConnectionID: Hashable, Sendable {
    public static let longest = 20

    // The first bytes in the highest bits, zeros behind the last.
    private var high: UInt64 = 0
    private var middle: UInt64 = 0
    private var low: UInt32 = 0
    private let length: UInt8

    /// Nil if there are more bytes than versions 1 and 2 have.
    init?(_ bytes: RawSpan) {
        guard bytes.byteCount <= Self.longest else { return nil }
        length = UInt8(bytes.byteCount)
        for place in 0..<bytes.byteCount {
            let byte = UInt64(bytes.byte(place))
            switch place {
            case 0..<8: high |= byte << UInt64(56 - 8 * place)
            case 8..<16: middle |= byte << UInt64(120 - 8 * place)
            default: low |= UInt32(byte) << UInt32(152 - 8 * place)
            }
        }
    }

    public var count: Int { Int(length) }

    public var bytes: [UInt8] { withBytes { [UInt8]($0) } }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: (high.bigEndian, middle.bigEndian, low.bigEndian)) { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}

extension QUICConnectionID: CustomStringConvertible {
    /// Hexadecimal digits.
    public var description: String { withBytes(\.hexadecimal) }
}
