import Filters

extension SMTPParser {
    /// Wireshark names lines, not what they mean: names are those of Zeek's smtp.log, and Wireshark's where it has one.
    public static let fields: [SessionField<SMTPTransaction>] = [
        .name("smtp.helo", "the client's name for itself", example: "smtp.helo == \"localhost\"") { $0.helo },
        .name("smtp.mailfrom", "who is told of failures; empty in a report of one", example: "smtp.mailfrom ends_with \"@example.org\"") { $0.sender },
        .strings("smtp.rcptto", "whom the mail is for", example: "smtp.rcptto contains \"@example.org\"") { $0.recipients },
        .integer("smtp.rcptto.count", max: 0xffff_ffff, "how many it is for", example: "smtp.rcptto.count > 50") { UInt64($0.recipientCount) },
        .string("smtp.from", "the mail's own From", example: "smtp.from contains \"boss\"") { $0.from },
        .strings("smtp.to", "an address in the mail's To", example: "smtp.to contains \"all@\"") { $0.to },
        .string("smtp.subject", "the mail's subject, as it was sent", example: "smtp.subject ~ \"(?i)invoice\"") { $0.subject },
        .string("smtp.msg_id", "the mail's number", example: "smtp.msg_id ends_with \"@localhost>\"") { $0.messageID },
        .string("smtp.user_agent", "the program that wrote the mail", example: "smtp.user_agent contains \"PHPMailer\"") { $0.userAgent },
        .integer("smtp.response.code", max: 599, "how the server answered last", example: "smtp.response.code >= 500") { $0.replyCode.map { UInt64($0) } },
        .string("smtp.last_reply", "the same in words", example: "smtp.last_reply contains \"spam\"") { $0.lastReply },
        .integer("smtp.message.length", max: .max, "octets of the mail", example: "smtp.message.length > 1000000") { $0.hasMail ? $0.messageLength : nil },
        .string("smtp.auth.mechanism", "by what means the client proves itself", example: "smtp.auth.mechanism == \"LOGIN\"") { $0.authenticationMechanism },
        .boolean("smtp.tls", "whether the connection goes on in TLS", example: "not smtp.tls") { $0.isFollowedByTLS },
        .integer("smtp.trans_depth", max: 0xffff_ffff, "which mail of its connection it is", example: "smtp.trans_depth > 10") { UInt64($0.depth) },
        .boolean("smtp.smuggling", "whether a line of one dot stands in the mail, with a newline beside it that is not CR LF", example: "smtp.smuggling") {
            $0.problem == .smuggling
        },
    ]
}
