import Protocols
import Testing

@Suite struct `Byte reader` {
    @Test func `reads integers in network order`() {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
        var reader = ByteReader(bytes.span.bytes)
        let integers: [UInt64?] = [
            reader.uint8().map(UInt64.init), reader.uint16().map(UInt64.init), reader.uint24().map(UInt64.init),
            reader.uint32().map(UInt64.init), reader.uint64(),
        ]
        #expect(integers == [0x01, 0x0203, 0x040506, 0x0708_090a, 0x0b0c_0d0e_0f10_1112])
        let isAtEnd = reader.isAtEnd
        #expect(isAtEnd)
    }

    @Test(arguments: 0..<8) func `gives nil past the end and stays where it is`(length: Int) {
        let bytes = [UInt8](repeating: 0xff, count: length)
        var reader = ByteReader(bytes.span.bytes)
        if length < 8 { #expect(reader.uint64() == nil) }
        if length < 4 { #expect(reader.uint32() == nil) }
        if length < 3 { #expect(reader.uint24() == nil) }
        if length < 2 { #expect(reader.uint16() == nil) }
        if length < 1 { #expect(reader.uint8() == nil) }
        let refused = reader.bytes(length + 1) == nil && reader.bytes(-1) == nil && reader.vector8() == nil && reader.vector16() == nil
        let offset = reader.offset
        #expect(refused && offset == 0)
        let rest = reader.bytes(upTo: 100).byteCount
        #expect(rest == length)
    }

    @Test func `reads vectors by the length before them`() {
        let bytes: [UInt8] = [2, 7, 8, 0, 1, 9, 0]
        var reader = ByteReader(bytes.span.bytes)
        let lengths = [reader.vector8()?.byteCount, reader.vector16()?.byteCount, reader.vector8()?.byteCount, reader.vector8()?.byteCount]
        #expect(lengths == [2, 1, 0, nil])
    }
}
