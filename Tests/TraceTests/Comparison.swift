import Packets
import Tracking

/// One thing that Fovea and the oracle see differently; or a known one, with its reason, in `KnownDifferences`.
struct Difference: Hashable, Comparable, CustomStringConvertible {
    /// The capture's name.
    var capture: String
    /// What it is about: a conversation, a stream of one, a TLS connection.
    var subject: String
    /// What each sees there; "nothing" if it sees none.
    var fovea: String
    var oracle: String

    static func < (left: Self, right: Self) -> Bool { (left.capture, left.subject, left.fovea) < (right.capture, right.subject, right.fovea) }

    var description: String { "\(capture): \(subject)\n    Fovea:  \(fovea)\n    oracle: \(oracle)" }

    static let nothing = "nothing"

    /// Packets that came after their connection's end.
    static func late(_ capture: String, _ tuple: String, _ count: Int) -> Difference {
        Difference(capture: capture, subject: "late packets of \(tuple)", fovea: "\(count) after its end", oracle: "\(count) of the conversation")
    }

    /// What differs between two tables of readings.
    static func between<Subject: Hashable>(
        _ capture: String, fovea: [Subject: String], oracle: [Subject: String], _ text: (Subject) -> String
    ) -> Set<Difference> {
        Set(
            Set(fovea.keys).union(oracle.keys).compactMap { subject in
                let (seen, expected) = (fovea[subject] ?? nothing, oracle[subject] ?? nothing)
                return seen == expected ? nil : Difference(capture: capture, subject: text(subject), fovea: seen, oracle: expected)
            })
    }
}

/// A 5-tuple without a direction: the smaller endpoint comes first.
struct Tuple: Hashable, CustomStringConvertible {
    var transport: String
    var a: Oracle.Endpoint
    var b: Oracle.Endpoint

    init(_ transport: String, _ one: Oracle.Endpoint, _ other: Oracle.Endpoint) {
        self.transport = transport
        (a, b) = one < other ? (one, other) : (other, one)
    }

    init(_ connection: ConnectionRecord) {
        self.init(connection.transport.description, connection.originator.endpoint, connection.responder.endpoint)
    }

    init(_ packet: Packet) {
        self.init(packet.transport.description, Oracle.Endpoint(packet.source, packet.sourcePort), Oracle.Endpoint(packet.destination, packet.destinationPort))
    }

    var description: String { "\(transport) \(a) \(b)" }
}

// MARK: Conversations (R5)

extension Traffic {
    /// Nothing yet; times are those of the first part that is added.
    fileprivate static let none = Traffic(fromA: Count(packets: 0, bytes: 0), fromB: Count(packets: 0, bytes: 0), first: "", last: "")

    /// All of Fovea's connections of a tuple, and the packets that came too late for them, as one conversation.
    static func conversations(_ replay: Replay, _ recording: Recording) -> [Tuple: Traffic] {
        var sums = ConversationSums()
        for connection in replay.connections where connection.transport == .tcp || connection.transport == .udp {
            let tuple = Tuple(connection)
            for party in [connection.originator, connection.responder] {
                sums.add(tuple, party.endpoint, packets: party.packets, bytes: party.frameBytes, party.first, party.last)
            }
        }
        for packet in recording.packets(at: replay.late) { sums.add(Tuple(packet), Oracle.Endpoint(packet.source, packet.sourcePort), packet) }
        return sums.conversations
    }

    /// The same of single packets, each counted for the flow that its frame has on the wire.
    static func outerConversations(_ packets: [Packet]) -> [Tuple: Traffic] {
        var sums = ConversationSums()
        for packet in packets {
            if let outer = packet.outer {
                guard outer.transport == .tcp || outer.transport == .udp else { continue }
                let source = Oracle.Endpoint(outer.source, outer.sourcePort), destination = Oracle.Endpoint(outer.destination, outer.destinationPort)
                sums.add(Tuple(outer.transport.description, source, destination), source, packet)
            } else if packet.kind.hasPorts, packet.transport == .tcp || packet.transport == .udp {
                sums.add(Tuple(packet), Oracle.Endpoint(packet.source, packet.sourcePort), packet)
            }
        }
        return sums.conversations
    }

    /// The same seen from the other end.
    var mirrored: Traffic { Traffic(fromA: fromB, fromB: fromA, first: first, last: last) }
}

/// Adds up what belongs to one conversation.
private struct ConversationSums {
    private var sums: [Tuple: (traffic: Traffic, first: Timestamp, last: Timestamp)] = [:]

    mutating func add(_ tuple: Tuple, _ sender: Oracle.Endpoint, packets: UInt64, bytes: UInt64, _ first: Timestamp, _ last: Timestamp) {
        guard packets > 0 else { return }
        var sum = sums[tuple] ?? (.none, first, last)
        if sender == tuple.a { sum.traffic.fromA.add(packets, bytes) } else { sum.traffic.fromB.add(packets, bytes) }
        (sum.first, sum.last) = (min(sum.first, first), max(sum.last, last))
        sums[tuple] = sum
    }

    mutating func add(_ tuple: Tuple, _ sender: Oracle.Endpoint, _ packet: Packet) {
        add(tuple, sender, packets: 1, bytes: UInt64(packet.wireLength), packet.timestamp, packet.timestamp)
    }

    var conversations: [Tuple: Traffic] {
        sums.mapValues { sum in
            var traffic = sum.traffic
            (traffic.first, traffic.last) = (sum.first.text, sum.last.text)
            return traffic
        }
    }
}

extension Traffic.Count {
    fileprivate mutating func add(_ packets: UInt64, _ bytes: UInt64) {
        self.packets += packets
        self.bytes += bytes
    }
}

