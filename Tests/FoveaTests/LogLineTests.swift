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

    /// Eight characters are looked at at once, and the last ones twice: none is overlooked, wherever it stands.
    @Test func `escapes each character at each place of strings of all lengths`() {
        let escapes: [UInt8: String] = [0x22: #"\""#, 0x5c: #"\\"#, 0x0a: #"\n"#, 0x0d: #"\r"#, 0x09: #"\t"#]
        for length in 1...20 {
            for place in 0..<length {
                for value in 0..<0x80 as Range<UInt8> {
                    let plain = String(UnicodeScalar(value))
                    let escaped = escapes[value] ?? (value < 0x20 || value == 0x7f ? #"\u00"# + String(value >> 4, radix: 16) + String(value & 15, radix: 16) : plain)
                    let (before, behind) = (String(repeating: "a", count: place), String(repeating: "~", count: length - place - 1))
                    guard text(before + plain + behind) != #"{"k":""# + before + escaped + behind + #""}"# else { continue }
                    Issue.record("\(value) at \(place) of \(length): \(text(before + plain + behind))")
                }
            }
        }
    }

    @Test func `prints integers of all lengths`() {
        var bound: UInt64 = 1
        while true {
            for value in [bound - 1, bound, bound + 1, bound &* 12_345_678_901] { #expect(LogLine.text { $0.add("k", value) } == #"{"k":\#(value)}"#) }
            guard bound < 10_000_000_000_000_000_000 else { break }
            bound *= 10
        }
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
