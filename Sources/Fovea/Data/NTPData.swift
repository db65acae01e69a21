import Packets
import Protocols
import Tracking

/// `data = "ntp"`: a line for each NTP message. Fields are those of Zeek's ntp.log.
struct NTPData: SessionLines {
    typealias Parser = NTPParser

    static let name = "ntp"
    static let summary = "NTP messages: mode, stratum, reference and times; control messages and lists of clients have a problem"

    static func add(_ message: NTPMessage, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: connection.last)
        line.addMessage(message)
    }
}

extension LogLine {
    /// What a line says of an NTP message. Fields are those of Zeek's ntp.log, and a few more at the end.
    public mutating func addMessage(_ message: NTPMessage) {
        add("version", message.version)
        add("mode", message.mode)
        switch message.content {
        case .time(let time):
            add("stratum", time.stratum)
            add("poll", seconds: Self.nanoseconds(power: time.poll))
            add("precision", seconds: Self.nanoseconds(power: time.precision))
            add("root_delay", seconds: (Int64(time.rootDelay) * 1_000_000_000) >> 16)
            add("root_disp", seconds: (Int64(time.rootDispersion) * 1_000_000_000) >> 16)
            add("ref_id", time.reference)
            if let time = time.referenceTime.timestamp { add("ref_time", time) }
            if let time = time.originTime.timestamp { add("org_time", time) }
            if let time = time.receiveTime.timestamp { add("rec_time", time) }
            if let time = time.transmitTime.timestamp { add("xmt_time", time) }
            add("num_exts", time.extensionCount)
            add("leap", time.leap)
            let reference = withUnsafeBytes(of: time.referenceID.bigEndian) {
                $0.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined(separator: ":")
            }
            addToEvent { $0.add("reference_id", .text(reference)) }
        case .control(let operation, let isAnswer):
            add("opcode", operation)
            add("is_answer", isAnswer)
        case .privately(let request, let isAnswer, let count):
            add("request_code", request)
            add("is_answer", isAnswer)
            add("items", count)
        }
        if let problem = message.problem { add("problem", "\(problem)") }
    }

    private static func nanoseconds(power: Int8) -> Int64 {
        switch power {
        case 0...30: 1_000_000_000 << Int64(power)
        case -30 ..< 0: 1_000_000_000 >> Int64(-power)
        default: 0
        }
    }
}
