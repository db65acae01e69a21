import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// The oracles do not tell of SMTP; what smtplib and aiosmtpd said to each other is known from the script that had them do so.
@Suite struct `SMTP captures` {
    private func found<Parser: SessionParser>(_ parser: Parser.Type) throws -> [(session: Parser.Session, connection: ConnectionRecord)] {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "smtp" })
        return try sessions(of: parser, in: Recording(capture))
    }

    @Test func `mails of smtplib read as they were sent`() throws {
        let mails = try found(SMTPParser.self).map(\.session)
        let lines = mails.map { mail in
            "\(mail.depth) \(mail.helo ?? "-") \(mail.sender ?? "-") \(mail.recipients.joined(separator: ",")) \(mail.subject ?? "-") \(mail.lastReply ?? "-")"
        }
        let long = "two, of a subject that is so long that it does not fit into one line of seventy-eight characters"
        #expect(
            lines == [
                "1 client.example.net ann@example.net john@example.org one 250 2.0.0 queued as 4711",
                "2 client.example.net ann@example.net john@example.org,jane@example.org \(long) 250 2.0.0 queued as 4711",
                "3 client.example.net ann@example.net john@example.org three 554 5.7.1 looks like spam",
                "4 client.example.net ann@example.net nobody@example.org - 550 5.1.1 there is nobody",
                "1 client.example.net ann@example.net john@example.org six 250 2.0.0 queued as 4711",
                "1 client.example.net -  - 220 Ready to start TLS",
                "1 ahead.example.net a@example.net john@example.org ahead 250 2.0.0 queued as 4711",
                // Of a connection without a mail, once it is over.
                "1 client.example.net -  - 535 5.7.8 Authentication credentials invalid",
            ])
        #expect(mails.map(\.authenticationMechanism) == [nil, nil, nil, nil, "PLAIN", nil, nil, "LOGIN"])
        #expect(mails.map(\.isFollowedByTLS) == [false, false, false, false, false, true, false, false])
        #expect(mails.map(\.problem) == [nil, nil, nil, nil, nil, nil, nil, nil])
        #expect(mails[0].from == "Ann <ann@example.net>" && mails[1].to == ["john@example.org", "jane@example.org"] && mails[0].path == [IPAddress("198.51.100.7")!])
        #expect(mails.allSatisfy { $0.started != nil })
    }

    @Test func `TLS behind STARTTLS is found`() throws {
        let handshakes = try found(TLSParser.self)
        #expect(handshakes.count == 1 && handshakes.first?.session.serverHello != nil)
    }
}
