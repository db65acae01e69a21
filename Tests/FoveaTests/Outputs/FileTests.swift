import Foundation
import Packets
import TestSupport
import TestWire
import Testing
import Tracking

@testable import Fovea

/// How results become files.
@Suite struct `Files of results` {
    private func config(_ more: String) -> String {
        """
        \(more)
        [offline]
        pcap = "x"
        [[subscriptions]]
        name = "packet"
        """
    }

    /// Datagrams from ports 1, 2, …, so many milliseconds apart.
    private func packets(_ count: Int, apart milliseconds: Int64 = 10) -> [Sent] {
        (0..<count).map { Sent(udpFrame(End(1, UInt16(1 + $0 % 60_000)), End(2, 53)), at: start + Int64($0) * milliseconds * 1_000_000) }
    }

    /// Without the summary.
    private func files(_ folder: RunFolder) throws -> [String: Data] { try folder.files().filter { $0.key != "summary.json" } }

    // MARK: Rotation

    @Test func `a file has an interval's packets, and is called as it begins`() throws {
        let folder = RunFolder()
        let capture = try folder.capture(packets(100, apart: 500))
        let whole = try #require(folder.run(config(""), on: capture).results["packet.jsonl"])
        _ = try folder.run(config("rotate_interval = \"10 s\""), on: capture)
        let parts = try files(folder).sorted { $0.key < $1.key }
        #expect(parts.count == 5 || parts.count == 6)
        #expect(parts.reduce(Data()) { $0 + $1.value } == whole)
        for (name, data) in parts {
            let text = try #require(name.wholeMatch(of: /packet\.(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)\.jsonl/)).1
            #expect(text.hasSuffix("0"))
            let times = try data.objects().compactMap { $0["ts"] as? Double }
            let begin = floor(times[0] / 10) * 10
            #expect(times.allSatisfy { $0 >= begin && $0 < begin + 10 })
            #expect(CivilTime(Timestamp(nanoseconds: Int64(begin) * 1_000_000_000)).fileText == text)
        }
    }

    @Test(arguments: [4096, 10_000, 100_000]) func `a file is no larger than was said, and no line is cut`(size: Int) throws {
        let folder = RunFolder()
        let capture = try folder.capture(packets(2000, apart: 1))
        let whole = try #require(folder.run(config(""), on: capture).results["packet.jsonl"])
        _ = try folder.run(config("rotate_size = \(size)"), on: capture)
        let parts = try files(folder)
        #expect(parts.count >= whole.count / size)
        #expect(parts.values.allSatisfy { $0.count <= size && $0.last == UInt8(ascii: "\n") })
        #expect(parts.values.reduce(0) { $0 + $1.count } == whole.count)
        // Those of one second are numbered.
        #expect(parts.keys.contains { $0.wholeMatch(of: /packet\.[-\d]{19}-1\.jsonl/) != nil })
    }

    @Test func `each of Zeek's files has head and foot`() throws {
        let folder = RunFolder()
        _ = try folder.run(config("format = \"zeek\"\nrotate_size = \"8 KiB\""), on: try folder.capture(packets(500)))
        let logs = try files(folder).values.map { try ZeekLog($0) }
        #expect(logs.count > 3)
        #expect(logs.allSatisfy { $0.path == "packet" && $0.open != nil && $0.close != nil && !$0.rows.isEmpty })
        #expect(logs.reduce(0) { $0 + $1.rows.count } == 500)
    }

    @Test func `where nothing is written there is no file when it rotates, and an empty one when not`() throws {
        let folder = RunFolder()
        let nothing = "filter = \"tcp\"\n"
        _ = try folder.run(config(nothing + "rotate_interval = \"1 h\""), on: try folder.capture(packets(3)))
        #expect(try files(folder).isEmpty)
        _ = try folder.run(config(nothing), on: try folder.capture(packets(3)))
        #expect(try files(folder) == ["packet.jsonl": Data()])
        for (compress, program) in [("gzip", "gzip"), ("zstd", "zstd")] {
            _ = try folder.run(config(nothing + "compress = \"\(compress)\""), on: try folder.capture(packets(3)))
            #expect(try #require(files(folder).values.first).piped(through: program, "-dc") == Data())
        }
        _ = try folder.run(config(nothing + "format = \"zeek\""), on: try folder.capture(packets(3)))
        #expect(try ZeekLog(#require(files(folder)["packet.log"])).fields.first == "ts")
    }

