import Foundation
import Packets
import TestSupport
import TestWire
import Testing

@testable import Fovea

@Suite struct `Data of connections` {
    private static let talk = Talk(">S <SA >A >PA400 <PA1400 <PA1400@1401 >A +2 <PA1000@1401 >PA10@1 >PA350 <PA100 >FA <FA")

    @Test func `five tuples come with the first packet`() throws {
        var talk = Talk(">S <SA >PA5")
        talk.vlans = [7]
        talk.client.port = 40001
        talk.say(">S <SA >PA5")
        let lines = try DataLines().lines(of: "five_tuple", talk.packets)
        #expect(lines.map { $0.text("id.orig_h") } == ["10.0.0.1", "10.0.0.1"])
        #expect(lines.map { $0.number("id.orig_p") } == [40000, 40001])
        #expect(lines.map { $0.number("vlan") } == [nil, 7])
        #expect(lines.allSatisfy { $0.text("orig_l2_addr") == "02:00:00:00:00:02" && $0.text("resp_l2_addr") == "02:00:00:00:00:01" && $0.text("proto") == "tcp" })
    }

    @Test func `five tuples of connections that a filter knows at their end come then`() throws {
        let lines = try DataLines().lines(of: "five_tuple", Self.talk.packets, "filter = 'conn.state == \"SF\"'")
        #expect(lines.count == 1 && lines[0]["orig_l2_addr"] == nil)
    }

    @Test func `payload comes as the packets do`() throws {
        var talk = Talk()
        talk.payloads = ["GET /", "200", "GET /"].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA5@1 <PA3 >PA5@1")
        let lines = try DataLines().lines(of: "payload", talk.packets)
        #expect(lines.map { $0.text("data") } == ["GET /", "200", "GET /"])
        #expect(lines.map { $0["is_orig"] as? Bool } == [true, false, true])
    }

    @Test func `payload of a cut frame is what there is of it`() throws {
        let lines = try DataLines().lines(of: "payload", Talk(">PA100 >PA5").packets.map { $0.cut(to: 56) })
        #expect(lines.map { $0.number("len") } == [100, 5])
        #expect(lines.allSatisfy { ($0.text("data")?.unicodeScalars.count ?? 0) <= 2 })
    }

    @Test func `lists of packets have the first, with those before the filter could tell`() throws {
        let data = DataLines()
        let all = try data.lines(of: "packet_list", Self.talk.packets)
        #expect(all.map { $0.numbers("pkt_direction") } == [[0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]])
        #expect(all[0].numbers("pkt_payload") == [0, 0, 0, 400, 1400, 1400, 0, 1000, 10, 350, 100, 0, 0])
        #expect(all[0].numbers("pkt_us")?.prefix(3) == [0, 1000, 2000] && all[0].number("pkts") == 13)
        #expect(all[0].numbers("pkt_flags")?.prefix(4) == [2, 18, 16, 24])
        let late = try data.lines(of: "packet_list", Self.talk.packets, "filter = 'conn.pkts >= 6'\npackets = 'first 8'")
        #expect(late.map { $0.numbers("pkt_payload") } == [[0, 0, 0, 400, 1400, 1400, 0, 1000]])
        #expect(try data.lines(of: "packet_list", Self.talk.packets, "history = { packets = 0 }\nfilter = 'conn.pkts >= 6'")[0].numbers("pkt_payload")?.count == 8)
    }

    @Test func `lists of packets end somewhere`() throws {
        var talk = Talk()
        for _ in 0..<1500 { talk.say(">PA1") }
        let lines = try DataLines().lines(of: "packet_list", talk.packets, "packets = 'all'")
        #expect(lines.map { $0.numbers("pkt_len")?.count } == [1000] && lines[0].number("pkts") == 1500)
    }

