extension LogSchema {
    /// What `add(_:minimum:mean:maximum:deviation)` writes under names that begin with one word.
    fileprivate static func statistics(
        _ minimum: StaticString, _ mean: StaticString, _ maximum: StaticString, _ deviation: StaticString, _ type: ZeekType
    ) -> [Column] {
        let inBetween: ZeekType = type == .interval ? .interval : .double
        return [Column(minimum, type), Column(mean, inBetween), Column(maximum, type), Column(deviation, inBetween)]
    }
}

extension FiveTupleData: LoggedSubscription {
    static let log = LogSchema(
        "five_tuple",
        LogSchema.identity + [
            .init("proto", .enum), .init("vlan", .int), .init("inner_vlan", .int), .init("community_id", .string), .init("orig_evidence", .string),
            .init("tunnel", .string), .init("tunnel_id", .count), .init("orig_l2_addr", .string), .init("resp_l2_addr", .string),
        ])
}

extension PayloadData: LoggedSubscription {
    static let log = LogSchema(
        "payload", [.init("ts", .time)] + LogSchema.owner + [.init("len", .count), .init("data", .string)])
}

extension PacketListData: LoggedSubscription {
    static let log = LogSchema(
        "packet_list",
        LogSchema.identity + [
            .init("proto", .enum), .init("pkts", .count), .init("pkt_us", .counts), .init("pkt_direction", .counts), .init("pkt_len", .counts),
            .init("pkt_payload", .counts), .init("pkt_flags", .counts), .init("pkt_seq", .counts), .init("pkt_ack", .counts), .init("pkt_win", .counts),
        ])
}

extension HistoryData: LoggedSubscription {
    static let log = LogSchema(
        "connection_history",
        LogSchema.identity + [.init("conn_state", .string), .init("history", .string), .init("history_us", .counts), .init("duration", .interval)])
}

extension ChunkData: LoggedSubscription {
    static let log = LogSchema(
        "chunk", LogSchema.identity + [.init("ttfb", .interval), .init("duration", .interval), .init("pkts", .count), .init("bytes", .count)])
}

extension StreamHashData: LoggedSubscription {
    static let log = LogSchema(
        "stream_hash",
        LogSchema.identity + [
            .init("service", .string), .init("orig_seen_bytes", .count), .init("orig_missing_bytes", .count), .init("orig_sha256", .string),
            .init("resp_seen_bytes", .count), .init("resp_missing_bytes", .count), .init("resp_sha256", .string),
        ])
}

extension ByteStreamData: LoggedSubscription {
    static let log = LogSchema(
        "byte_stream",
        LogSchema.identity + [
            .init("service", .string), .init("orig_file", .string), .init("orig_file_bytes", .count), .init("orig_gap_bytes", .count),
            .init("resp_file", .string), .init("resp_file_bytes", .count), .init("resp_gap_bytes", .count),
        ])
}

extension StatisticsData: LoggedSubscription {
    static let log = LogSchema("connection_statistics", LogSchema.connection.columns + times + sizes + segments)

    private static let times: [LogSchema.Column] =
        [.init("max_inactivity", .interval), .init("second_pkt", .interval)]
        + LogSchema.statistics("flow_iat_min", "flow_iat_mean", "flow_iat_max", "flow_iat_std", .interval)
        + LogSchema.statistics("orig_iat_min", "orig_iat_mean", "orig_iat_max", "orig_iat_std", .interval)
        + LogSchema.statistics("resp_iat_min", "resp_iat_mean", "resp_iat_max", "resp_iat_std", .interval)

    private static let sizes: [LogSchema.Column] =
        LogSchema.statistics("flow_len_min", "flow_len_mean", "flow_len_max", "flow_len_std", .count)
        + LogSchema.statistics("orig_len_min", "orig_len_mean", "orig_len_max", "orig_len_std", .count)
        + LogSchema.statistics("resp_len_min", "resp_len_mean", "resp_len_max", "resp_len_std", .count)

    private static let segments: [LogSchema.Column] = [
        .init("orig_data_pkts", .count), .init("resp_data_pkts", .count), .init("orig_ooo_pkts", .count), .init("resp_ooo_pkts", .count),
        .init("orig_rxmit_pkts", .count), .init("resp_rxmit_pkts", .count), .init("orig_rxmit_bytes", .count), .init("resp_rxmit_bytes", .count),
        .init("orig_hole_bytes", .count), .init("resp_hole_bytes", .count), .init("orig_stray_pkts", .count), .init("resp_stray_pkts", .count),
        .init("orig_tcp_flags", .count), .init("resp_tcp_flags", .count), .init("orig_init_win", .count), .init("resp_init_win", .count),
        .init("orig_zero_win_pkts", .count), .init("resp_zero_win_pkts", .count),
    ]
}

extension FeaturesData: LoggedSubscription {
    static let log = LogSchema("features", LogSchema.identity + whole + payload + bursts + idles + throughput + chunks)

    private static let whole: [LogSchema.Column] = [
        .init("proto", .enum), .init("service", .string), .init("duration", .interval), .init("orig_pkts", .count), .init("resp_pkts", .count),
        .init("orig_bytes", .count), .init("resp_bytes", .count),
    ] + LogSchema.sequence + [.init("orig_size_bins", .counts), .init("resp_size_bins", .counts)]

    private static let payload: [LogSchema.Column] = [
        .init("orig_entropy", .double), .init("orig_entropy_bytes", .count), .init("resp_entropy", .double), .init("resp_entropy_bytes", .count),
    ]

    private static let bursts: [LogSchema.Column] =
        [.init("orig_bursts", .count)]
        + LogSchema.statistics("orig_burst_bytes_min", "orig_burst_bytes_mean", "orig_burst_bytes_max", "orig_burst_bytes_std", .count)
        + [.init("resp_bursts", .count)]
        + LogSchema.statistics("resp_burst_bytes_min", "resp_burst_bytes_mean", "resp_burst_bytes_max", "resp_burst_bytes_std", .count)

    private static let idles: [LogSchema.Column] =
        [.init("orig_idles", .count)] + LogSchema.statistics("orig_idle_min", "orig_idle_mean", "orig_idle_max", "orig_idle_std", .interval)
        + [.init("resp_idles", .count)] + LogSchema.statistics("resp_idle_min", "resp_idle_mean", "resp_idle_max", "resp_idle_std", .interval)

    private static let throughput: [LogSchema.Column] =
        [.init("windows", .count)]
        + LogSchema.statistics("up_window_bytes_min", "up_window_bytes_mean", "up_window_bytes_max", "up_window_bytes_std", .count)
        + LogSchema.statistics("down_window_bytes_min", "down_window_bytes_mean", "down_window_bytes_max", "down_window_bytes_std", .count)

    private static let chunks: [LogSchema.Column] =
        [.init("chunks", .count)] + LogSchema.statistics("chunk_bytes_min", "chunk_bytes_mean", "chunk_bytes_max", "chunk_bytes_std", .count)
        + LogSchema.statistics("chunk_ttfb_min", "chunk_ttfb_mean", "chunk_ttfb_max", "chunk_ttfb_std", .interval)
        + LogSchema.statistics("chunk_duration_min", "chunk_duration_mean", "chunk_duration_max", "chunk_duration_std", .interval)
        + LogSchema.statistics("chunk_gap_min", "chunk_gap_mean", "chunk_gap_max", "chunk_gap_std", .interval)
}

extension LogSchema {
    /// What `addSequence` writes.
    public static let sequence: [Column] = [Column("splt_direction", .counts), Column("splt_size", .counts), Column("splt_gap_us", .counts)]
}