extension Recording {
    /// The headers of single records, the outermost ones unless tunnels are to be opened.
    func packets(at places: [Int], opening tunnels: TunnelKinds = []) -> [Packet] {
        bytes.withUnsafeBytes { memory in
            places.map { place in
                let record = records[place]
                return Packet(
                    Frame(
                        bytes: memory.baseAddress! + record.bytes.lowerBound, timestamp: record.timestamp, length: UInt32(record.bytes.count),
                        wireLength: record.wireLength, linkType: linkType), opening: tunnels)
            }
        }
    }
}

extension Oracle {
    func conversationDifferences(_ capture: String, _ replay: Replay, _ recording: Recording) -> Set<Difference> {
        let seen = Traffic.conversations(replay, recording)
        return Difference.between(capture, fovea: seen.mapValues(\.description), oracle: conversationTable.mapValues(\.description), \.description)
    }
}

extension Oracle {
    /// Sums up each packet by its outermost header (R2), whatever tunnels were opened behind it.
    func outerConversationDifferences(_ capture: String, _ recording: Recording) -> Set<Difference> {
        let seen = Traffic.outerConversations(recording.packets(at: Array(recording.records.indices), opening: .all))
        return Difference.between(capture, fovea: seen.mapValues(\.description), oracle: conversationTable.mapValues(\.description), \.description)
    }

    private var conversationTable: [Tuple: Traffic] {
        Dictionary(
            uniqueKeysWithValues: conversations.map { conversation in
                let tuple = Tuple(conversation.transport, conversation.a, conversation.b)
                return (tuple, tuple.a == conversation.a ? conversation.traffic : conversation.traffic.mirrored)
            })
    }
}

extension Replay {
    /// Which conversations had packets after their connection's end.
    func lateDifferences(_ capture: String, _ recording: Recording) -> Set<Difference> {
        let counts = Dictionary(grouping: recording.packets(at: late), by: Tuple.init).mapValues(\.count)
        return Set(counts.map { .late(capture, $0.key.description, $0.value) })
    }
}

// MARK: Streams (R6)

extension Oracle {
    /// Compares single TCP connections: who opened them, what went each way, which of SYN, SYN-ACK, FIN and RST were seen.
    func streamDifferences(_ capture: String, _ replay: Replay) -> Set<Difference> {
        let expected = Dictionary(grouping: streams) { Tuple("tcp", $0.orig, $0.resp) }
        let seen = Dictionary(grouping: replay.connections.filter { $0.transport == .tcp }) { Tuple($0) }
        return Difference.between(
            capture, fovea: seen.mapValues { $0.sorted { $0.first < $1.first }.map(\.streamText).joined(separator: ", ") },
            oracle: expected.mapValues { $0.map(\.text).joined(separator: ", ") }
        ) { "streams of \($0)" }
    }
}

extension Oracle.Stream {
    fileprivate var text: String {
        // Who sent first is no evidence, and Fovea may have other.
        let evidence = orig_known ? "" : "?"
        return "\(orig)\(evidence) \(packets[0])/\(payload_bytes[0]) \(packets[1])/\(payload_bytes[1]) \(syn ? "S" : "")\(synack ? "h" : "")"
            + "\(fin[0] ? "F" : "")\(fin[1] ? "f" : "")\(rst[0] ? "R" : "")\(rst[1] ? "r" : "")"
    }
}

extension ConnectionRecord {
    fileprivate var streamText: String {
        let evidence = originatorEvidence == .firstPacket ? "?" : ""
        let letters = "ShFfRr".filter { history.contains($0) }
        return "\(originator.endpoint)\(evidence) \(originator.packets)/\(originator.payloadBytes) \(responder.packets)/\(responder.payloadBytes) \(letters)"
    }
}

// MARK: TLS (R8)

extension Oracle {
    func tlsDifferences(_ capture: String, _ replay: Replay) -> Set<Difference> {
        func table(_ records: [TLSReading]) -> [TLSReading.Ends: String] {
            Dictionary(grouping: records, by: \.ends).mapValues { $0.map(\.text).sorted().joined(separator: ", ") }
        }
        return Difference.between(
            capture, fovea: table(replay.handshakes.map(TLSReading.init)), oracle: table(tls.map(TLSReading.init))
        ) { "tls \($0.client) \($0.server)" }
    }
}

/// What is compared of the hellos of one connection.
private struct TLSReading {
    struct Ends: Hashable {
        var client: Oracle.Endpoint
        var server: Oracle.Endpoint
    }

    var ends: Ends
    var text: String

    init(_ record: Oracle.TLS) {
        ends = Ends(client: record.client, server: record.server)
        text = Self.text(record.sni, record.version, record.cipher, record.alpn, record.client_alpn ?? [], record.hrr)
    }

    init(_ seen: SeenHandshake) {
        ends = Ends(client: seen.client, server: seen.server)
        let handshake = seen.handshake
        text = Self.text(
            handshake.serverName, handshake.version.map { hex($0.rawValue) }, handshake.cipherSuite.map(hex), handshake.applicationProtocol,
            handshake.offeredProtocols, handshake.helloRetried)
    }

    private static func text(_ name: String?, _ version: String?, _ cipher: String?, _ alpn: String?, _ offered: [String], _ isRetried: Bool) -> String {
        "\(name ?? "-") \(version ?? "-") \(cipher ?? "-") \(alpn ?? "-") [\(offered.joined(separator: " "))]\(isRetried ? " retried" : "")"
    }
}

private func hex(_ number: UInt16) -> String {
    let digits = String(number, radix: 16)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
}
