import Filters
import Packets

extension NTPParser {
    /// Wireshark's names.
    public static let fields: [SessionField<NTPMessage>] = [
        .integer("ntp.flags.vn", aliases: ["ntp.version"], max: 7, "the protocol's version", example: "ntp.flags.vn < 3") { UInt64($0.version) },
        .integer(
            "ntp.flags.mode", aliases: ["ntp.mode"], max: 7,
            valueNames: ["ACTIVE": 1, "PASSIVE": 2, "CLIENT": 3, "SERVER": 4, "BROADCAST": 5, "CONTROL": 6, "PRIVATE": 7], "what kind of message it is",
            example: "ntp.flags.mode in {CONTROL, PRIVATE}"
        ) { UInt64($0.mode) },
        .integer("ntp.flags.li", max: 3, "3 not synchronised", example: "ntp.flags.li == 3") { ($0.time?.leap).map { UInt64($0) } },
        .integer("ntp.stratum", max: 255, "1 a clock, 2… so many servers away from one", example: "ntp.stratum > 10") { ($0.time?.stratum).map { UInt64($0) } },
        .string("ntp.refid", "the server's server, or clock", example: "ntp.refid in {\"RATE\", \"DENY\", \"RSTR\"}") { $0.time?.reference },
        .integer("ntp.ext.count", max: 0xffff, "extension fields", example: "ntp.ext.count > 0") { ($0.time?.extensionCount).map { UInt64($0) } },
        .integer("ntp.ctrl.flags2.opcode", max: 31, "what a control message asks for", example: "ntp.ctrl.flags2.opcode == 2") {
            if case .control(let operation, _) = $0.content { UInt64(operation) } else { nil }
        },
        .integer("ntp.priv.reqcode", max: 255, "what a private message asks for", example: "ntp.priv.reqcode == 42") {
            if case .privately(let request, _, _) = $0.content { UInt64(request) } else { nil }
        },
        .boolean("ntp.monlist", "whether a server is asked who has asked it, or tells", example: "ntp.monlist") { $0.problem == .monitorList },
    ]
}
