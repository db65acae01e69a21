/// What a proxy puts before a connection's own bytes, to say on whose behalf it connects: HAProxy's PROXY protocol, versions 1 and 2,
/// <https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt>.
///
///     PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n                        at most 107 bytes
///     0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a │ 2·, · │ length │ addresses …
public enum ProxyHeader {
    /// Whether it may be one, by the first byte: most streams begin with another.
    @inlinable @inline(__always)
    public static func mayBegin(_ bytes: RawSpan) -> Bool {
        let first: UInt8 = bytes.byteCount > 0 ? bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self) : 0
        return first == UInt8(ascii: "P") || first == 0x0d
    }

    /// How long the header is with which these bytes begin; 0 when there is none, or not all of it.
    public static func byteCount(_ bytes: RawSpan) -> Int {
        var reader = ByteReader(bytes)
        // "PROXY " or the signature.
        switch reader.uint32() {
        case 0x5052_4f58: return reader.uint16() == 0x5920 ? lineLength(bytes) : 0
        case 0x0d0a_0d0a:
            guard reader.uint32() == 0x000d_0a51, reader.uint32() == 0x5549_540a, let version = reader.uint8(), version >> 4 == 2, version & 15 <= 1,
                reader.uint8() != nil, reader.vector16() != nil
            else { return 0 }
            return reader.offset
        default: return 0
        }
    }

    private static func lineLength(_ bytes: RawSpan) -> Int {
        var reader = ByteReader(bytes.extracting(first: 107))
        var last: UInt8 = 0
        while let byte = reader.uint8() {
            if byte == 0x0a { return last == 0x0d ? reader.offset : 0 }
            last = byte
        }
        return 0
    }
}
