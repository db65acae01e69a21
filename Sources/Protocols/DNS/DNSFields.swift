import Filters
import Packets

extension DNSParser {
    /// Wireshark's names; of a transaction what its response says where there is one, for that says more.
    public static let fields: [SessionField<DNSTransaction>] = [
        .name("dns.qry.name", aliases: ["dns.query"], "the name that is asked for", example: "dns.qry.name ends_with \".example.org\"") { $0.question?.name },
        .integer("dns.qry.type", max: 0xffff, valueNames: DNSType.names, "the type that is asked for", example: "dns.qry.type in {TXT, ANY}") {
            ($0.question?.type).map(UInt64.init)
        },
        .integer("dns.qry.class", max: 0xffff, valueNames: DNSClass.names, "the class that is asked for", example: "dns.qry.class == CH") {
            ($0.question?.qclass).map(UInt64.init)
        },
        .integer("dns.id", max: 0xffff, "the transaction's number", example: "dns.id == 0") { UInt64($0.id) },
        .integer("dns.flags.opcode", max: 15, "0 a query, 4 a notification, 5 an update", example: "dns.flags.opcode != 0") { UInt64($0.message.opcode) },
        .integer(
            "dns.flags.rcode", aliases: ["dns.rcode"], max: 0xfff, valueNames: DNSResponseCode.names, "how it was answered",
            example: "dns.flags.rcode == NXDOMAIN"
        ) {
            ($0.response?.responseCode).map(UInt64.init)
        },
        .boolean("dns.answered", "whether an answer was seen", example: "not dns.answered") { $0.response != nil },
        .boolean("dns.flags.authoritative", "whether the server speaks for the name itself", example: "dns.flags.authoritative") {
            $0.response?.isAuthoritative
        },
        .boolean("dns.flags.truncated", "whether the answer was cut to fit a datagram", example: "dns.flags.truncated") { $0.response?.isTruncated },
        .boolean("dns.flags.recdesired", "whether the server is to ask others", example: "dns.flags.recdesired") { $0.message.recursionDesired },
        .integer("dns.count.answers", max: 0xffff, "records that the answer claims to have", example: "dns.count.answers > 20") {
            ($0.response?.answerCount).map(UInt64.init)
        },
        .strings("dns.resp.name", "the name of a record in the answer", example: "dns.resp.name == \"www.example.org\"") {
            $0.response?.answers.map(\.name) ?? []
        },
        .integers("dns.resp.type", max: 0xffff, valueNames: DNSType.names, "the type of a record in the answer", example: "dns.resp.type == CNAME") {
            ($0.response?.answers ?? []).map { UInt64($0.type) }
        },
        .integers("dns.resp.ttl", max: 0xffff_ffff, "seconds for which a record in the answer may be kept", example: "dns.resp.ttl < 10") {
            ($0.response?.answers ?? []).map { UInt64($0.timeToLive) }
        },
        SessionField("dns.addr", .address(version: nil), "an address in the answer", example: "dns.addr in {10.0.0.0/8, fd00::/8}") { transaction, give in
            for record in transaction.response?.answers ?? [] { if case .address(let address) = record.data { give(.address(address)) } }
        },
        .strings("dns.cname", "a name that the name asked for stands for", example: "dns.cname ends_with \".cdn.example\"") {
            ($0.response?.answers ?? []).compactMap { record in
                if record.type == DNSType.cname, case .name(let name) = record.data { name } else { nil }
            }
        },
        SessionField("dns.time", .duration, "from question to answer", example: "dns.time > 100ms", isSingle: true) { transaction, give in
            if let latency = transaction.latency { give(.integer(UInt64(max(0, latency)))) }
        },
        SessionField(
            "dns.opt.client.addr", .address(version: nil), "the network that a resolver asks for (EDNS client subnet)",
            example: "dns.opt.client.addr == 192.0.2.0/24"
        ) {
            transaction, give in
            if let subnet = (transaction.query ?? transaction.response)?.edns?.clientSubnet { give(.address(subnet.address)) }
        },
        .boolean("dns.malformed", "whether either message could not be read to its end", example: "dns.malformed") {
            [$0.query, $0.response].contains { $0?.problem != nil }
        },
    ]
}
