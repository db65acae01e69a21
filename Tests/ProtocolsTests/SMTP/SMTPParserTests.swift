import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

@Suite struct `SMTP parser` {
    let verifier = ParserVerifier<SMTPParser>(order: .questionsFirst)

    private func client(_ lines: String...) -> Step { .bytes(.originator, lines.flatMap { Array(($0 + "\r\n").utf8) }) }
    private func server(_ lines: String...) -> Step { .bytes(.responder, lines.flatMap { Array(($0 + "\r\n").utf8) }) }

    private static let mail = [
        "Received: from mx.example.net (unknown [198.51.100.7])", "\tby mail.example.org with ESMTP id 1; Sat, 28 Nov 2026 08:00:00 +0000",
        "Received: from laptop (dsl.example.net. [2001:db8::7]) by mx.example.net; Sat, 28 Nov 2026 07:59:59 +0000",
        "From: Ann <ann@example.net>", "To: \"Doe, John\" <john@example.org>,", " jane@example.org", "CC: all@example.org", "Subject: a long", " subject",
        "Date: Sat, 28 Nov 2026 08:59:59 +0100", "Message-ID: <1@example.net>", "In-Reply-To: <0@example.org>", "Reply-To: list@example.net", "X-Mailer: test 1",
        "X-Originating-IP: [203.0.113.9]", "X-Other: Subject: none", "", "Subject: not this", "..a dot", "text", ".",
    ]
    private var greeting: [Step] {
        [server("220 mail.example.org ESMTP"), client("EHLO client.example.net"), server("250-mail.example.org", "250-PIPELINING", "250 STARTTLS")]
    }
    private func mail(_ end: String = "250 2.0.0 queued as 1") -> [Step] {
        [
            client("MAIL FROM:<ann@example.net> SIZE=100"), server("250 ok"), client("RCPT TO:<john@example.org>"), server("250 ok"),
            client("rcpt to: jane@example.org"), server("550 no Jane"), client("DATA"), server("354 go on"),
            .bytes(.originator, Self.mail.flatMap { Array(($0 + "\r\n").utf8) }), server(end),
        ]
    }

    // MARK: Mails

    @Test func `gives each mail with envelope, header and answer`() throws {
        let parsed = verifier.verify(greeting + mail() + [client("QUIT"), server("221 bye")])
        #expect(parsed.sessions.count == 1 && parsed.progress == .wantsMore)
        let mail = try #require(parsed.sessions.first)
        #expect(mail.helo == "client.example.net" && mail.sender == "ann@example.net" && mail.recipients == ["john@example.org", "jane@example.org"])
        #expect(mail.recipientCount == 2 && mail.depth == 1 && mail.replyCode == 250 && mail.lastReply == "250 2.0.0 queued as 1" && mail.problem == nil)
        #expect(mail.from == "Ann <ann@example.net>" && mail.to == ["\"Doe, John\" <john@example.org>", "jane@example.org"] && mail.cc == ["all@example.org"])
        #expect(mail.subject == "a long subject" && mail.date == "Sat, 28 Nov 2026 08:59:59 +0100" && mail.messageID == "<1@example.net>")
        #expect(mail.inReplyTo == "<0@example.org>" && mail.replyTo == "list@example.net" && mail.userAgent == "test 1" && mail.originatingAddress == "[203.0.113.9]")
        #expect(mail.path == [IPAddress("198.51.100.7")!, IPAddress("2001:db8::7")!] && mail.received.count == 2)
        #expect(mail.messageLength == UInt64(Self.mail.dropLast().reduce(0) { $0 + $1.utf8.count + 2 }))
        #expect(!mail.isFollowedByTLS && mail.authenticationMechanism == nil)
    }

