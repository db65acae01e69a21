import Filters
import Foundation
import Packets
import TestWire
import Testing
import Tracking

/// Runs what the language's reference shows: every line of its `filter` boxes, with what the line's comment says of it.
@Suite struct `Filter reference` {
    /// A line such as `tcp # yes: web, no: dns, arp` or `tcp == 1 # error: tcp is …`.
    struct Line: Sendable, CustomTestStringConvertible {
        var text: String
        var error: String?
        var verdicts: [(sample: String, isWanted: Bool)] = []
        var testDescription: String { text }

        init(_ line: Substring) {
            text = String(line)
            guard let comment = line.lastRange(of: "# ") else { return }
            let remark = line[comment.upperBound...]
            if remark.hasPrefix("error: ") {
                error = String(remark.dropFirst("error: ".count))
                return
            }
            var isWanted: Bool?
            for word in remark.split(whereSeparator: { $0 == " " || $0 == "," }) {
                switch word {
                case "yes:": isWanted = true
                case "no:": isWanted = false
                default: if let isWanted { verdicts.append((String(word), isWanted)) }
                }
            }
        }
    }

    static let lines: [Line] = {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Fovea/Fovea.docc/FilterLanguage.md")
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        let boxes = text.split(separator: "```filter\n").dropFirst().map { $0.prefix(upTo: $0.firstRange(of: "```")?.lowerBound ?? $0.endIndex) }
        return boxes.flatMap { $0.split(separator: "\n") }.map(Line.init)
    }()

    static let lists: FilterLists = {
        var lists = FilterLists()
        lists.add("scanners", values: ["192.0.2.0/24", "198.51.100.7"], origin: "fovea.toml")
        lists.add("names", file: "names.txt", text: Array("# hosts\nwww.example.org\nexample.net # theirs\n".utf8))
        lists.add("ports", values: ["443", "8000..8999"])
        return lists
    }()

    /// What the page's table describes.
    private final class Sample {
        let memory: FrameMemory
        let service: Service
        let connection: [String: FieldValue]
        let sessions: [[String: [FieldValue]]]

        init(_ frames: [Octets], service: Service = .none, connection: [String: FieldValue] = [:], sessions: [[String: [FieldValue]]] = []) {
            memory = FrameMemory(frames.map { Sent($0, at: start) })
            self.service = service
            self.connection = connection
            self.sessions = sessions
        }

        func isWanted(by filter: Filter) -> Bool {
            let packets = memory.frames.map { frame in
                var knowledge = NaiveFilter.Knowledge(frame)
                knowledge.senderIsSource = Packet(frame).source != IPAddress("192.0.2.1")
                knowledge.service = service
                knowledge.connection = { [connection] in connection[$0.name].map { [$0] } ?? [] }
                return knowledge
            }
            return NaiveFilter(filter).matches(packets, sessions: sessions.map { session in { session[$0.name] ?? [] } })
        }
    }

    private let samples: [String: Sample] = {
        func segment(_ from: (UInt32, UInt16), _ to: (UInt32, UInt16), _ flags: TCPFlags, _ payload: Octets = []) -> Octets {
            ethernet(0x0800, ipv4(6, from: from.0, to: to.0, tcpHeader(from.1, to.1, sequence: 1, acknowledgment: 2, flags: flags) + payload))
        }
        let client: (UInt32, UInt16) = (0x0a00_0001, 40000), server: (UInt32, UInt16) = (0xc000_0201, 443)
        return [
            "web": Sample(
                [segment(client, server, .syn), segment(server, client, [.syn, .ack]), segment(client, server, [.ack, .psh], [0x16, 3, 1, 0, 1])],
                service: .tls,
                connection: ["conn.bytes": .integer(5000), "conn.pkts": .integer(20), "conn.duration": .integer(2_000_000_000), "conn.state": .string("SF")],
                sessions: [
                    [
                        "tls.sni": [.string("www.example.org")], "tls.version": [.integer(0x303)],
                        "tls.alpn.offered": [.string("h2"), .string("http/1.1")],
                    ]
                ]),
            "dns": Sample(
                [ethernet(0x86dd, vlans: [7], ipv6(17, from: 1, to: 2, udp(5353, 53)))],
                connection: ["conn.bytes": .integer(3), "conn.pkts": .integer(1), "conn.state": .string("S0")]),
            "arp": Sample([ethernet(0x0806, Octets(repeating: 0, count: 28))]),
        ]
    }()

    @Test(arguments: lines) func `is right in every line`(line: Line) throws {
        if let expected = line.error {
            let error = #expect(throws: FilterError.self) { try Filter(parsing: line.text, lists: Self.lists) }
            #expect(error.map { $0.message + ($0.suggestion.map { "; did you mean \($0)?" } ?? "") } == expected)
            return
        }
        let filter = try Filter(parsing: line.text, lists: Self.lists)
        for (name, isWanted) in line.verdicts {
            let sample = try #require(samples[name], "no sample is called \(name)")
            #expect(sample.isWanted(by: filter) == isWanted, "\(name)")
        }
    }

    @Test func `has lines of all three kinds`() {
        #expect(Self.lines.count > 60)
        #expect(Self.lines.filter { $0.error != nil }.count > 10)
        #expect(Self.lines.filter { !$0.verdicts.isEmpty }.count > 40)
    }

    @Test func `shows an error as it is printed`() throws {
        let error = #expect(throws: FilterError.self) { try Filter(parsing: "tcp and tls.sin == \"example.org\"") }
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Fovea/Fovea.docc/FilterLanguage.md")
        #expect(try String(contentsOf: page, encoding: .utf8).contains("```\n\(error?.description ?? "")\n```"))
    }
}

extension Substring {
    fileprivate func lastRange(of part: String) -> Range<Index>? { ranges(of: part).last }
}