    @Test(arguments: ["gzip", "zstd", "none"]) func `which files there are and what is in them depends on packets alone`(compress: String) throws {
        let text = """
            rotate_size = "64 KiB"
            rotate_interval = "1 m"
            \(compress == "none" ? "" : "compress = \"\(compress)\"")
            memory_budget = "16 GiB"
            [offline]
            pcap = "x"
            [conntrack]
            max_connections = 10_000
            [[subscriptions]]
            name = "packet"
            output = "all"
            [[subscriptions]]
            name = "connection"
            output = "all"
            """
        let folder = RunFolder()
        let capture = try folder.capture(packets(6000, apart: 40))
        _ = try folder.run(text, on: capture)
        let expected = try files(folder)
        #expect(expected.count > 8)
        for (workers, burst, block) in [(1, 1, 777), (2, 64, 4096), (4, 7, 256 << 10)] {
            _ = try folder.run(text, on: capture, workers: workers) { $0.reading = .init(burst: burst, block: block) }
            #expect(try files(folder) == expected)
        }
    }

    // MARK: Compression

    @Test(arguments: [("gzip", "gz"), ("zstd", "zst")]) func `a compressed file is what another program makes the lines of again`(compress: String, suffix: String) throws {
        let folder = RunFolder()
        // More than a block.
        let capture = try folder.capture(packets(10_000))
        let whole = try #require(folder.run(config(""), on: capture).results["packet.jsonl"])
        #expect(whole.count > 1 << 20)
        let run = try folder.run(config("compress = \"\(compress)\""), on: capture)
        let file = try #require(files(folder)["packet.jsonl.\(suffix)"])
        #expect(file.count < whole.count / 5)
        #expect(try file.piped(through: compress, "-dc") == whole)
        #expect(run.summary.outputs.map(\.written) == [10_000])
    }

    // MARK: Whole files, and others

