import Capture
import Filters
import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Capture files cut off anywhere: what lies before the cut is read and accounted for, and that is all that happens.
@Suite struct `Capture files cut short` {
    @Test(.timeLimit(.minutes(2)), arguments: CaptureFolder.own.files)
    func `our own, cut at every byte`(_ capture: CaptureName) throws {
        try expectPrefixes(of: capture)
    }

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `the shared ones, cut at every byte or at many`(_ capture: CaptureName) throws {
        try expectPrefixes(of: capture)
    }

    /// Up to 20 KB every byte; beyond that the first 2 KB, the last ones, and some seeded places: 200, fewer in large files.
    private func cuts(of byteCount: Int) -> [Int] {
        guard byteCount > 20_480 else { return Array((0..<byteCount).reversed()) }
        var random = SeededGenerator(seed: UInt64(byteCount))
        let places = (0..<min(200, max(10, 20_000_000 / byteCount))).map { _ in Int.random(in: 2048..<byteCount, using: &random) }
        return Set(places + Array(0..<2048) + Array(byteCount - 64..<byteCount)).sorted(by: >)
    }

    private func expectPrefixes(of capture: CaptureName) throws {
        let whole = try Recording(capture)
        let file = try TemporaryFile(copyOf: capture.path)
        let hostile = try HostilePipeline()
        var previous = whole.records.count
        for cut in cuts(of: capture.byteCount) {
            file.cut(to: cut)
            let count = file.framesBeforeTheCut(from: whole)
            guard let count else {
                Issue.record("cut to \(cut) bytes: other frames than before")
                return
            }
            // Cuts get ever shorter, and what can be read of them does, too.
            if count > previous {
                Issue.record("cut to \(cut) bytes: \(count) frames after \(previous)")
                return
            }
            // A cut within a record changes nothing for the pipeline.
            if count < previous { hostile.take(whole, first: count) }
            previous = count
        }
        #expect(previous == 0)
        #expect(hostile.isBalanced, "\(hostile)")
    }
}

/// A copy of a capture that is cut shorter and shorter; removed with the value.
private struct TemporaryFile: ~Copyable {
    let path: String

    init(copyOf original: String) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "fovea-\(UUID().uuidString)").path
        try FileManager.default.copyItem(atPath: original, toPath: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    deinit { unlink(path) }

    func cut(to byteCount: Int) { precondition(truncate(path, off_t(byteCount)) == 0) }

    /// How many frames can be read; nil when they are not the first of `whole`.
    func framesBeforeTheCut(from whole: Recording) -> Int? {
        var count = 0
        do throws(CaptureFileError) {
            var file = try CaptureFile(path: path)
            while let frame = try file.next() {
                guard count < whole.records.count, whole.isRecord(count, frame) else { return nil }
                count += 1
            }
        } catch {
            // A cut within a record or a header is an error, one between them is not.
            if error.message.isEmpty { return nil }
        }
        return count
    }
}

extension Recording {
    fileprivate func isRecord(_ place: Int, _ frame: Frame) -> Bool {
        let record = records[place]
        guard Int(frame.length) == record.bytes.count, frame.wireLength == record.wireLength, frame.timestamp == record.timestamp else { return false }
        return bytes.withUnsafeBytes { memcmp($0.baseAddress! + record.bytes.lowerBound, frame.bytes, record.bytes.count) == 0 }
    }
}