    @Test func `counts the mails of a connection, and gives those that came to nothing`() {
        let parsed = verifier.verify(
            greeting + mail() + mail("554 5.7.1 looks like spam") + [
                client("MAIL FROM:<>"), server("250 ok"), client("RCPT TO:<nobody@example.org>"), server("550 unknown"), client("RSET"), server("250 ok"),
                client("MAIL FROM:<last@example.net>"), server("250 ok"),
            ])
        #expect(parsed.sessions.map(\.depth) == [1, 2, 3, 4])
        #expect(parsed.sessions.map(\.lastReply) == ["250 2.0.0 queued as 1", "554 5.7.1 looks like spam", "550 unknown", "250 ok"])
        #expect(parsed.sessions.map(\.sender) == ["ann@example.net", "ann@example.net", "", "last@example.net"])
        #expect(parsed.sessions.allSatisfy { $0.helo == "client.example.net" })
    }

    /// RFC 2920: MAIL, RCPT and DATA in one go, and the next mail behind the end of the one before.
    @Test func `gives each mail its own answer where commands are sent ahead`() {
        let group = ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<e@f>", "DATA"]
        let parsed = verifier.verify(
            greeting + [
                client(group[0], group[1], group[2], group[3]), server("250 ok", "250 ok", "450 later", "354 go on"),
                client("Subject: 1", "", "x", ".", "MAIL FROM:<g@h>", "RCPT TO:<i@j>", "RSET", "MAIL FROM:<k@l>", "RCPT TO:<m@n>", "DATA"),
                server("250 first", "250 ok", "553 who?", "250 reset", "250 ok", "250 ok", "354 go on"), client("", "y", ".", "QUIT"), server("451 second", "221 bye"),
            ])
        #expect(parsed.sessions.map(\.sender) == ["a@b", "g@h", "k@l"])
        #expect(parsed.sessions.map(\.lastReply) == ["250 first", "553 who?", "451 second"])
        #expect(parsed.sessions.map(\.subject) == ["1", nil, nil])
    }

    @Test func `takes commands again where DATA is refused`() {
        let parsed = verifier.verify(greeting + [
            client("MAIL FROM:<a@b>"), server("250 ok"), client("DATA"), server("503 nobody to send it to"), client("RCPT TO:<c@d>"), server("250 ok"),
            client("DATA"), server("354 go on"), client(".") , server("250 an empty one"),
        ], order: .given(because: "whether mail or commands follow DATA is what its answer says"))
        #expect(parsed.sessions.map(\.lastReply) == ["250 an empty one"] && parsed.sessions.map(\.recipients) == [["c@d"]] && parsed.sessions.map(\.messageLength) == [0])
    }

    /// RFC 3030: no dots are doubled, and lines of one dot mean nothing.
    @Test func `takes a mail in chunks by their length`() throws {
        let parts = ["Subject: in chu", "nks\r\n\r\n.\r\nMAIL FROM:<x@y>\r\n", ""]
        let parsed = verifier.verify(greeting + [
            client("MAIL FROM:<a@b> BODY=BINARYMIME", "RCPT TO:<c@d>"), server("250 ok", "250 ok"),
            .bytes(.originator, Array("BDAT \(parts[0].utf8.count)\r\n\(parts[0])".utf8)), server("250 chunk"),
            .bytes(.originator, Array("BDAT \(parts[1].utf8.count)\r\n\(parts[1])BDAT 0 LAST\r\n".utf8)), server("250 chunk", "250 queued"), client("QUIT"),
        ])
        let mail = try #require(parsed.sessions.first)
        #expect(parsed.sessions.count == 1 && mail.subject == "in chunks" && mail.lastReply == "250 queued" && mail.problem == nil)
        #expect(mail.messageLength == UInt64(parts.joined().utf8.count))
    }

    @Test(arguments: ["\n.\r\n", "\r\n.\n", "\n.\n"]) func `does not take a dot between lone newlines for the end, and says so`(end: String) {
        let parsed = verifier.verify(greeting + [
            client("MAIL FROM:<a@b>", "DATA"), server("250 ok", "354 go on"),
            .bytes(.originator, Array("Subject: x\r\n\r\nbody\(end)MAIL FROM:<evil@b>\r\n.\r\n".utf8)), server("250 ok"),
        ])
        #expect(parsed.sessions.map(\.sender) == ["a@b"] && parsed.sessions.map(\.problem) == [.smuggling])
    }

