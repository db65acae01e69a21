import Filters
import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every DNS message of a capture is held against what tshark sees, alone or paired (R10). What differs is known by number, and has a reason.
@Suite struct `DNS captures` {
    private static let known: [String: KnownSessions] = [
        "dns-pointer-forward": KnownSessions(onlyThere: 1, reason: "opcode 15 and a name of nothing but pointers: not taken for DNS on any port"),
        "dns-live-name-server": KnownSessions(
            onlyThere: 4, reason: "headers without a question, and a name of more than 255 octets: of their flows there is nothing else to know DNS by"),
        "dns-tcp-middle-missing": KnownSessions(onlyHere: 3, reason: "the parser goes on behind the hole (R13)"),
        "mixed-isp-vlan-4096": KnownSessions(onlyThere: 41, reason: "whoever published it wrote zeros over all behind the header: there is no question to know DNS by"),
        "mixed-all-protocols-synthetic": KnownSessions(
            onlyHere: 1, onlyThere: 3, reason: "12 zero bytes to port 53 are no message; an answer's Geneve comes from port 6081 and does not go to it, which is no tunnel here"),
    ]

    @Test(
        .enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), .timeLimit(.minutes(5)),
        arguments: CaptureFolder.shared.files)
    func `read as the oracle says`(_ capture: CaptureName) throws {
        let oracle = try JSONDecoder().decode(DNSOracle.self, from: Data(contentsOf: capture.folder.oracles.appending(path: "\(capture.name).json")))
        let here = try sessions(of: DNSParser.self, in: Recording(capture)).map { DNSReading($0.session, $0.connection) }
        expectSame(here, (oracle.dns ?? []).map(DNSReading.init), known: Self.known[capture.name])
    }
}

/// The part of an oracle that tells of DNS.
private struct DNSOracle: Decodable {
    struct Record: Decodable {
        var transport: String
        var client: Oracle.Endpoint?
        var server: Oracle.Endpoint?
        var src: Oracle.Endpoint?
        var dst: Oracle.Endpoint?
        var id: UInt16?
        var qname: String?
        var qtype: UInt16?
        var opcode: UInt8?
        var rcode: UInt16?
        var answers: UInt16?
        var qr: UInt8?
    }

    var dns: [Record]?
}

/// What is compared of a question, its answer, or both.
private struct DNSReading: Hashable, CustomStringConvertible {
    var description: String

    private init(
        _ transport: String, _ one: Oracle.Endpoint, _ other: Oracle.Endpoint, id: UInt16, name: String, type: UInt16?, opcode: UInt8, rcode: UInt16?,
        answers: UInt16?
    ) {
        // What is no letter each writes in its own way.
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        let letters = isPlain ? name.lowercased() : name == "<Root>" ? "" : "?"
        let ends = one < other ? "\(one) \(other)" : "\(other) \(one)"
        // tshark does not count the records of updates, and gives a root's name none. EDNS' upper bits of a response code it has elsewhere.
        description = "\(transport) \(ends) \(id) \(letters == "." ? "" : letters) \(type ?? 0) \(rcode.map { "\($0 & 15)" } ?? "-") "
            + (opcode == 5 ? "-" : answers.map { "\($0)" } ?? "-")
    }

    init(_ record: DNSOracle.Record) {
        let isAnswer = record.qr != 0
        self.init(
            record.transport == "tcp" ? "tcp" : "udp", record.client ?? record.src!, record.server ?? record.dst!, id: record.id ?? 0, name: record.qname ?? "",
            type: record.qtype, opcode: record.opcode ?? 0, rcode: isAnswer ? record.rcode : nil, answers: isAnswer ? record.answers : nil)
    }

    init(_ transaction: DNSTransaction, _ connection: ConnectionRecord) {
        self.init(
            connection.transport.description, connection.originator.endpoint, connection.responder.endpoint, id: transaction.id,
            name: transaction.question?.name ?? "", type: transaction.question?.type, opcode: (transaction.response ?? transaction.query)!.opcode,
            rcode: transaction.response?.responseCode, answers: transaction.response?.answerCount)
    }
}
