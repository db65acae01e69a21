import Foundation
import Packets
import Tracking

/// Which connections filters select in captures by tshark's reckoning: `Filters/selected.tsv`, written by `Filters/make-table.py`.
struct SelectedConnections {
    struct Row: Sendable, CustomStringConvertible {
        var letter: Character
        /// In Fovea's language.
        var filter: String

        var description: String { "\(letter): \(filter)" }
    }

    /// The filters, by their letters.
    static let rows: [Row] = lines(of: "filters.tsv").filter { !$0.hasPrefix("#") }.map { line in
        let columns = line.split(separator: "\t")
        return Row(letter: Character(String(columns[0])), filter: String(columns[1]))
    }

    /// The captures, without their names' endings.
    static let captures: [String] = Array(Set(table.map(\.capture))).sorted()

    /// The connections of a capture that a filter selects.
    static func of(_ capture: String, _ row: Row) -> Set<String> {
        Set(table.lazy.filter { $0.capture == capture && $0.letters.contains(row.letter) }.map(\.connection))
    }

    private static let table: [(capture: String, connection: String, letters: String)] = lines(of: "selected.tsv").map { line in
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        return (columns[0], columns[1], columns[2])
    }

    private static func lines(of file: String) -> [Substring] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Filters")
        // Without the table there are no rows, and the test says that these are missing.
        return ((try? String(contentsOf: folder.appending(path: file), encoding: .utf8)) ?? "").split(separator: "\n")
    }
}

extension ConnectionRecord {
    /// As the table names connections: without a direction, and ICMP's without the types that stand for ports here.
    /// Nil for what the table leaves out: other transports, and ICMP errors.
    var tableName: String? {
        var ends = [(originator.address, originator.port), (responder.address, responder.port)]
        switch transport {
        case .tcp, .udp: break
        case .icmp where (3...5).contains(originator.port) || (11...12).contains(originator.port): return nil
        case .icmpv6 where (1...4).contains(originator.port): return nil
        case .icmp, .icmpv6: ends = ends.map { ($0.0, 0) }
        default: return nil
        }
        ends.sort { ($0.0.high, $0.0.low, $0.1) < ($1.0.high, $1.0.low, $1.1) }
        return "\(transport) " + ends.map { $0.0.isIPv4 ? "\($0.0):\($0.1)" : "[\($0.0)]:\($0.1)" }.joined(separator: " ")
    }
}
