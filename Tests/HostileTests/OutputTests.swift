import Foundation
import Fovea
import Testing
import Tracking

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
        let writer = try JSONLinesWriter(ReportContext(subscription: "names", lcore: 0, outputFolder: folder.path))
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
            #expect(line.count <= 2 * 6 * JSONObject.longestString + 100)
            #expect(line.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
        }
    }
}