    @Test func `histories have a time for each letter`() throws {
        let data = DataLines()
        let lines = try data.lines(of: "connection_history", Talk(">S <SA +1 >A >PA5 <PA5 +1 >PA5@1 >FA <FA").packets)
        #expect(lines.map { $0.text("history") } == ["ShADdTFf"])
        #expect(lines[0].numbers("history_us") == [0, 1000, 1_002_000, 1_003_000, 1_004_000, 2_005_000, 2_006_000, 2_007_000])
        let late = try data.lines(of: "connection_history", Talk(">S <SA >A >PA5 <PA5").packets, "filter = 'conn.pkts >= 3'")
        #expect(late.map { $0.numbers("history_us") } == [[-1, -1, -1, 3000, 4000]])
    }

    @Test func `statistics say how packets came`() throws {
        let lines = try DataLines().lines(of: "connection_statistics", Self.talk.packets)
        let line = try #require(lines.first)
        #expect(lines.count == 1 && line.text("conn_state") == "SF")
        #expect(line.double("max_inactivity") == 2.001 && line.double("second_pkt") == 0.001)
        #expect(line.double("flow_iat_min") == 0.001 && line.double("flow_iat_max") == 2.001)
        // 12 gaps: 11 of a millisecond and one of two seconds more.
        #expect(line.double("flow_iat_mean") == 0.167666 && line.double("flow_iat_std") == 0.57735)
        #expect(line.number("orig_data_pkts") == 3 && line.number("resp_data_pkts") == 4)
        #expect(line.number("resp_rxmit_pkts") == 1 && line.number("resp_rxmit_bytes") == 1000 && line.number("resp_hole_bytes") == 0)
        #expect(line.number("orig_rxmit_pkts") == 1 && line.number("orig_rxmit_bytes") == 10 && line.number("orig_ooo_pkts") == 0)
        #expect(line.number("orig_tcp_flags") == 0x1b && line.number("orig_init_win") == 1024)
        #expect(line.number("resp_len_max") == 1400 && line.double("resp_len_mean") == 650)
    }

    @Test func `statistics of UDP have nothing of TCP`() throws {
        let packets = [Sent(udpFrame(End(1, 5), End(2, 53)), at: start), Sent(udpFrame(End(2, 53), End(1, 5)), at: start + 5_000_000)]
        let lines = try DataLines().lines(of: "connection_statistics", packets)
        #expect(lines.count == 1 && lines[0].double("flow_iat_max") == 0.005 && lines[0]["orig_iat_max"] == nil && lines[0]["orig_ooo_pkts"] == nil)
        #expect(lines[0].number("orig_len_max") == 3)
    }

    /// The retransmissions and losses of a real connection; the oracle counts bytes of streams.
    @Test func `statistics agree with reassembly on real losses`() throws {
        let config = "[offline]\npcap = 'x'\n[conntrack]\nmax_connections = 1000\n[[subscriptions]]\nname = 'connection_statistics'\n[[subscriptions]]\nname = 'stream_hash'\nfilter = 'tcp'"
        let run = try RunFolder().run(config, on: CaptureFolder.own.captures.appending(path: "tcp-loss.pcap").path)
        let lines = try #require(run.results["connection_statistics.jsonl"]).lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:] }
        #expect(lines.contains { $0.number("resp_rxmit_bytes") ?? 0 > 0 || $0.number("resp_ooo_pkts") ?? 0 > 0 })
        for line in lines {
            for side in ["orig", "resp"] {
                #expect(line.number("\(side)_hole_bytes") == line.number("\(side)_missed_bytes"), "\(line)")
                #expect(line.number("\(side)_rxmit_bytes") == line.number("\(side)_retransmitted_bytes"), "\(line)")
            }
        }
    }
}

@Suite struct `Figures of real captures` {
    /// Lines that have been held against tshark's fields, figure by figure: times, sizes, directions and windows. `Tests/Traces/data-types`.
    @Test(arguments: ["tcp-loss", "http"], ["connection_statistics", "features"]) func `are the same as ever`(capture: String, data: String) throws {
        let traces = CaptureFolder.own.captures
        let config = "[offline]\npcap = 'x'\n[conntrack]\nmax_connections = 1000\n[[subscriptions]]\nname = '\(data)'"
        let lines = try RunFolder().run(config, on: traces.appending(path: "\(capture).pcap").path).results["\(data).jsonl"]?.lines
        #expect(lines == (try Data(contentsOf: traces.appending(path: "data-types/\(capture).\(data).jsonl")).lines))
    }
}

