import Packets
import Protocols
import Tracking

/// What the engine told of one connection.
final class Story: Sendable {
    private(set) nonisolated(unsafe) var bytes: (originator: Octets, responder: Octets) = ([], [])
    /// Where in its direction's bytes each gap lies, and how long it is.
    private(set) nonisolated(unsafe) var gaps: [(sender: Direction, place: Int, count: Int)] = []
    private(set) nonisolated(unsafe) var conflicts: [StreamConflict] = []
    private(set) nonisolated(unsafe) var names: [String] = []
    private(set) nonisolated(unsafe) var turns = 0
    fileprivate(set) nonisolated(unsafe) var record: ConnectionRecord

    init(_ record: ConnectionRecord) { self.record = record }

    fileprivate func add(_ more: RawSpan, from sender: Direction) {
        more.withUnsafeBytes { if sender == .originator { bytes.originator += $0 } else { bytes.responder += $0 } }
    }
    fileprivate func addGap(_ count: Int, from sender: Direction) {
        gaps.append((sender, sender == .originator ? bytes.originator.count : bytes.responder.count, count))
    }
    fileprivate func add(_ conflict: StreamConflict) { conflicts.append(conflict) }
    fileprivate func add(_ name: String) { names.append(name) }
    fileprivate func turn() {
        bytes = (bytes.responder, bytes.originator)
        gaps = gaps.map { ($0.sender.opposite, $0.place, $0.count) }
        turns += 1
    }

    /// What was sent in one direction, as text; a gap shows as its length in brackets.
    func text(_ sender: Direction) -> String {
        var text = "", place = 0
        let bytes = sender == .originator ? bytes.originator : bytes.responder
        for gap in gaps where gap.sender == sender {
            text += String(decoding: bytes[place..<gap.place], as: UTF8.self) + "[\(gap.count)]"
            place = gap.place
        }
        return text + String(decoding: bytes[place...], as: UTF8.self)
    }

    /// All of it, to compare it by.
    var whole: String { "\(record.text) \(bytes) \(gaps) \(conflicts) \(names) \(turns)" }

    var isHonest: Bool { Honest.networks.contains { $0.contains(record.originator.address) } }
    var state: ConnectionState { record.state }
    var end: EndReason? { record.endReason }
}

/// What all connections of one passage were.
final class Notebook: SubscriptionReport, @unchecked Sendable {
    @TaskLocal static var current = Notebook()

    /// In the order of their ends.
    var stories: [Story] = []

    func merge(_ other: Notebook) { stories += other.stories }
}

/// Wants all there is of every connection, and writes it down.
struct Witness: PacketTrackable, StreamTrackable, SessionTrackable {
    typealias Parser = TLSParser
    private let story: Story

    init(_ connection: ConnectionRecord) { story = Story(connection) }
    static func makeReport(_ context: ReportContext) -> Notebook { Notebook.current }

    mutating func packet(_ packet: Packet, _ frame: RawSpan, from sender: Direction, _ report: inout Notebook) -> Verdict {
        guard packet.transport == .udp else { return .more }
        let payload = Int(packet.payloadOffset)..<Int(packet.payloadOffset + packet.payloadCaptured)
        story.add(frame.extracting(payload), from: sender)
        return .more
    }
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ report: inout Notebook) -> Verdict {
        story.add(bytes, from: sender)
        return .more
    }
    mutating func gap(_ byteCount: Int, from sender: Direction, _ report: inout Notebook) -> Verdict {
        story.addGap(byteCount, from: sender)
        return .more
    }
    mutating func conflict(_ conflict: StreamConflict, from sender: Direction, _ report: inout Notebook) -> Verdict {
        story.add(conflict)
        return .more
    }
    mutating func session(_ session: TLSHandshake, of connection: ConnectionRecord, _ report: inout Notebook) -> Verdict {
        story.add(session.serverName ?? "")
        return .more
    }
    mutating func reoriented(_ connection: ConnectionRecord, _ report: inout Notebook) { story.turn() }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Notebook) {
        story.record = connection
        report.stories.append(story)
    }
}
