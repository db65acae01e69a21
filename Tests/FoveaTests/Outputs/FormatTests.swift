import Foundation
import Packets
import TestSupport
import TestWire
import Testing
import Tracking

@testable import Fovea

/// What the formats say, held against the same lines as JSON: each data type says it once.
@Suite struct `Formats of results` {
    private static let small = CaptureFolder.own.files + CaptureFolder.shared.files.filter { $0.byteCount < 50_000 }

    private func config(_ format: OutputFormat, _ types: [AnySubscription], _ more: String = "") -> String {
        """
        format = "\(format.rawValue)"
        memory_budget = "16 GiB"
        \(more)
        [offline]
        pcap = "x"
        [conntrack]
        max_connections = 4000
        """ + types.map { "\n[[subscriptions]]\nname = \"\($0.name)\"" }.joined()
    }

    private static func log(_ type: AnySubscription) -> LogSchema? { ((type as Any) as? any LoggedSubscription.Type)?.log }
    private static var logged: [AnySubscription] { DataTypes.all.filter { log($0) != nil } }

    @Test func `every data type says what columns it has`() {
        for type in DataTypes.all { #expect(Self.log(type) != nil, "\(type.name)") }
        for type in Self.logged {
            let names = Self.log(type)!.columns.map { "\($0.name)" }
            #expect(Set(names).count == names.count, "\(type.name)")
        }
    }

    @Test(arguments: small) func `Zeek's logs and CSV say what JSON lines say`(capture: CaptureName) throws {
        let folder = RunFolder()
        let json = try folder.run(config(.jsonl, Self.logged), on: capture.path).results
        let zeekRun = try folder.run(config(.zeek, Self.logged), on: capture.path)
        let zeek = try folder.files()
        let csvRun = try folder.run(config(.csv, Self.logged), on: capture.path)
        let csv = try folder.files()
        // No field that the columns do not have, or not there.
        #expect(zeekRun.summary.problems + csvRun.summary.problems == [])

        for type in Self.logged {
            let schema = Self.log(type)!
            let objects = try #require(json["\(type.name).jsonl"]).objects()
            let log = try ZeekLog(#require(zeek["\(schema.path).log"]))
            let table = try CSVTable(#require(csv["\(type.name).csv"]))
            #expect(log.path == schema.path)
            #expect(log.fields.count == log.types.count)
            #expect(table.rows.first == log.fields)
            #expect(log.rows.count == objects.count)
            #expect(table.rows.count == objects.count + 1)
            // Where no line speaks of a time there is none to say.
            let hasTimes = log.fields.contains("ts") && !objects.isEmpty
            #expect((log.open != nil) == hasTimes && (log.close != nil) == hasTimes)
            for (index, object) in objects.enumerated() where index < log.rows.count && index + 1 < table.rows.count {
                #expect(Set(object.keys).isSubset(of: log.fields))
                #expect(table.rows[index + 1].count == log.fields.count)
                for (column, name) in log.fields.enumerated() {
                    let cell = log.rows[index][column]
                    if !Self.isSame(object[name], cell, log.types[column], log) { Issue.record("\(type.name) \(name): \(cell), not \(object[name] ?? "nothing")") }
                    let value = table.rows[index + 1][column]
                    if !Self.isSame(object[name], value, log.types[column]) { Issue.record("\(type.name) \(name): \(value ?? "nothing"), not \(object[name] ?? "nothing")") }
                }
            }
        }
    }

    private static func isSame(_ value: Any?, _ cell: String, _ type: String, _ log: ZeekLog) -> Bool {
        guard let value else { return cell == log.unset }
        switch (type, value) {
        case ("bool", let value as Bool): return cell == (value ? "T" : "F")
        case (_, let values as [String]): return log.list(cell) == values
        case ("vector[interval]", let values as [Double]): return log.list(cell)?.compactMap { Double($0) } == values
        case (_, let values as [Double]): return log.list(cell)?.compactMap { Double($0) } == values
        case (_, let text as String): return log.text(cell) == text
        case ("time", let number as Double), ("interval", let number as Double): return Double(cell) == number && cell.contains(".")
        case (_, let number as Double): return Double(cell) == number
        default: return false
        }
    }

    private static func isSame(_ value: Any?, _ cell: String?, _ type: String) -> Bool {
        guard let value else { return cell == nil }
        guard let cell else { return false }
        switch (type, value) {
        case ("bool", let value as Bool): return cell == (value ? "true" : "false")
        case (_, let values as [String]):
            return values.isEmpty ? cell.isEmpty : cell.components(separatedBy: ",").map { $0 == "(empty)" ? "" : ZeekLog.plain($0) } == values
        case (_, let values as [Double]): return cell.split(separator: ",").compactMap { Double($0) } == values
        case (_, let text as String): return ZeekLog.plain(cell) == text
        case (_, let number as Double): return Double(cell) == number
        default: return false
        }
    }

    @Test func `Zeek's log begins and ends as Zeek's do`() throws {
        let folder = RunFolder()
        _ = try folder.run(config(.zeek, [TLSData.self]), on: CaptureFolder.own.captures.appending(path: "tls.pcap").path)
        let lines = try #require(folder.files()["ssl.log"]).lines
        #expect(lines.prefix(5) == ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tssl"])
        #expect(lines[5].wholeMatch(of: /#open\t\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d/) != nil)
        #expect(lines[6].hasPrefix("#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tcipher\tcurve\tserver_name\tresumed\tlast_alert\t"))
        #expect(lines[7].hasPrefix("#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tstring\tstring\tstring\tbool\tstring\t"))
        #expect(lines.count == 8 + 11 + 1)
        #expect(lines.last?.wholeMatch(of: /#close\t\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d/) != nil)
        #expect(lines[8].wholeMatch(of: /\d+\.\d{6}\tC[0-9A-Za-z]{17}\t[0-9.:a-f]+\t\d+\t[0-9.:a-f]+\t\d+\tTLSv1[0-3]\t0x[0-9a-f]{4}\t.*/) != nil)
    }

    // MARK: EVE

    @Test(arguments: small) func `EVE says what JSON lines say, in Suricata's names`(capture: CaptureName) throws {
        let folder = RunFolder()
        let json = try folder.run(config(.jsonl, [ConnectionData.self, DNSData.self, TLSData.self]), on: capture.path).results
        let run = try folder.run(config(.eve, [ConnectionData.self, DNSData.self, TLSData.self]), on: capture.path)
        #expect(run.summary.problems == [])
        let files = try folder.files()
        #expect(Set(files.keys) == ["eve.json", "summary.json"])
        let events = Dictionary(grouping: try #require(files["eve.json"]).objects()) { $0["event_type"] as? String ?? "none" }
        for (type, file) in [("flow", "connection"), ("dns", "dns"), ("tls", "tls")] {
            let objects = try #require(json["\(file).jsonl"]).objects()
            #expect(events[type, default: []].count == objects.count)
            for (object, event) in zip(objects, events[type, default: []]) {
                #expect(event["src_ip"] as? String == object["id.orig_h"] as? String)
                #expect(event["dest_ip"] as? String == object["id.resp_h"] as? String)
                #expect(event["flow_id"] as? Int ?? 0 > 0)
                #expect((event["timestamp"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000/) != nil)
                #expect((event["proto"] as? String)?.uppercased() == event["proto"] as? String || event["proto"] as? String == "IPv6-ICMP")
                let detail = try #require(event[type] as? [String: Any])
                switch type {
                case "flow":
                    #expect(detail["pkts_toserver"] as? Int == object["orig_pkts"] as? Int && detail["pkts_toclient"] as? Int == object["resp_pkts"] as? Int)
                    #expect(detail["bytes_toserver"] as? Int == object["orig_frame_bytes"] as? Int)
                    #expect(["new", "established", "closed"].contains(detail["state"] as? String))
                    #expect(["timeout", "forced", "shutdown"].contains(detail["reason"] as? String))
                    #expect(detail["age"] is Int && detail["start"] is String && detail["end"] as? String == event["timestamp"] as? String)
                    #expect(event["community_id"] as? String == object["community_id"] as? String)
                case "dns":
                    #expect(detail["rrname"] as? String == object["query"] as? String && detail["rrtype"] as? String == object["qtype_name"] as? String)
                    #expect(detail["rcode"] as? String == object["rcode_name"] as? String && detail["id"] as? Int == object["trans_id"] as? Int)
                    // Suricata has no empty lists.
                    let answers = detail["answers"] as? [[String: Any]] ?? []
                    #expect(answers.compactMap { $0["rdata"] as? String } == object["answers"] as? [String] ?? [])
                    #expect(answers.compactMap { $0["ttl"] as? Int } == object["TTLs"] as? [Int] ?? [])
                    #expect(detail["type"] as? String == (object["rcode"] == nil ? "query" : "answer"))
                default:
                    #expect(detail["sni"] as? String == object["server_name"] as? String)
                    #expect((detail["version"] == nil) == (object["version"] == nil))
                }
            }
        }
        // What one connection says has one number.
        for (flow, others) in [("flow", "tls"), ("flow", "dns")] {
            let known = Set(events[flow, default: []].compactMap { $0["flow_id"] as? Int })
            #expect(known.isSuperset(of: events[others, default: []].compactMap { $0["flow_id"] as? Int }))
        }
    }

    @Test func `an event reads as Suricata's do`() throws {
        let encoder = EventEncoder(.tls)
        var line = LogLine(encoder)
        line.open()
        line.add("ts", Timestamp(nanoseconds: 1_767_322_985_123_456_789))
        line.add("uid", "CHhAvVGS1DHFjwGM9")
        line.add("id.orig_h", IPAddress(ipv4: 0x0a00_0001))
        line.add("id.orig_p", 1234)
        line.add("id.resp_h", IPAddress(ipv4: 0x0a00_0002))
        line.add("id.resp_p", 443)
        line.add("version", "TLSv12")
        line.add("server_name", "a\"\u{202e}b")
        line.add("next_protocol", "h2")
        line.add("established", true)
        line.add("subscription", "mine")
        line.close()
        let expected = #"{"timestamp":"2026-01-02T03:03:05.123456+0000","flow_id":FLOW,"event_type":"tls","src_ip":"10.0.0.1","src_port":1234,"dest_ip":"10.0.0.2","dest_port":443,"proto":"TCP","tls":{"version":"TLS 1.2","sni":"a\"\u202eb","server_alpns":["h2"]},"subscription":"mine"}"#
        let text = line.text
        #expect(text.replacing(/"flow_id":\d+/, with: "\"flow_id\":FLOW") == expected)
    }

    @Test func `names of an object in an object stand in one`() throws {
        let schema = LogSchema(
            "x", [.init("a", .string, event: "ja3.hash"), .init("b", .string, event: "ja3.string"), .init("c", .string, event: "c")], event: "x")
        var line = LogLine(EventEncoder(schema))
        line.open()
        line.add("a", "1")
        line.add("b", "2")
        line.add("c", "3")
        line.close()
        #expect(line.text.hasSuffix(#""x":{"ja3":{"hash":"1","string":"2"},"c":"3"}}"#))
    }

    @Test(arguments: [("TLSv10", "TLSv1"), ("TLSv11", "TLS 1.1"), ("TLSv13", "TLS 1.3"), ("SSLv3", "SSLv3"), ("TLSv13-draft28", "TLS 1.3 draft-28")])
    func `versions are called as Suricata calls them`(zeek: String, suricata: String) {
        var line = LogLine(EventEncoder(.tls))
        line.open()
        line.add("version", zeek)
        line.close()
        #expect(line.text.contains(#""version":"\#(suricata)""#))
    }

    // MARK: Columns

    @Test func `what is not in the columns, or not there, is left out and told`() throws {
        let folder = RunFolder()
        struct Odd: PacketSubscription, LoggedSubscription {
            typealias Report = LogWriter
            static let name = "odd"
            static let log = LogSchema("odd", [.init("a", .count), .init("b", .count)])
            static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }
            static func packet(_ packet: Packet, _ frame: RawSpan, _ output: inout LogWriter) {
                output.write { line in
                    line.add("b", 1)
                    line.add("a", 2)
                }
            }
        }
        let text = "format = \"csv\"\n[offline]\npcap = \"x\""
        let run = try folder.run(text, on: try folder.capture([Sent(udpFrame(End(1, 1), End(2, 2)), at: start)]), subscriptions: [Odd.self])
        #expect(run.summary.problems == ["odd: a was left out of 1 lines: its schema does not have it there"])
        #expect(try folder.files()["odd.csv"] == Data("a,b\r\n,1\r\n".utf8))
    }

    @Test func `subscriptions that share a table are told apart in a column`() throws {
        let folder = RunFolder()
        let text = """
            format = "zeek"
            [offline]
            pcap = "x"
            [[subscriptions]]
            name = "connection"
            [[subscriptions]]
            name = "mine"
            data = "connection"
            output = "conn.log"
            """
        let run = try folder.run(text, on: try folder.capture([Sent(udpFrame(End(1, 1), End(2, 2)), at: start)]))
        #expect(run.summary.problems == [])
        let log = try ZeekLog(#require(folder.files()["conn.log"]))
        #expect(log.fields.last == "subscription")
        #expect(log.rows.map { $0.last } == ["-", "mine"])
    }
}
