import Foundation
import Testing
import Tracking

@testable import Fovea

@Suite struct `Hostile names in outputs` {
    private static let names: [(name: String, bytes: Octets)] = [
        ("control characters", Octets(0..<32) + [0x7f]), ("an end of the line and a line of its own", Octets("a\"}\n{\"ts\":1,\"server_name\":\"evil".utf8)),
        ("a terminal's commands", Octets("\u{1b}]0;owned\u{7}\u{1b}[2J".utf8)), ("what is not UTF-8", [0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf5, 0xf0, 0x9f]),
        ("text that runs from right to left", Octets("a\u{202e}gro.elpmaxe\u{2066}".utf8)), ("backslashes and quotes", Octets("\\\"\\u0000\\".utf8)),
        ("a megabyte", Octets(repeating: 0x61, count: 1 << 20)), ("a megabyte of control characters", Octets(repeating: 1, count: 1 << 20)),
        ("a megabyte of halves of characters", Octets(repeating: 0xe2, count: 1 << 20)),
    ]

    @Test(arguments: names.map(\.name)) func `case 40 whatever a name holds, it is one line of JSON, and a short one`(name: String) throws {
        let bytes = Self.names.first { $0.name == name }!.bytes
        let folder = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let writer = try LogWriter(ReportContext(subscription: "names", lcore: 0, outputFolder: folder.path))
        let rounds = bytes.count < 1000 ? 3 : 1
        for round in 0..<rounds {
            writer.write { line in
                line.add("round", round)
                line.add("name", String(decoding: bytes, as: UTF8.self))
                bytes.withUnsafeBytes { line.add("bytes", utf8: RawSpan(_unsafeBytes: $0)) }
            }
        }
        try writer.finish()

        let output = try Data(contentsOf: folder.appending(path: "names.jsonl"))
        let lines = output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect(lines.count == rounds + 1)
        #expect(lines.last?.isEmpty == true)
        for (round, line) in lines.dropLast().enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            #expect(Set(object.keys) == ["round", "name", "bytes"])
            #expect(object["round"] as? Int == round)
            #expect(object["name"] as? String == object["bytes"] as? String)
            // Six bytes an escaped character at most.
            #expect(line.count <= 2 * 6 * LogLine.longestString + 100)
            #expect(line.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
        }
    }

    /// A table of three columns, as tools read it that know nothing of escapes; and an event.
    @Test(arguments: names.map(\.name)) func `case 40 whatever a name holds, it is one line of a table or an event, and a short one`(name: String) throws {
        let bytes = Self.names.first { $0.name == name }!.bytes
        let text = String(decoding: bytes, as: UTF8.self)
        let schema = LogSchema(
            "names", [.init("round", .count, event: "round"), .init("name", .string, event: "name"), .init("names", .strings, event: "names")], event: "names")
        let encoders: [(any LineEncoder, separators: Int?)] = [
            (TableEncoder(.zeek, schema.columns), 2), (TableEncoder(.csv, schema.columns), nil), (EventEncoder(schema), nil),
        ]
        for (encoder, separators) in encoders {
            var line = LogLine(encoder)
            line.open()
            line.add("round", 1)
            line.add("name", text)
            line.add("names", Array(repeating: text, count: 40))
            line.close()
            var output: [UInt8] = []
            line.append(to: &output)
            if output.last == UInt8(ascii: "\r") { output.removeLast() }
            #expect(output.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 && separators != nil })
            if let separators { #expect(output.count { $0 == 0x09 } == separators) }
            #expect(String(validating: output, as: UTF8.self) != nil)
            // Twelve bytes an escaped character at most; a list one string longer than a field.
            #expect(output.count < LogLine.longestField + 24 * 12 * LogLine.longestString)
            if encoder is EventEncoder {
                let object = try #require(try JSONSerialization.jsonObject(with: Data(output)) as? [String: Any])
                #expect(Set(object.keys) == ["timestamp", "event_type", "names"])
            }
            if text.utf8.count > LogLine.longestString { #expect(String(decoding: output, as: UTF8.self).contains("…")) }
        }
    }
}
