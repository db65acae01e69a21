import Foundation
import Packets
import TestSupport
import Tracking

/// What tshark reads in the DHCP or NTP messages of a capture: a table of `Datagrams`, written by the script beside it.
struct DatagramOracle {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Datagrams")

    /// Each message as its ends and its fields, by capture; "-" is what it does not have.
    let messages: [String: [DatagramReading]]

    init(_ protocolName: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: "\(protocolName).tsv"), encoding: .utf8)
        var messages: [String: [DatagramReading]] = [:]
        let rows = text.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        for row in rows.dropFirst() {
            let reading = DatagramReading(ends: row[1], fields: Array(zip(rows[0], row).dropFirst(2).dropLast()))
            messages[row[0], default: []] += Array(repeating: reading, count: Int(row.last ?? "") ?? 1)
        }
        self.messages = messages
    }
}

/// What is compared of a message: where it went, and its fields by tshark's names.
struct DatagramReading: Hashable, CustomStringConvertible {
    let description: String

    init(ends: String, fields: [(name: String, value: String)]) {
        description = ([ends] + fields.filter { $0.value != "-" }.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }

    /// Of our own: those that are nil or empty it does not have.
    init(_ connection: ConnectionRecord, _ fields: KeyValuePairs<String, String?>) {
        let ends = [connection.originator.endpoint, connection.responder.endpoint].sorted().map(\.description).joined(separator: " ")
        self.init(ends: ends, fields: fields.map { ($0.key, $0.value.flatMap { $0.isEmpty ? nil : $0 } ?? "-") })
    }
}

/// Two digits a byte, as tshark writes them.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }

func hexadecimal(_ value: some FixedWidthInteger) -> String { withUnsafeBytes(of: value.bigEndian) { hexadecimal($0) } }
