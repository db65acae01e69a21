@testable import Protocols
import TestSupport
import Testing

@Suite struct HPACK {
    /// A decoder, and what it read last.
    private struct Reader {
        var decoder = HPACKDecoder()

        /// Header lines of a block that comes in pieces of so many bytes; nil if it cannot be read.
        mutating func read(_ block: [UInt8], pieces: Int = .max) -> [String]? {
            var (state, list) = (HTTP2HeaderBlock(), HTTP2HeaderList())
            state.begin(1, .headers, for: 1, behind: list)
            var rest = block[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(pieces))
                rest = rest.dropFirst(pieces)
                if decoder.feed(piece.span.bytes, &state, into: &list) != nil { return nil }
            }
            guard decoder.finishBlock() else { return nil }
            return list.headers(in: .headers).map { "\($0.name): \($0.value)" }
        }
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8.filter { $0 != 0x20 })
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)! }
    }

    // MARK: RFC 7541, appendix C

    @Test func `reads integers as in C1`() {
        var reader = Reader()
        #expect(reader.read(bytes("2a")) == [] && reader.decoder.table.limit == 10)
        #expect(reader.read(bytes("3f9a0a")) == [] && reader.decoder.table.limit == 1337)
        #expect(reader.read([0x80 | 42]) == ["if-range: "])
    }

    @Test func `reads headers as in C2`() {
        var reader = Reader()
        #expect(reader.read(bytes("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572")) == ["custom-key: custom-header"])
        #expect(reader.decoder.table.size == 55 && reader.decoder.table.count == 1)
        reader = Reader()
        #expect(reader.read(bytes("040c 2f73 616d 706c 652f 7061 7468")) == [":path: /sample/path"])
        #expect(reader.read(bytes("1008 7061 7373 776f 7264 0673 6563 7265 74")) == ["password: secret"])
        #expect(reader.read(bytes("82")) == [":method: GET"])
        #expect(reader.decoder.table.size == 0)
    }

    private static let requests = [
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
    ]
    private static let responses = [
        [":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"],
        [":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com"],
        [
            ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", "location: https://www.example.com", "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
    ]

    private func expect(_ blocks: [String], _ lines: [[String]], sizes: [Int], tableSize: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
        for pieces in [.max, 1, 2, 3, 7] {
            var reader = Reader()
            if let tableSize { _ = reader.read(HTTP2Bytes.tableSize(tableSize)) }
            for ((block, lines), size) in zip(zip(blocks, lines), sizes) {
                #expect(reader.read(bytes(block), pieces: pieces) == lines, "in pieces of \(pieces)", sourceLocation: sourceLocation)
                #expect(reader.decoder.table.size == size, sourceLocation: sourceLocation)
            }
        }
    }

    @Test func `reads requests as in C3, and as in C4 with Huffman's code`() {
        expect(
            [
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "8286 84be 5808 6e6f 2d63 6163 6865",
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
            ], Self.requests, sizes: [57, 110, 164])
        expect(
            ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf", "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"],
            Self.requests, sizes: [57, 110, 164])
    }

    @Test func `reads responses and evicts as in C5, and as in C6 with Huffman's code`() {
        expect(
            [
                """
                4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 \
                7777 2e65 7861 6d70 6c65 2e63 6f6d
                """, "4803 3330 37c1 c0bf",
                """
                88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a \
                584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31
                """,
            ], Self.responses, sizes: [222, 222, 215], tableSize: 256)
        expect(
            [
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                "4883 640e ffc1 c0bf",
                """
                88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 \
                72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07
                """,
            ], Self.responses, sizes: [222, 222, 215], tableSize: 256)
    }

    // MARK: Huffman's code

    private func decoded(_ coded: [UInt8]) -> [UInt8]? {
        var text: [UInt8] = []
        return HPACKHuffman.decode(coded.span.bytes, into: &text) ? text : nil
    }

    @Test func `every byte has its code`() {
        // All of them, one behind the other, as another encoder writes them.
        let all = """
            ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffffffdfffffebfffffecfffffedfffffeefffffefffffff0ffffff1ffffff2\
            fffffffbfffffcffffffd3fffffd7fffffdbfffffdffffffe3fffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b71d79fb9f7fff20ffbff3ff50ddbd7f061c\
            58f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7ffbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53ff\
            fd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffbfffffd9ffffdbfffebffffe0ffffeeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbff\
            ffdafffeeffff4ffffb7fffee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0ffff17fffedffff87ffff77fffeffffeaffff8bfffe3f\
            fff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3ffff3fffff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1\
            fffff87ffffe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdffff4ffff9ffffd1ffffcffffeaffffafffffddffffeffffff\
            4fffff5fffffabffffa7ffffd7fffff9bffffecfffffb7fffff3fffffe8fffffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf
            """
        #expect(decoded(bytes(all)) == Array(0...255))
    }

    @Test func `a string ends in fewer than eight ones`() {
        #expect(decoded([]) == [])
        // '0' is 00000.
        #expect(decoded([0x07]) == Array("0".utf8))
        #expect(decoded([0x06]) == nil)
        // Eight bits and more of padding, with and without something before.
        #expect(decoded([0xff]) == nil)
        #expect(decoded([0x07, 0xff]) == nil)
        // The end's own code, thirty ones.
        #expect(decoded([0xff, 0xff, 0xff, 0xff]) == nil)
        #expect(decoded([0x07, 0xff, 0xff, 0xff, 0xff, 0xff]) == nil)
    }

    // MARK: The table

    @Test func `refuses what no encoder may write`() {
        for block in ["80", "be", "ff8080808080", "ffffffffffff0f", "40", "0001", "3fffffff7f", "82 20", "007f ffff ffff 0f"] {
            var reader = Reader()
            reader.decoder.sizeLimit = 4096
            for pieces in [.max, 1] { #expect(reader.read(bytes(block), pieces: pieces) == nil, "\(block)") }
        }
    }

    @Test func `a name whose header gives way is read before`() {
        var reader = Reader()
        let long = String(repeating: "x", count: 20)
        #expect(reader.read(HTTP2Bytes.tableSize(64) + HTTP2Bytes.literal("name", long, added: true)) == ["name: \(long)"])
        #expect(reader.read(HTTP2Bytes.literal(62, "other", added: true)) == ["name: other"])
        #expect(reader.decoder.table.count == 1 && reader.read(HTTP2Bytes.indexed(62)) == ["name: other"])
        // One that is larger than the table empties it.
        #expect(reader.read(HTTP2Bytes.literal("n", String(repeating: "y", count: 40), added: true))?.count == 1)
        #expect(reader.decoder.table.count == 0 && reader.decoder.table.size == 0)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `the table agrees with an array`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (table, model, limit) = (HPACKTable(), [[UInt8]](), HPACKTable.initial)
        for _ in 0..<3000 {
            if Int.random(in: 0..<50, using: &random) == 0 {
                limit = Int.random(in: 0...6000, using: &random)
                table.resize(limit)
            } else {
                let header = (0..<Int.random(in: 1...90, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                table.add(header, name: 1)
                model.insert(header, at: 0)
            }
            func size() -> Int { model.reduce(0) { $0 + $1.count + 32 } }
            while size() > limit { model.removeLast() }
            #expect(table.count == model.count && table.size == size())
            if let index = model.indices.randomElement(using: &random), let place = table.place(index) {
                #expect(Array(table.bytes[place.start..<place.value.upperBound]) == model[index])
            }
            #expect(table.place(model.count) == nil && table.heldBytes < 100_000)
        }
    }

    @Test func `knows behind a hole what was added since`() {
        var reader = Reader()
        _ = reader.read(HTTP2Bytes.literal("old", "1", added: true))
        reader.decoder.lose()
        #expect(reader.read(HTTP2Bytes.indexed(62) + HTTP2Bytes.literal("new", "2", added: true) + HTTP2Bytes.indexed(62) + HTTP2Bytes.indexed(63)) == ["new: 2", "new: 2"])
        // A name that is not known makes a header that is not, at an index that counts.
        #expect(reader.read(HTTP2Bytes.literal(80, "3", added: true) + HTTP2Bytes.indexed(62) + HTTP2Bytes.indexed(63)) == ["new: 2"])
        // From an empty table on all is known.
        #expect(reader.read(HTTP2Bytes.tableSize(0) + HTTP2Bytes.tableSize(4096) + HTTP2Bytes.indexed(62)) == nil)
    }
}
