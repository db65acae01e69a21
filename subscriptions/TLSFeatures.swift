import Fovea

/// One line for each TLS connection, when it is over: its handshake, its first packets' sizes and times, the lengths of its first records, and its record. One
/// type that asks for several kinds of data at once; each comes when it is known, in whatever order that is:
///
///     packet ──▶ established ──▶ session ──▶ stream ──▶ packet ──▶ … ──▶ ended
struct TLSFeatures: PacketTrackable, StreamTrackable, SessionTrackable, EstablishedTrackable, LoggedSubscription {
    typealias Parser = TLSParser

    static let name = "tls_features"
    static let summary = "TLS connections: handshake, first packets' sizes and gaps, first records' lengths, how it went"
    static let filter: Filter = .tls
    /// What came before it was clear that it is TLS: a handshake's packets, and a ClientHello of several.
    static let history: HistoryBudget? = HistoryBudget(packets: 30, bytes: 32 << 10)

    /// For formats that have columns.
    static let log = LogSchema(
        "tls_features",
        LogSchema.connection.columns + [.init("tcp_handshake", .interval)] + LogSchema.tls.columns.dropFirst(LogSchema.identity.count) + LogSchema.sequence
            + [.init("orig_tls_records", .counts), .init("resp_tls_records", .counts)])

    static func makeReport(_ context: ReportContext) throws -> LogWriter { try LogWriter(context) }

    private var handshake: TLSLine?
    private var packets = PacketSequence<20>()
    private var originatorRecords = RecordLengths()
    private var responderRecords = RecordLengths()
    /// Whether TCP's handshake was complete, and when the originator acknowledged first.
    private var isEstablished = false
    private var acknowledged: Timestamp?

    init(_ connection: ConnectionRecord) {}

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        packets.add(packet, from: sender)
        if acknowledged == nil, sender == .originator, packet.flags.contains(.ack), !packet.flags.contains(.syn) { acknowledged = packet.timestamp }
        return verdict
    }

    /// Told after the history, as late as the filter could tell: when it was, the packets say.
    mutating func established(_ connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        isEstablished = true
        return verdict
    }

    mutating func session(_ session: TLSHandshake, of connection: ConnectionRecord, _ output: inout LogWriter) -> Verdict {
        if handshake == nil { handshake = TLSLine(session) }
        return verdict
    }

    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        switch sender {
        case .originator: originatorRecords.read(bytes)
        case .responder: responderRecords.read(bytes)
        }
        return verdict
    }

    mutating func gap(_ byteCount: Int, from sender: Direction, _ output: inout LogWriter) -> Verdict {
        switch sender {
        case .originator: originatorRecords.skip(byteCount)
        case .responder: responderRecords.skip(byteCount)
        }
        return verdict
    }

    /// Once all of it is known there is nothing to be reassembled for this.
    private var verdict: Verdict {
        handshake != nil && packets.isFull && originatorRecords.isOver && responderRecords.isOver ? .done : .more
    }

    mutating func reoriented(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        packets.reverseRoles()
        acknowledged = nil
        swap(&originatorRecords, &responderRecords)
    }

    consuming func ended(_ connection: ConnectionRecord, _ output: inout LogWriter) {
        let (orig, resp) = (originatorRecords.lengths, responderRecords.lengths)
        output.write { line in
            line.addRecord(connection)
            // Of what was picked up later there was none to be seen.
            if isEstablished, connection.originatorEvidence == .syn, let acknowledged { line.add("tcp_handshake", seconds: acknowledged - connection.first) }
            handshake?.add(to: &line)
            line.addSequence(packets)
            line.add("orig_tls_records", orig)
            line.add("resp_tls_records", resp)
        }
    }
}

/// Lengths of one direction's first TLS records (RFC 8446 section 5.1), read from their headers alone: Joy's SRLT.
///
///      0        1            3            5
///     +--------+------------+------------+-----
///     |  type  |  version   |   length   | …
///     +--------+------------+------------+-----
private struct RecordLengths {
    private static var most: Int { 12 }
    private static var headerSize: Int { 5 }

    // Small, for there is one of these for each direction of as many connections as there may be.
    private var records = InlineArray<12, UInt16>(repeating: 0)
    private var count: UInt8 = 0
    /// Of the header at hand, bytes that have come, and what they say.
    private var headerCount: UInt8 = 0
    private var length: UInt16 = 0
    /// Bytes of the record at hand that are to come.
    private var rest: UInt16 = 0
    /// No more will be read: there are as many as fit, or it is not clear where the next begins.
    private(set) var isOver = false

    var lengths: [UInt16] { (0..<Int(count)).map { records[$0] } }

    mutating func read(_ bytes: RawSpan) {
        var place = 0
        while place < bytes.byteCount, !isOver {
            if rest > 0 {
                let part = min(Int(rest), bytes.byteCount - place)
                rest -= UInt16(part)
                place += part
                continue
            }
            let byte = bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
            place += 1
            switch headerCount {
            case 0 where !(20...24).contains(byte), 1 where byte != 3: isOver = true
            case 3: length = UInt16(byte) << 8
            case 4: length |= UInt16(byte)
            default: break
            }
            headerCount += 1
            if headerCount == Self.headerSize { end() }
        }
    }

    private mutating func end() {
        records[Int(count)] = length
        count += 1
        (rest, headerCount) = (length, 0)
        if count == Self.most { isOver = true }
    }

    /// Bytes that never came: no harm within a record.
    mutating func skip(_ byteCount: Int) {
        if byteCount <= rest, headerCount == 0 { rest -= UInt16(byteCount) } else { isOver = true }
    }
}