@Suite struct `Features` {
    @Test func `are in one line a connection`() throws {
        let talk = Talk(">S <SA >A >PA400 <PA1400 <PA1400 >A +2 <PA1000 >PA350 <PA100 >FA <FA")
        let data = DataLines()
        let lines = try data.lines(of: "features", talk.packets)
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(line.numbers("splt_size") == [400, 1400, 1400, 1000, 350, 100])
        #expect(line.numbers("splt_direction") == [0, 1, 1, 1, 0, 1])
        #expect(line.numbers("splt_gap_us") == [0, 1000, 1000, 2_002_000, 1000, 1000])
        #expect(line.numbers("orig_size_bins") == [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
        #expect(line.numbers("resp_size_bins") == [0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 0, 0, 0, 0, 0])
        #expect(line.number("orig_bursts") == 2 && line.number("resp_bursts") == 3 && line.number("resp_idles") == 1)
        #expect(line.double("resp_idle_max") == 2.002 && line.number("orig_idles") == 1)
        #expect(line.number("windows") == 3 && line.number("down_window_bytes_min") == 0)
        #expect(line.number("chunks") == 2 && line.number("chunk_bytes_max") == 3800 && line.number("chunk_bytes_min") == 100)
        #expect(line.double("chunk_ttfb_max") == 0.001 && line.double("chunk_duration_max") == 2.003)
        #expect(line.double("resp_entropy")! > 7 && line.number("resp_entropy_bytes") == 256)
        let first = try data.lines(of: "features", talk.packets, "packets = 'first 5'")
        #expect(first.map { $0.numbers("splt_size") } == [[400, 1400]])
        #expect(try data.lines(of: "chunk", talk.packets).map { $0.number("bytes") } == [3800, 100])
    }
}

@Suite struct `Data of streams` {
    private static func sequence(_ count: Int, _ direction: Direction) -> Data { Data(Talk.bytes(1..<count + 1, direction)) }

    @Test func `are files of each direction`() throws {
        let data = DataLines()
        let line = try #require(try data.lines(of: "byte_stream", Talk(">S <SA >A >PA10 <PA1400 >PA10@21 >PA10@11 <PA600").packets).first)
        let files = try data.files(of: "byte_stream")
        #expect(files.count == 2)
        #expect(files[line.text("orig_file") ?? ""] == Self.sequence(30, .originator))
        #expect(files[line.text("resp_file") ?? ""] == Self.sequence(2000, .responder))
        #expect(line.text("orig_file") == line.text("uid")! + ".orig" && line.number("orig_file_bytes") == 30)
    }

    @Test func `have zeros where nothing came, and as many bytes as the config says`() throws {
        let data = DataLines()
        let line = try #require(try data.lines(of: "byte_stream", Talk(">S <SA >A >PA10 >PA10@21 >PA10 <FA >FA").packets, "bytes = '25 B'").first)
        let file = try #require(try data.files(of: "byte_stream")[line.text("orig_file") ?? ""])
        #expect(file == Data(Talk.bytes(1..<11)) + Data(repeating: 0, count: 10) + Data(Talk.bytes(21..<26)))
        #expect(line.number("orig_file_bytes") == 15 && line.number("orig_gap_bytes") == 10 && line["resp_file"] == nil)
    }

    @Test func `change their names with the roles`() throws {
        let data = DataLines()
        let line = try #require(try data.lines(of: "byte_stream", Talk("<PA5 >PA6 >S@0 <SA@0 >PA7@7 <PA8@6").packets).first)
        let files = try data.files(of: "byte_stream")
        #expect(files.keys.allSatisfy { $0.hasSuffix(".orig") || $0.hasSuffix(".resp") })
        #expect(line.text("id.orig_h") == "10.0.0.1")
        #expect(files[line.text("orig_file") ?? ""]?.prefix(6) == Self.sequence(6, .originator))
        #expect(files[line.text("resp_file") ?? ""]?.prefix(5) == Self.sequence(5, .responder))
    }