    @Test func `until it is whole a file is called something else`() throws {
        let folder = RunFolder()
        let path = folder.path + "/names.jsonl"
        try Data("before".utf8).write(to: URL(filePath: path))
        let place = try OutputPlace(path, OutputLayout(), .init(label: "test")) { true }
        let counts = LineCounts()
        let piece = OutputPiece()
        piece.bytes = Array("{}\n".utf8)
        piece.count(1, counts)
        place.take(piece)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try String(contentsOfFile: path + ".partial", encoding: .utf8) == "{}\n")
        place.close()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "{}\n")
        #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
        #expect(counts.written == 1)
    }

    @Test func `a link is written through, and stays`() throws {
        let folder = RunFolder()
        let (target, link) = (folder.path + "/target", folder.path + "/link")
        try Data("what a run before has left".utf8).write(to: URL(filePath: target))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        let run = try folder.run(config("") + "\noutput = \"\(link)\"", on: try folder.capture(packets(3)))
        #expect(run.summary.problems == [])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
        #expect(try Data(contentsOf: URL(filePath: target)).lines.count == 3)
    }

    @Test func `what a run before has left under the name is gone, also where files rotate`() throws {
        let folder = RunFolder()
        let capture = try folder.capture(packets(3))
        let path = folder.path + "/packet.jsonl"
        for rotation in ["", "\nrotate_size = 4096"] {
            try Data("before".utf8).write(to: URL(filePath: path))
            _ = try folder.run(config("") + "\noutput = \"\(path)\"" + rotation, on: capture)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("packet") }
            #expect(names.count == 1 && (names == ["packet.jsonl"]) == rotation.isEmpty)
            #expect(try Data(contentsOf: URL(filePath: "\(folder.path)/\(names[0])")).lines.count == 3)
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(names[0])")
        }
    }

    @Test func `a run that does not begin leaves no file behind`() throws {
        struct Refusing: PacketSubscription {
            struct Reason: Error {}
            static func makeReport(_ context: ReportContext) throws -> NoReport { throw Reason() }
            static func packet(_ packet: Packet, _ frame: RawSpan, _ report: inout NoReport) {}
        }
        let folder = RunFolder()
        let text = config("") + "\n[[subscriptions]]\nname = \"refusing\""
        let capture = try folder.capture(packets(3))
        #expect(throws: Refusing.Reason.self) { try folder.run(text, on: capture, subscriptions: [Refusing.self]) }
        #expect(try folder.files().isEmpty)
    }

    @Test(arguments: ["jsonl", "zeek", "csv"], ["", "gzip", "zstd"])
    func `case 44 a full disk is told once, every line is counted, and nothing waits for it`(format: String, compress: String) throws {
        let folder = RunFolder()
        let text = config("format = \"\(format)\"\noutput_buffer = \"1 MiB\"\n" + (compress.isEmpty ? "" : "compress = \"\(compress)\"\n")) + "\noutput = \"/dev/full\""
        let run = try folder.run(text, on: try folder.capture(packets(20_000)))
        #expect(run.summary.problems == ["packet: /dev/full: No space left on device; 20,000 lines not written"])
        #expect(run.summary.exitStatus == .failure)
        #expect(run.summary.outputs == [OutputSummary(subscription: "packet", path: "/dev/full", written: 0, refused: 20_000, dropped: 0)])
        #expect(run.summary.counters.packets == 20_000)
    }

    @Test func `case 44 a pipe whose reader goes away is told once, and a slow one is waited for`() throws {
        let folder = RunFolder()
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        let capture = try folder.capture(packets(20_000))
        let text = config("output_buffer = \"1 MiB\"") + "\noutput = \"\(pipe)\""
        let reader = Thread { [pipe] in
            let file = open(pipe, O_RDONLY)
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            for _ in 0..<8 {
                usleep(50_000)
                _ = read(file, &bytes, bytes.count)
            }
            close(file)
        }
        reader.start()
        let summary = try folder.run(text, on: capture).summary
        let output = try #require(summary.outputs.first)
        #expect(summary.problems.count == 1 && summary.problems[0].hasSuffix("lines not written") && summary.problems[0].contains("Broken pipe"))
        #expect(output.written > 100 && output.refused > 10_000 && output.dropped == 0)
        #expect(output.written + output.refused == 20_000)
    }

    // MARK: What a config can ask for

    @Test(arguments: [
        ("format = \"xml\"", #"test.toml:1: format: expected "jsonl" or "zeek" or "eve" or "csv", found "xml""#),
        ("compress = \"bzip2\"", #"test.toml:1: compress: expected "gzip" or "zstd", found "bzip2""#),
        ("rotate_interval = \"10 packets\"", #"test.toml:1: rotate_interval: expected a time from "1 s" to "366 d", such as "1 h", found "10 packets""#),
        ("rotate_size = 3", #"test.toml:1: rotate_size: expected bytes, an integer in 4096...1099511627776 or a string such as "64 MiB", found 3"#),
        ("output_buffer = \"1 B\"", #"test.toml:1: output_buffer: expected bytes, an integer in 1048576...1099511627776 or a string such as "64 MiB", found "1 B""#),
        ("format = \"eve\"", #"test.toml:1: format: "eve" has no event for what packet gives"#),
    ])
    func `says what is wrong, and where`(line: String, message: String) throws {
        let folder = RunFolder()
        let capture = try folder.capture(packets(1))
        let error = #expect(throws: ConfigError.self) { try folder.run(config(line), on: capture) }
        #expect(error?.description == message)
    }

    @Test func `files that are asked to be two things are refused`() throws {
        func error(_ first: String, _ second: String, _ global: String = "output = \"out\"") -> String? {
            let text = "\(global)\n[offline]\npcap = \"x\"\n[[subscriptions]]\nname = \"packet\"\n\(first)\n[[subscriptions]]\nname = \"connection\"\n\(second)\n"
            do {
                _ = try RunPlan(Config(parsing: text, path: "t"), subscriptions: [])
                return nil
            } catch { return "\(error)" }
        }
        #expect(error("output = \"a\"", "output = \"a\"\nformat = \"csv\"") == "t:9: output: connection and packet write to out/a, and ask for different files")
        #expect(
            error("format = \"csv\"\noutput = \"a\"", "format = \"csv\"\noutput = \"a\"")
                == #"t:11: output: connection and packet write to out/a, and have different columns, of which "csv" has one set a file; give them outputs"#)
        #expect(
            error("", "", "format = \"zeek\"")
                == #"t:8: output: connection and packet write to standard output, and have different columns, of which "zeek" has one set a file; give them a folder or outputs"#)
        #expect(error("", "", "rotate_size = 4096") == "t:1: rotate_size: packet writes to standard output, which is one; give it an output")
        #expect(error("", "rotate_interval = \"1 h\"", "") == "t:9: rotate_interval: connection writes to standard output, which is one; give it an output")
    }

    @Test func `files are called as their format calls them`() throws {
        func files(_ global: String) throws -> [String?] {
            let text = "output = \"out\"\n\(global)\n[offline]\npcap = \"x\"\n" + ["connection", "tls", "mine\"\ndata = \"dns"].map { "[[subscriptions]]\nname = \"\($0)\"\n" }.joined()
            return try RunPlan(Config(parsing: text, path: "t"), subscriptions: []).entries.map(\.outputFile)
        }
        #expect(try files("") == ["out/connection.jsonl", "out/tls.jsonl", "out/mine.jsonl"])
        #expect(try files("format = \"zeek\"") == ["out/conn.log", "out/ssl.log", "out/mine.log"])
        #expect(try files("format = \"eve\"\ncompress = \"zstd\"") == ["out/eve.json.zst", "out/eve.json.zst", "out/eve.json.zst"])
        #expect(try files("format = \"csv\"\ncompress = \"gzip\"") == ["out/connection.csv.gz", "out/tls.csv.gz", "out/mine.csv.gz"])
    }
}
