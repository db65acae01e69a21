import Foundation
import Testing

@testable import Fovea

@Suite final class `JSON lines writer` {
    private let folder = NSTemporaryDirectory() + "fovea-test-\(UUID().uuidString)"

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func writer(_ lcore: Int) throws -> LogWriter {
        try LogWriter(ReportContext(subscription: "names", lcore: lcore, outputFolder: folder))
    }

    private func lines() throws -> [Substring] {
        try String(contentsOfFile: folder + "/names.jsonl", encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test func `cores append whole lines to one file`() throws {
        try OutputFolder.prepare(folder, files: [folder + "/names.jsonl"])
        let first = try writer(1), second = try writer(2)
        for number in 0..<5000 {
            first.write { $0.add("first", number) }
            second.write { $0.add("second", String(repeating: "x", count: number % 100)) }
        }
        first.merge(second)
        try first.finish()
        let lines = try lines()
        #expect(lines.count == 10_001)
        #expect(lines.last == "")
        #expect(lines.dropLast().allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
        #expect(first.written == 10_000)
    }

    @Test func `a run begins with empty files`() throws {
        for number in 0..<2 {
            try OutputFolder.prepare(folder + "/", files: [folder + "/names.jsonl"])
            let writer = try self.writer(1)
            writer.write { $0.add("run", number) }
            try writer.finish()
        }
        #expect(try lines() == [#"{"run":1}"#, ""])
    }

    @Test func `tells what the disk refused`() throws {
        try OutputFolder.prepare(folder, files: [])
        try FileManager.default.createSymbolicLink(atPath: folder + "/names.jsonl", withDestinationPath: "/dev/full")
        let writer = try self.writer(1), other = try self.writer(2)
        for number in 0..<20_000 { writer.write { $0.add("number", number) } }
        other.write { $0.add("number", 0) }
        writer.merge(other)
        let error = #expect(throws: OutputError.self) { try writer.finish() }
        #expect(error?.description == "\(folder)/names.jsonl: No space left on device; 20,001 lines not written")
        #expect(writer.written == 0)
    }

    @Test func `says whose a line is where others write, too`() throws {
        try OutputFolder.prepare(folder, files: [])
        var context = ReportContext(subscription: "names", lcore: 1, outputFolder: folder)
        context.label = "names of \"ours\""
        let writer = try LogWriter(context)
        writer.write { $0.add("number", 1) }
        try writer.finish()
        #expect(try lines() == [#"{"number":1,"subscription":"names of \"ours\""}"#, ""])
    }

    @Test func `says which folder cannot be made`() throws {
        let error = #expect(throws: OutputError.self) { try OutputFolder.prepare("/dev/null/results", files: []) }
        #expect(error?.description == "/dev/null/results: Not a directory")
    }
}