    /// More connections at a time than files may be open.
    @Test func `lie in few open files`() throws {
        var packets: [Sent] = []
        for round in 0..<3 {
            for port in 0..<200 {
                var talk = Talk()
                talk.client.port = UInt16(1000 + port)
                talk.time = start + Int64(round) * second + Int64(port) * 1_000_000
                talk.send(.originator, .ack, place: 1 + 10 * round, ack: 1, Talk.bytes(1 + 10 * round..<11 + 10 * round))
                packets += talk.packets
            }
        }
        let data = DataLines()
        #expect(try data.lines(of: "byte_stream", packets).count == 200)
        let files = try data.files(of: "byte_stream")
        #expect(files.count == 200 && files.values.allSatisfy { $0 == Self.sequence(30, .originator) })
    }

    /// Where their folder would lie is a file.
    @Test func `of which the disk takes nothing are told of`() throws {
        let folder = RunFolder()
        let config = "offline.pcap = 'x'\n[[subscriptions]]\nname = 'byte_stream'"
        let run = try folder.run(config, on: try folder.capture(Talk(">S <SA >PA10").packets)) { _ in
            try? FileManager.default.createDirectory(atPath: folder.path + "/results", withIntermediateDirectories: true)
            _ = FileManager.default.createFile(atPath: folder.path + "/results/byte_stream", contents: nil)
        }
        #expect(run.summary.problems.contains { "\($0)".contains("Not a directory") })
        #expect(run.results["byte_stream.jsonl"]?.lines.first?.contains("\"orig_file_bytes\":0") == true)
    }

    @Test func `have a hash`() throws {
        var talk = Talk()
        talk.payloads = ["ab", "c", "abc"].map { Octets($0.utf8) }
        talk.say(">S <SA >A >PA2 >PA1 <PA3 >FA <FA")
        let data = DataLines()
        let line = try #require(try data.lines(of: "stream_hash", talk.packets).first)
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(line.text("orig_sha256") == abc && line.text("resp_sha256") == abc && line.number("orig_missing_bytes") == 0)
        #expect(try data.lines(of: "stream_hash", Talk(">S <SA >A >FA <FA").packets).isEmpty)
        #expect(try data.lines(of: "stream_hash", Talk(">S <SA >A >PA5 >PA5@16 <FA >FA").packets).map { $0.number("orig_missing_bytes") } == [10])
    }

    @Test func `are asked for by those alone that get streams`() throws {
        let config = try Config(parsing: "offline.pcap = 'x'\n[[subscriptions]]\nname = 'tls'\nbytes = '1 KiB'", path: "x.toml")
        let error = #expect(throws: ConfigError.self) { try RunPlan(config, subscriptions: []) }
        #expect(error?.description == "x.toml:4: bytes: tls gets no stream")
    }
}

@Suite struct `Memory of data types` {
    /// As `DataTypes.md` says: the more of it, the fewer connections fit.
    @Test func `is what is said of it`() {
        #expect(MemoryLayout<FiveTupleData>.stride <= 24 && MemoryLayout<HistoryData>.stride <= 192, "\(MemoryLayout<FiveTupleData>.stride) \(MemoryLayout<HistoryData>.stride)")
        #expect(MemoryLayout<ConnectionPacketData>.stride <= 16 && MemoryLayout<PayloadData>.stride <= 16 && MemoryLayout<StreamData>.stride <= 40)
        #expect(MemoryLayout<ChunkData>.stride <= 144, "\(MemoryLayout<ChunkData>.stride)")
        #expect(MemoryLayout<StatisticsData>.stride <= 736 && MemoryLayout<FeaturesData>.stride <= 1640)
        #expect(MemoryLayout<PacketListData>.stride <= 16, "\(MemoryLayout<PacketListData>.stride)")
        #expect(MemoryLayout<StreamHashData>.stride <= 48, "\(MemoryLayout<StreamHashData>.stride)")
        #expect(MemoryLayout<ByteStreamData>.stride <= 160, "\(MemoryLayout<ByteStreamData>.stride)")
        #expect(MemoryLayout<TLSFeatures>.stride <= 288, "\(MemoryLayout<TLSFeatures>.stride)")
    }
}