    @Test func `knows LMTP`() {
        let parsed = verifier.verify([server("220 LMTP ready"), client("LHLO me"), server("250 ok"), client("MAIL FROM:<a@b>"), server("250 ok")])
        #expect(parsed.sessions.map(\.helo) == ["me"])
    }

    // MARK: TLS and secrets

    @Test func `hands over to TLS once the server agrees`() throws {
        let parsed = verifier.verify(greeting + [client("STARTTLS"), server("220 go ahead")])
        #expect(parsed.progress == .handsOver)
        let session = try #require(parsed.sessions.first)
        #expect(parsed.sessions.count == 1 && session.isFollowedByTLS && session.helo == "client.example.net" && session.lastReply == "220 go ahead" && session.sender == nil)
        let refused = verifier.verify(greeting + [client("STARTTLS"), server("454 not now")] + mail(),
            order: .given(because: "whether commands or TLS follow STARTTLS is what its answer says"))
        #expect(refused.progress == .wantsMore && refused.sessions.map(\.sender) == ["ann@example.net"] && refused.sessions.map(\.isFollowedByTLS) == [false])
    }

    @Test func `keeps no password`() throws {
        let (name, word) = ("dXNlcm5hbWU=", "c2VjcmV0")
        for steps in [
            [client("AUTH PLAIN \(word)"), server("235 ok")], [client("auth PLAIN"), server("334 "), client(word), server("235 ok")],
            [client("AUTH LOGIN"), server("334 VXNlcm5hbWU6"), client(name), server("334 UGFzc3dvcmQ6"), client(word), server("535 no")],
            [client("AUTH LOGIN \(name)"), server("334 UGFzc3dvcmQ6"), client("MAIL FROM:<\(word)>"), server("535 no")],
            [client("AUTH LOGIN"), client(name), client(word), server("334 x", "334 y", "235 ok")],
        ] {
            let alone = try #require(verifier.verify(greeting + steps, order: .given(because: "what follows AUTH is a secret until it is answered")).sessions.first)
            #expect(["PLAIN", "LOGIN"].contains(alone.authenticationMechanism) && alone.sender == nil)
            let parsed = verifier.verify(greeting + steps + mail(), order: .given(because: "what follows AUTH is a secret until it is answered"))
            #expect(parsed.sessions.count == 1)
            for session in [alone] + parsed.sessions {
                #expect(!"\(session)".contains(word) && !session.recipients.contains(word))
                var texts: [String] = []
                for field in SMTPParser.fields { field.read(session) { texts.append("\($0)") } }
                #expect(!texts.contains { $0.contains(word) || $0.contains(name) })
                let kept = String(decoding: session.keptText, as: UTF8.self)
                #expect(!kept.contains(word) && !kept.contains(name))
            }
            #expect(parsed.sessions.first?.sender == "ann@example.net" && parsed.sessions.first?.replyCode == 250)
        }
    }

    // MARK: One side, gaps

    @Test func `reads a client alone and a server alone`() {
        let steps = greeting + mail() + mail()
        let alone = verifier.verify(steps.filter { if case .bytes(.originator, _) = $0 { true } else { false } })
        #expect(alone.sessions.map(\.sender) == ["ann@example.net", "ann@example.net"] && alone.sessions.map(\.replyCode) == [nil, nil])
        #expect(alone.sessions.map(\.subject) == ["a long subject", "a long subject"])
        let replies = verifier.verify(steps.filter { if case .bytes(.responder, _) = $0 { true } else { false } })
        #expect(replies.sessions.isEmpty && replies.progress == .wantsMore)
    }

