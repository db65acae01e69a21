import Foundation
import Packets
import TestSupport
import TestWire
import Testing

@testable import Fovea

/// Runs data types on a conversation, and gives back their lines as objects.
struct DataLines {
    let folder = RunFolder()

    /// - Parameter settings: lines of the subscription's table.
    func lines(of data: String, _ packets: [Sent], _ settings: String = "") throws -> [[String: Any]] {
        try lines(of: data, on: try folder.capture(packets), settings)
    }

    func lines(of data: String, on capture: String, _ settings: String = "", types: [AnySubscription] = []) throws -> [[String: Any]] {
        let config = "[offline]\npcap = 'x'\n[conntrack]\nmax_connections = 1000\n[[subscriptions]]\nname = '\(data)'\n\(settings)"
        let run = try folder.run(config, on: capture, subscriptions: types)
        #expect(run.summary.problems.isEmpty)
        return try (run.results["\(data).jsonl"] ?? Data()).lines.map { line in
            // A key that is there twice is one too many, and JSONSerialization would not tell.
            let keys = line.matches(of: /"([^"\\]+)":/).map { String($0.1) }
            #expect(Set(keys).count == keys.count, "\(line)")
            return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    /// The subscription's files in the folder of its results, by name.
    func files(of name: String) throws -> [String: Data] {
        let path = folder.path + "/results/" + name
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: path + "/" + $0))) })
    }
}

extension Dictionary where Key == String, Value == Any {
    func numbers(_ key: String) -> [Int]? { self[key] as? [Int] }
    func number(_ key: String) -> Int? { self[key] as? Int }
    func double(_ key: String) -> Double? { self[key] as? Double }
    func text(_ key: String) -> String? { self[key] as? String }
}
