import Foundation
import Packets
import TestSupport
import Testing

@testable import Fovea

@Suite struct `JSON object` {
    private func text(_ value: String) -> String { LogLine.text { $0.add("k", value) } }

    @Test func `keeps members in order and leaves out what is not set`() {
        let text = LogLine.text { object in
            object.add("b", 1)
            object.add("a", nil as String?)
            object.add("c", "x")
            object.add("d", true)
            object.add("e", ["y", "z"])
        }
        #expect(text == #"{"b":1,"c":"x","d":true,"e":["y","z"]}"#)
        #expect(LogLine.text { _ in } == "{}")
    }

    @Test(arguments: [
        ("\"\\/", #"\"\\/"#), ("\n\r\t", #"\n\r\t"#), ("\u{0}\u{1b}[2J\u{7f}", #"\u0000\u001b[2J\u007f"#), ("\u{9b}", #"\u009b"#),
        ("über ✓ 日本 👁", "über ✓ 日本 👁"), ("\u{202e}gpj", #"\u202egpj"#), ("\u{2028}\u{feff}", #"\u2028\ufeff"#), ("\u{e0001}", #"\udb40\udc01"#),
    ])
    func `escapes what a terminal or a reader could obey`(value: String, escaped: String) {
        #expect(text(value) == #"{"k":"\#(escaped)"}"#)
    }

    @Test func `repairs what is not UTF-8`() {
        let bytes: [UInt8] = [0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x62]
        let text = LogLine.text { $0.add("k", utf8: bytes.span.bytes) }
        #expect(text == #"{"k":"a\#u{fffd}\#u{fffd}(\#u{fffd}\#u{fffd}\#u{fffd}b"}"#)
    }

    @Test func `cuts strings that are too long between characters`() {
        let longest = LogLine.longestString
        #expect(text(String(repeating: "x", count: longest)).utf8.count == longest + 8)
        #expect(text(String(repeating: "x", count: longest + 1)).hasSuffix("xx…\"}"))
        #expect(text(String(repeating: "x", count: longest - 1) + "ü").hasSuffix("xx…\"}"))
        let bytes = [UInt8](repeating: 0x61, count: 1 << 20)
        #expect(LogLine.text { $0.add("k", utf8: bytes.span.bytes) }.utf8.count < longest + 20)
    }

    @Test func `prints integers of all sizes and times to the microsecond`() {
        let text = LogLine.text { object in
            object.add("a", Int64.min)
            object.add("b", UInt64.max)
            object.add("c", Timestamp(nanoseconds: 1_700_000_000_000_001_999))
            object.add("d", seconds: -1_500_000_000)
            object.add("e", seconds: 999)
            object.add("f", 0.5)
            object.add("g", Double.nan)
        }
        #expect(text == #"{"a":-9223372036854775808,"b":18446744073709551615,"c":1700000000.000001,"d":-1.500000,"e":0.000000,"f":0.5,"g":null}"#)
    }

    /// Whatever the bytes, another reader of JSON accepts the line.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `is JSON whatever stands in it`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let text = LogLine.text { $0.add("k", utf8: bytes.span.bytes) }
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String]
        #expect(object?["k"] == String(decoding: bytes, as: UTF8.self))
    }
}