    @Test func `goes on behind a gap, in a mail and between commands`() {
        let body = Self.mail.map { $0 + "\r\n" }.joined()
        let start: [Step] = greeting + [client("MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"), server("250 ok", "250 ok", "354 go on"), .bytes(.originator, Array(body.utf8.prefix(400)))]
        let inside = verifier.verify(start + [.gap(.originator, 100), .bytes(.originator, Array("rest\r\n.\r\n".utf8)), server("250 one")] + mail("250 two"))
        #expect(inside.sessions.map(\.problem) == [.gap, nil] && inside.sessions.map(\.lastReply) == ["250 one", "250 two"])
        // The server says that the mail ended in the gap.
        let end = verifier.verify(start + [.gap(.originator, 4000), server("250 one")] + mail("250 two"),
            order: .given(because: "the answer says that a mail has ended in the hole"))
        #expect(end.sessions.map(\.problem) == [.gap, nil] && end.sessions.map(\.lastReply) == ["250 one", "250 two"])
        let between = verifier.verify(greeting + [.gap(.originator, 30), .bytes(.originator, Array("x.org>\r\n".utf8)), .gap(.responder, 10), server("k")] + mail(),
            order: .given(because: "how many commands are out when the hole comes says whose the answer behind it is"))
        #expect(between.sessions.map(\.problem) == [.gap] && between.sessions.map(\.sender) == ["ann@example.net"] && between.sessions.map(\.replyCode) == [250])
    }

    // MARK: Hostile

    @Test func `waits for no more than 10,000 commands without a reply`() {
        var parser = SMTPParser()
        func feed(_ text: String, _ sender: Direction) -> ParserProgress {
            let bytes = Array(text.utf8)
            return parser.feed(bytes.span.bytes, from: sender)
        }
        _ = feed("EHLO x\r\n", .originator)
        var (most, count) = (0, 0)
        for number in 0..<30_000 {
            _ = feed(number % 3 == 0 ? "MAIL FROM:<a\(number)@b>\r\n" : number % 3 == 1 ? "RCPT TO:<c@d>\r\n" : "NOOP\r\n", .originator)
            most = max(most, parser.heldBytes)
            while parser.nextSession() != nil { count += 1 }
        }
        #expect(most < 64 << 10)
        for _ in 0..<200_000 / 1000 { _ = feed(String(repeating: "250 ok\r\n", count: 1000), .responder) }
        #expect(parser.heldBytes < 64 << 10)
        parser.finish()
        while parser.nextSession() != nil { count += 1 }
        #expect(count == 10_000)
        // The same without mails: only commands wait.
        parser = SMTPParser()
        _ = feed("EHLO x\r\n", .originator)
        for _ in 0..<30 { _ = feed(String(repeating: "NOOP\r\n", count: 1000), .originator) }
        #expect(parser.heldBytes < 64 << 10)
        #expect(feed("MAIL FROM:<a@b>\r\n", .originator) == .wantsMore)
    }

    @Test func `keeps a hundred recipients and counts ten thousand`() throws {
        let names = (0..<10_000).map { "RCPT TO:<\($0)@example.org>\r\n" }.joined()
        let parsed = verifier.parse(greeting + [client("MAIL FROM:<a@b>"), .bytes(.originator, Array(names.utf8))])
        let mail = try #require(parsed.sessions.first)
        #expect(mail.recipients.count == 100 && mail.recipientCount == 10_000 && mail.recipients.last == "99@example.org")
    }

    @Test func `refuses a line without end, and cuts a long one`() {
        for sender in [Direction.originator, .responder] {
            var parser = SMTPParser()
            let start = Array("EHLO x\r\n".utf8)
            _ = parser.feed(start.span.bytes, from: .originator)
            let flood = [UInt8](repeating: UInt8(ascii: "2"), count: 4096)
            var (progress, fed, most) = (ParserProgress.wantsMore, 0, 0)
            while progress == .wantsMore, fed < 1 << 20 {
                progress = parser.feed(flood.span.bytes, from: sender)
                fed += flood.count
                most = max(most, parser.heldBytes)
            }
            let session = parser.nextSession()
            #expect(progress == .failed(.tooLong) && fed <= 68 << 10 && most < 2048 && session != nil)
            // The same in one chunk, though its end is there.
            var other = SMTPParser()
            let line = [UInt8](repeating: UInt8(ascii: "2"), count: 68 << 10) + Array("\r\n".utf8)
            _ = other.feed(start.span.bytes, from: .originator)
            #expect(other.feed(line.span.bytes, from: sender) == .failed(.tooLong))
        }
        let parsed = verifier.parse(greeting + [client("MAIL FROM:<\(String(repeating: "a", count: 5000))>"), server("250 ok")])
        #expect(parsed.sessions.map(\.problem) == [.longLine] && parsed.sessions[0].sender!.count < 1000)
    }

