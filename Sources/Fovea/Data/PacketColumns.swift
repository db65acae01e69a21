extension LogSchema {
    /// What `addPacket` writes.
    static let packetColumns: [Column] = [
        Column("ts", .time), Column("len", .count), Column("vlan", .int), Column("inner_vlan", .int), Column("ether_type", .string), Column("problem", .string),
        Column("proto", .enum), Column("src", .addr), Column("dst", .addr), Column("fragment", .bool), Column("src_p", .port), Column("dst_p", .port),
        Column("tcp_flags", .string), Column("payload_bytes", .count),
    ]

    static let owner: [Column] = [Column("uid", .string), Column("is_orig", .bool)]
}

extension PacketData: LoggedSubscription { static let log = LogSchema("packet", LogSchema.packetColumns) }
extension ConnectionPacketData: LoggedSubscription { static let log = LogSchema("connection_packet", LogSchema.owner + LogSchema.packetColumns) }
extension StreamData: LoggedSubscription {
    static let log = LogSchema(
        "stream", [.init("ts", .time)] + LogSchema.owner + [.init("offset", .count), .init("len", .count), .init("data", .string), .init("gap", .count)])
}
