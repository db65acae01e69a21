import Packets
import Protocols
import Tracking

/// `data = "dns"`: a line for each DNS question with its answer, as soon as that came. Fields are those of Zeek's dns.log.
struct DNSData: SessionLines {
    typealias Parser = DNSParser

    static let name = "dns"
    static let summary = "DNS questions with their answers, as soon as these are known: names, types, response codes, addresses, latency"

    static func add(_ transaction: DNSTransaction, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: transaction.queried ?? transaction.answered)
        line.add("proto", connection.transport.description)
        line.addTransaction(transaction)
    }
}

extension LogLine {
    /// What a line says of a DNS transaction. Fields are those of Zeek's dns.log, and a few more at the end.
    public mutating func addTransaction(_ transaction: DNSTransaction) {
        add("trans_id", transaction.id)
        if let latency = transaction.latency { add("rtt", seconds: latency) }
        if let question = transaction.question {
            add("query", question.name)
            add("qclass", question.qclass)
            add("qclass_name", DNSClass.name(question.qclass))
            add("qtype", question.type)
            add("qtype_name", DNSType.name(question.type))
        }
        if let response = transaction.response {
            add("rcode", response.responseCode)
            add("rcode_name", DNSResponseCode.name(response.responseCode))
            add("AA", response.isAuthoritative)
            add("TC", response.isTruncated)
        }
        let message = transaction.query ?? transaction.response
        add("RD", message?.recursionDesired ?? false)
        add("RA", transaction.response?.recursionAvailable ?? false)
        add("Z", message?.reservedBits ?? 0)
        if let response = transaction.response {
            let answers = response.answers
            add("answers", answers.map { $0.data.text($0.type) })
            add("TTLs", answers.map(\.timeToLive))
            add("rejected", answers.isEmpty && response.responseCode != 0)
            add("answer_count", response.answerCount)
        }
        add("opcode", message?.opcode ?? 0)
        if let edns = transaction.query?.edns ?? transaction.response?.edns {
            add("edns_udp_size", edns.payloadSize)
            add("edns_do", edns.wantsSignatures)
            if let subnet = edns.clientSubnet { add("edns_client_subnet", "\(subnet.address)/\(subnet.sourcePrefix)") }
        }
        if let problem = transaction.response?.problem ?? transaction.query?.problem { add("problem", "\(problem)") }
        addToEvent { event in
            event.add("version", .integer(2))
            event.add("type", .text(transaction.response == nil ? "query" : "answer"))
            guard let response = transaction.response, !response.answers.isEmpty else { return }
            event.add("answers", objects: response.answers) { answer, object in
                object.add("rrname", answer.name)
                object.add("rrtype", DNSType.name(answer.type))
                object.add("ttl", answer.timeToLive)
                object.add("rdata", answer.data.text(answer.type))
            }
        }
    }
}