    @Test func `keeps little of an endless header and an endless mail`() {
        var parser = SMTPParser()
        let start = Array("EHLO x\r\nMAIL FROM:<a@b>\r\nDATA\r\nSubject: ".utf8)
        _ = parser.feed(start.span.bytes, from: .originator)
        for piece in [Array("folded\r\n and ".utf8), Array("x\r\nTo: someone\r\nReceived: from [192.0.2.1]\r\n".utf8), [UInt8](repeating: 0x61, count: 4096)] {
            for _ in 0..<10_000 { _ = parser.feed(piece.span.bytes, from: .originator) }
            #expect(parser.heldBytes < 24 << 10)
        }
        parser.finish()
        let session = parser.nextSession()
        #expect((session?.subject?.utf8.count ?? 0) <= 16 << 10 && (session?.messageLength ?? 0) > 40_000_000)
    }

    @Test func `gives up what is not SMTP`() {
        for steps in [
            [server("220 FTP server ready"), client("USER anonymous")], [client("GET / HTTP/1.1")], [server("220 ProFTPD")],
        ] {
            let parsed = verifier.verify(steps)
            #expect(parsed.progress == .failed(.otherProtocol) && parsed.sessions.isEmpty)
        }
        let strange = verifier.parse(greeting + (0..<20).map { client("WHAT IS \($0)") })
        #expect(strange.progress == .failed(.malformed) && strange.sessions.count == 1)
    }

    @Test func `is small`() { #expect(MemoryLayout<SMTPParser>.size <= 144) }

    // MARK: Recognising

    private func probe(_ text: String) -> ProbeAnswer {
        let bytes = Array(text.utf8)
        return SMTPParser.probe(bytes.span.bytes)
    }

    @Test(arguments: [
        ("220 mail.example.org ESMTP", 26), ("220-mx LMTP\r\n", 11), ("554 no SMTP for you\r\n", 11), ("EHLO x\r\n", 6), ("helo [192.0.2.1]\r\n", 6), ("MAIL FROM:<a@b>", 11),
    ])
    func `is unsure of a beginning until it is sure`(text: String, sure: Int) {
        for length in 0...text.utf8.count { #expect(probe(String(text.prefix(length))) == (length < sure ? .unsure : .mine), "\(length)") }
    }

    @Test(arguments: [
        "220 ProFTPD Server\r\n", "220-FTP\r\n220 SMTP\r\n", "221 SMTP", "2200 SMTP", "EHLO\r\n", "EHLOx", "HELLO x", "GET /", "SSH-2.0-x\r\n", "* OK IMAP", "+OK POP3", "500 SMTP", "USER x",
    ])
    func `refuses what is not SMTP`(text: String) { #expect(probe(text) == .notMine) }

    @Test func `takes no random bytes for SMTP`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            let bytes = (0..<24).map { _ in UInt8.random(in: 0...255, using: &random) }
            let answer = SMTPParser.probe(bytes.span.bytes)
            #expect(answer != .mine)
        }
    }

    // MARK: Fields

    @Test func `has fields of envelope, header and answer`() throws {
        let session = try #require(verifier.parse(greeting + [client("AUTH PLAIN x"), server("235 ok")] + mail()).sessions.first)
        var values: [String: [FieldValue]] = [:]
        for field in SMTPParser.fields { field.read(session) { values[field.name, default: []].append($0) } }
        #expect(values["smtp.mailfrom"] == [.string("ann@example.net")] && values["smtp.rcptto"] == [.string("john@example.org"), .string("jane@example.org")])
        #expect(values["smtp.response.code"] == [.integer(250)] && values["smtp.tls"] == [.integer(0)] && values["smtp.auth.mechanism"] == [.string("PLAIN")])
        #expect(Set(values.keys) == Set(SMTPParser.fields.map(\.name)))
    }
}
