import Packets
import Protocols
import Tracking

/// `data = "smtp"`: a line for each mail, once the server has said whether it takes it. Fields are those of Zeek's smtp.log.
struct SMTPData: SessionLines {
    typealias Parser = SMTPParser

    static let name = "smtp"
    static let summary = "mails that are handed over by SMTP: envelope, header, how the server answered, whether TLS follows"

    static func add(_ transaction: SMTPTransaction, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: transaction.started)
        line.addTransaction(transaction, of: connection)
    }
}

extension LogLine {
    /// What a line says of a mail. Fields are those of Zeek's smtp.log, and a few more at the end.
    public mutating func addTransaction(_ mail: SMTPTransaction, of connection: ConnectionRecord) {
        add("trans_depth", mail.depth)
        add("helo", mail.helo)
        add("mailfrom", mail.sender)
        add("rcptto", ifAny: mail.recipients)
        add("date", mail.date)
        add("from", mail.from)
        add("to", ifAny: mail.to)
        add("cc", ifAny: mail.cc)
        add("reply_to", mail.replyTo)
        add("msg_id", mail.messageID)
        add("in_reply_to", mail.inReplyTo)
        add("subject", mail.subject)
        add("x_originating_ip", mail.originatingAddress)
        let received = mail.received
        add("first_received", received.first)
        add("second_received", received.count > 1 ? received[1] : nil)
        add("last_reply", mail.lastReply)
        // From here backwards, as Zeek has it.
        add("path", ([connection.responder.address, connection.originator.address] + mail.path).map(\.description))
        add("user_agent", mail.userAgent)
        add("tls", mail.isFollowedByTLS)
        add("rcpt_count", mail.recipientCount)
        add("message_bytes", mail.messageLength)
        add("auth_mechanism", mail.authenticationMechanism)
        if let problem = mail.problem { add("problem", "\(problem)") }
    }

    private mutating func add(_ key: StaticString, ifAny values: [String]) {
        if !values.isEmpty { add(key, values) }
    }
}
