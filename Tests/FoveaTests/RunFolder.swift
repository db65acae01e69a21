import Foundation
import Packets
import TestWire
import Testing

@testable import Fovea

/// A folder for one test's captures and results; gone with the value.
final class RunFolder {
    let path = NSTemporaryDirectory() + "fovea-test-\(UUID().uuidString)"

    init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes packets as a capture file, in nanoseconds.
    func capture(_ packets: [Sent]) throws -> String {
        var bytes = Data()
        func add(_ numbers: UInt32...) { for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } } }
        add(0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, 1)
        for packet in packets {
            add(UInt32(packet.time / second), UInt32(packet.time % second), UInt32(packet.bytes.count), UInt32(packet.wireLength))
            bytes.append(contentsOf: packet.bytes)
        }
        let file = path + "/capture.pcap"
        try bytes.write(to: URL(filePath: file))
        return file
    }

    /// Runs a configuration whose results go to this folder, and gives back what is in them by name.
    func run(
        _ config: String, on capture: String, subscriptions: [AnySubscription] = [], workers: Int = 1, _ change: (inout RunOptions) -> Void = { _ in }
    ) throws -> (summary: RunSummary, results: [String: Data]) {
        let output = path + "/results"
        try? FileManager.default.removeItem(atPath: output)
        var config = try Config(parsing: config, path: "test.toml")
        config.output = output
        guard case .offline(var offline) = config.source else { throw ConfigError(path: nil, message: "not offline") }
        (offline.pcap, offline.workers) = (capture, workers)
        config.source = .offline(offline)
        var options = RunOptions()
        change(&options)
        let summary = try Fovea.run(config, subscriptions: subscriptions, options)
        let names = try FileManager.default.contentsOfDirectory(atPath: output).filter { $0.hasSuffix(".jsonl") }
        return (summary, try Dictionary(uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: output + "/" + $0))) }))
    }
}

extension Data {
    /// Lines of text.
    var lines: [String] { String(decoding: self, as: UTF8.self).split(separator: "\n").map(String.init) }
}
