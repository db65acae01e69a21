import Foundation
import Packets
import TestWire
import Testing

@testable import Fovea

/// Hostile case 40, from the wire to the file: what strangers put into names, heads, texts and banners, as long as protocols let them, in every format.
@Suite struct `Hostile sessions in outputs` {
    private static let types = ["tls", "http", "dns", "ssh", "smtp", "redis", "postgresql"]

    private static func vector16(_ content: Octets) -> Octets { big(UInt16(content.count)) + content }

    /// A hello whose server's name is so, in records as they must be cut.
    private static func hello(_ name: Octets) -> Octets {
        let extensions = big(0 as UInt16) + vector16(vector16([0] + vector16(name)))
        let body: Octets = [3, 3] + Octets(0..<32) + [0, 0, 2, 0x13, 1, 1, 0] + vector16(extensions)
        let message: Octets = [1] + big(UInt32(body.count)).dropFirst() + body
        return stride(from: 0, to: message.count, by: 16_000).flatMap { place -> Octets in
            [22, 3, 1] + vector16(Octets(message[place..<min(place + 16_000, message.count)]))
        }
    }

    /// An answer whose TXT record fills a message over TCP.
    private static func text(_ text: Octets) -> Octets {
        let question: Octets = [3] + Octets("www".utf8) + [0, 0, 16, 0, 1]
        let strings = stride(from: 0, to: text.count, by: 255).flatMap { place -> Octets in
            let string = text[place..<min(place + 255, text.count)]
            return [UInt8(string.count)] + string
        }
        let message: Octets = [0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + question + [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9] + vector16(strings)
        return vector16(message)
    }

    /// What both sides say, the client first, with something hostile in it.
    private static func conversations(_ evil: Octets) -> [(client: Octets, server: Octets)] {
        func ascii(_ text: String) -> Octets { Octets(text.utf8) }
        let short = Octets(evil.prefix(200)), query = [0x51] + big(UInt32(evil.count + 5)) + evil + [0]
        return [
            (hello(evil), []),
            (
                ascii("GET /") + short + ascii(" HTTP/1.1\r\nHost: ") + short + ascii("\r\nUser-Agent: ") + evil + ascii("\r\n\r\n"),
                ascii("HTTP/1.1 200 ") + short + ascii("\r\nContent-Length: 0\r\n\r\n")
            ),
            (ascii("\0\u{15}") + [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + [3] + ascii("www") + [0, 0, 16, 0, 1], text(evil)),
            (ascii("SSH-2.0-") + short + ascii("\r\n"), ascii("SSH-2.0-") + short + ascii("\r\n")),
            (
                ascii("EHLO ") + short + ascii("\r\nMAIL FROM:<") + short + ascii(">\r\nRCPT TO:<a@b>\r\nDATA\r\nSubject: ") + evil + ascii("\r\n\r\n.\r\n"),
                ascii("220 mx ESMTP\r\n250 mx\r\n250 a\r\n250 b\r\n354 c\r\n250 ") + short + ascii("\r\n")
            ),
            (ascii("*3\r\n$3\r\nSET\r\n$\(evil.count)\r\n") + evil + ascii("\r\n$1\r\nx\r\n"), ascii("-ERR ") + short + ascii("\r\n")),
            (
                big(UInt32(27 + short.count)) + [0, 3, 0, 0] + ascii("user\0me\0database\0").dropLast(1) + [0] + short.map { max($0, 1) } + [0, 0] + query,
                [0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]
            ),
        ]
    }

    private static let evils: [(name: String, bytes: Octets)] = [
        // What ends lines would end the text protocols' own.
        ("control characters", Octets((1..<32).filter { $0 != 10 && $0 != 13 }) + [0x7f]),
        ("what is not UTF-8", [0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf5, 0xf0, 0x9f]), ("halves of characters", [0xe2]),
        ("quotes, commas and tabs", Octets("\",\"\t\\x09\\\"}{\"ts\":1,".utf8)),
        ("text that runs from right to left", Octets("\u{202e}\u{2066}a".utf8)),
    ]

    @Test(arguments: evils.map(\.name), [OutputFormat.jsonl, .zeek, .csv, .eve])
    func `40 are lines, whole, escaped and short`(name: String, format: OutputFormat) throws {
        let evil = Self.evils.first { $0.name == name }!.bytes
        // As long as a name, a line of a head or a text may be.
        let long = Octets((0..<60_000 / evil.count).map { _ in evil }.joined())
        var packets: [Sent] = []
        for (number, says) in Self.conversations(long).enumerated() {
            var talk = Talk()
            talk.client.port += UInt16(number)
            talk.server.port = 4000
            talk.payloads = [says.client, says.server].filter { !$0.isEmpty }
            // The mail server speaks first, and all that it says at once.
            if number == 4 { talk.payloads = [Octets(says.server.prefix(14)), says.client, Octets(says.server.dropFirst(14))] }
            talk.say(">S <SA >A \(number == 4 ? "<PA1" : "") >PA1 \(says.server.isEmpty ? "" : "<PA1") >FA <FA >A")
            packets += talk.packets
        }
        // EVE has no events of databases.
        let types = format == .eve ? Array(Self.types.dropLast(2)) : Self.types
        let folder = RunFolder()
        let config = "format = \"\(format.rawValue)\"\n[offline]\npcap = \"x\"\n[conntrack]\nmax_connections = 1000"
            + types.map { "\n[[subscriptions]]\nname = \"\($0)\"" }.joined()
        let run = try folder.run(config, on: try folder.capture(packets))
        #expect(run.summary.problems.isEmpty)
        let results = URL(filePath: folder.path + "/results")
        var found = 0
        for file in try FileManager.default.contentsOfDirectory(at: results, includingPropertiesForKeys: nil) where file.lastPathComponent != "summary.json" {
            let data = try Data(contentsOf: file)
            let lines = data.split(separator: UInt8(ascii: "\n"))
            found += lines.count { $0.first != UInt8(ascii: "#") }
            for line in lines {
                let line = line.last == 13 && format == .csv ? line.dropLast() : line
                #expect(line.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 9 && format == .zeek }, "\(file.lastPathComponent)")
                #expect(String(validating: line, as: UTF8.self) != nil, "\(file.lastPathComponent)")
                // Strings of 4096 bytes, of which each may take twelve, and a list of 64 KiB.
                #expect(line.count < 300_000, "\(file.lastPathComponent): \(line.count)")
                if format == .jsonl || format == .eve { #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line)) } }
            }
        }
        #expect(found >= types.count)
    }
}
