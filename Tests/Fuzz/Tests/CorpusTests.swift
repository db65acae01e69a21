import Foundation
import FuzzInputs
import TestSupport
import Testing

/// Every input of the corpora, as the fuzzers run it: seeds, and whatever once broke something.
@Suite struct `Fuzz corpus` {
    @Test(arguments: FuzzTarget.allCases) func `brings no complaint`(target: FuzzTarget) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Corpus/\(target.rawValue)")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count >= 5)
        for file in files.sorted(by: { $0.path < $1.path }) {
            let input = try Data(contentsOf: file)
            let complaint = input.withUnsafeBytes { target.complaint(about: $0) }
            #expect(complaint == nil, "\(file.lastPathComponent)")
        }
    }

    /// What a fuzzer does first, where there is none: bytes changed, cut and doubled.
    @Test(arguments: FuzzTarget.allCases, 0..<4 as Range<UInt64>) func `brings none with bytes changed`(target: FuzzTarget, seed: UInt64) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Corpus/\(target.rawValue)")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).sorted { $0.path < $1.path }
        var random = SeededGenerator(seed: seed)
        for file in files {
            var input = [UInt8](try Data(contentsOf: file).prefix(target.longestInput))
            for _ in 0..<Int.random(in: 1...6, using: &random) where !input.isEmpty {
                let place = Int.random(in: input.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: input.removeSubrange(place..<min(input.count, place + Int.random(in: 1...16, using: &random)))
                case 1: input.insert(contentsOf: input[place...].prefix(32), at: Int.random(in: 0...input.count, using: &random))
                default: input[place] = UInt8.random(in: 0...(.max), using: &random)
                }
            }
            let complaint = input.withUnsafeBytes { target.complaint(about: $0) }
            #expect(complaint == nil, "\(file.lastPathComponent)")
        }
    }
}
