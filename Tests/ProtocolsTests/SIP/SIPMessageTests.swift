import Filters
import Packets
import TestSupport
import Testing
@testable import Protocols

@Suite struct `SIP messages` {
    private func read(_ datagram: [UInt8]) throws -> SIPMessage {
        var parser = SIPParser()
        _ = parser.feed(datagram: datagram.span.bytes, missing: 0, from: .originator, at: .zero)
        parser.finish()
        let session = parser.nextSession()
        return try #require(session).message
    }

    private func values(_ name: String, _ session: SIPTransaction) -> [String] {
        var found: [String] = []
        SIPParser.fields.first { $0.name == name }?.read(session) { value in
            switch value {
            case .bytes(let bytes): found.append(String(decoding: bytes, as: UTF8.self))
            case .integer(let number): found.append("\(number)")
            default: found.append("\(value)")
            }
        }
        return found
    }

    @Test func `names, folds and blanks are read as RFC 4475 3.1.1.1 has them`() throws {
        let message = try read(SIPBytes.tortuous)
        #expect(message.problem == nil && message.method == "INVITE" && message.uri == "sip:vivekg@chair-dnrc.example.com;unknownparam")
        #expect(message.callID == "wsinv.ndaksdj@192.0.2.1" && message.sequence == "0009 INVITE" && message.value(.subject) == "")
        let from = try #require(message.from), to = try #require(message.to)
        #expect(from.displayName == "J Rosenberg \\\\\\\"" && from.uri.user == "jdrosen" && from.uri.host == "example.com" && from.tag == "98asjd8")
        #expect(to.uri.text == "sip:vivekg@chair-dnrc.example.com" && to.tag == "1918181833n" && to.displayName == nil)
        #expect(message.values(.via).count == 2 && message.path.first == "SIP  /   2.0 /UDP 192.0.2.2")
        #expect(message.contact?.displayName == "Quoted string \\\"\\\"" && message.contact?.uri.text == "sip:jdrosen@example.com")
        #expect(message.contentLength == 150 && message.bodyLength == 150)
        #expect(
            message.media == [
                SIPMedia(kind: .audio, address: IPAddress("192.0.2.4"), port: 49217), SIPMedia(kind: .video, address: IPAddress("192.0.2.4"), port: 3227),
            ])
    }

    @Test func `compact names are the long ones`() throws {
        let message = try read(SIPBytes.message(
            ["OPTIONS sip:x SIP/2.0", "v: SIP/2.0/UDP h;branch=z9hG4bKx", "f: <tel:+49-30-1;phone-context=x>;tag=1", "t: sip:[2001:db8::1]:5070;transport=tcp", "i: i1",
             "CSeq: 4 OPTIONS", "m: <sip:me@h>", "s: about", "c: text/plain", "l: 3", "k: path"], body: "abcde"))
        #expect(message.from?.uri.user == "+49-30-1" && message.from?.uri.host == nil && message.from?.uri.scheme == "tel" && message.from?.tag == "1")
        #expect(message.to?.uri.host == "2001:db8::1" && message.to?.uri.port == 5070 && message.to?.uri.user == nil && message.to?.uri.text == "sip:[2001:db8::1]:5070")
        #expect(message.callID == "i1" && message.contact?.uri.user == "me" && message.value(.subject) == "about" && message.value(.contentType) == "text/plain")
        #expect(message.contentLength == 3 && message.bodyLength == 3 && message.value(.supported) == "path" && message.problem == nil)
    }

    @Test func `a description's media are told, and its keys are not kept`() throws {
        let message = try read(SIPBytes.request("INVITE", body: SIPBytes.description))
        #expect(
            message.media == [
                SIPMedia(kind: .audio, address: IPAddress("192.0.2.1"), port: 49170), SIPMedia(kind: .video, address: IPAddress("2001:db8::7"), port: 51372),
            ])
        let kept = message.head.bytes.text
        #expect(!"\(message)".contains("s3cret") && !kept.contains("s3cret"))
        let many = try read(SIPBytes.request("INVITE", body: String(repeating: "m=audio 1 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127/3\r\n", count: 40) + "m=\r\nm=x\r\nm= y\r\nc=IN IP\r\n"))
        #expect(many.media.count == 16 && many.media[0].address == IPAddress("224.2.1.1"))
        #expect(try read(SIPBytes.request("INVITE", body: "m=new 0 x y\nm=audio 65536 a 0\nm=image 9 udptl t38")).media.map(\.kind) == [.other, .image])
    }

    @Test(arguments: ["Authorization", "proxy-authorization", "Authorization  ", "Authentication-Info", "Proxy-Authentication-Info"])
    func `of credentials the scheme and the user's name are kept`(name: String) throws {
        let texts = [
            "Digest username=\"ann\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", response=\"s3cret\"", "Digest realm=\"r, x\", response=\"s3cret\", username=\"ann\"",
            "digest\r\n response=s3cret,\r\n username=\"ann\" response=\"s3cret\"", "Digest username=\"ann\\\"b\",response=\"s3cret\"",
            "Basic czNjcmV0IHMzY3JldA==s3cret", "Digest username=\"s3cret", "Digest username=s3cret", "s3cret-without-a-scheme s3cret", "Digest", "",
        ]
        for text in texts {
            let bytes = SIPBytes.request("REGISTER", headers: ["\(name): \(text)", "Subject: behind"])
            let message = try read(bytes)
            #expect(message.value(.subject) == "behind" && message.problem == nil && message.callID == "1@192.0.2.1")
            let kept = message.head.bytes.text
            #expect(!kept.replacing("s3cret-without-a-scheme", with: "").contains("s3cret") && !kept.contains("realm"), "\(text): \(kept)")
            if name == "Authorization", text.contains("ann\"") { #expect(message.value(.authorization)?.lowercased().contains("digest") == true) }
        }
        let message = try read(SIPBytes.request("REGISTER", headers: ["Authorization: \(texts[1])"]))
        let session = SIPTransaction(request: message, client: .originator)
        #expect(values("sip.auth.username", session) == ["ann"] && values("sip.auth.scheme", session) == ["Digest"])
    }

    @Test func `passwords in URIs are not kept, and nothing else is lost`() throws {
        let lines = [
            "INVITE sip:john:s3cret@example.org:5070;x=y SIP/2.0", "Via: SIP/2.0/UDP a:5060;branch=z9hG4bK:s:x@h", "Call-ID: a:b:c@d",
            "From: \"sip:x:y@z\" <SIPS:ann:s3c:ret@h>;tag=1", "To: <sip:john:@example.org>", "CSeq: 1 INVITE", "X: sip:a:s3cret@h, <sip:b:s3cret@h>, mailto:q:r@h",
        ]
        let message = try read(SIPBytes.message(lines))
        #expect(message.uri == "sip:john@example.org:5070;x=y" && message.values(.via) == ["SIP/2.0/UDP a:5060;branch=z9hG4bK:s:x@h"])
        #expect(message.callID == "a:b:c@d" && message.value(.from) == "\"sip:x@z\" <SIPS:ann@h>;tag=1" && message.value(.to) == "<sip:john@example.org>")
        #expect(message.headers.last == HTTPHeader(name: "X", value: "sip:a@h, <sip:b@h>, mailto:q:r@h") && message.from?.uri.user == "ann")
    }

    @Test func `lines that are no headers are told and not kept`() throws {
        let message = try read(SIPBytes.message(
            ["INVITE sip:x SIP/2.0", " Authorization: Digest response=\"s3cret\"", "Via: x;branch=1", "s3cret", ": s3cret", "Call-ID: 1", "CSeq: 1 INVITE"]))
        #expect(message.problem == .badHeader && message.callID == "1" && message.headers.map(\.name) == ["Via", "Call-ID", "CSeq"])
        let kept = message.head.bytes.text
        #expect(!kept.contains("s3cret"))
    }

    @Test func `what is wrong is said`() throws {
        #expect(try read(SIPBytes.request("INVITE", headers: ["Content-Length: 9"], body: "abc")).problem == .bodyCut)
        #expect(try read(SIPBytes.request("INVITE", headers: ["l: x"])).problem == .badLength)
        #expect(try read(SIPBytes.message(["BYE sip:x SIP/2.0", "Via: x", "Call-ID: 1", "CSeq: 1 INVITE"])).problem == .otherMethod)
        #expect(try read(SIPBytes.message(["BYE sip:x SIP/2.0", "Via: x", "Call-ID: 1"])).problem == .noTransaction)
        #expect(try read(SIPBytes.message(["BYE sip:x SIP/2.0", "Via: x", "Call-ID: 1", "CSeq: 4294967296 BYE"])).problem == .noTransaction)
        #expect(try read(Array("BYE sip:x SIP/2.0\r\nVia: x".utf8)).problem == .headCut)
        #expect(Set(SIPProblem.allCases.map { "\($0)" }).count == SIPProblem.allCases.count)
    }

    @Test func `addresses and URIs of any form are read without harm`() {
        for text in ["", "<", ">", "<>", "sip:", "sip:@", "sip:@:", "sip:[", "sip:[::1", "sip:[]:1", "sip:a@b:99999", "\"", "\"\\", "x;tag", ";tag=", "a,b;tag=1", "<sip:a;tag=2>", "tel:"] {
            let address = SIPAddress(text)
            #expect(address.tag == nil || address.tag == "")
            #expect(address.uri.port == nil || address.uri.port == 1)
        }
        #expect(SIPAddress("*").uri.text == "*" && SIPURI("sip:h:5060").port == 5060 && SIPURI("sip:a;b@h;c?d").user == "a;b" && SIPURI("sip:h?x").host == "h")
    }

    // MARK: Fields

    @Test func `filters read what Wireshark's fields of the same name hold`() throws {
        let verifier = DatagramVerifier<SIPParser>()
        let call = try #require(verifier.parse(SIPBytes.call.map { Datagram($0.sender, $0.bytes) }).sessions.first)
        let expected: [(String, [String])] = [
            ("sip.Method", ["INVITE"]), ("sip.r-uri", ["sip:john@example.org"]), ("sip.r-uri.user", ["john"]), ("sip.r-uri.host", ["example.org"]),
            ("sip.Status-Line", ["SIP/2.0 200 OK"]), ("sip.Request-Line", ["INVITE sip:john@example.org SIP/2.0"]), ("sip.Call-ID", ["1@192.0.2.1"]),
            ("sip.from.user", ["ann"]), ("sip.from.host", ["example.net"]), ("sip.from.tag", ["a1"]), ("sip.to.user", ["john"]), ("sip.to.host", ["example.org"]),
            ("sip.to.tag", ["b2"]), ("sip.User-Agent", ["phone 1"]), ("sip.Server", ["switch 2"]), ("sip.Subject", ["lunch"]), ("sip.contact.user", []),
            ("sip.Content-Type", ["application/sdp", "application/sdp"]), ("sdp.media.media", ["audio", "video", "audio", "video"]),
            ("sip.Via", ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"]), ("sip.Warning", []), ("sip.auth.scheme", []),
        ]
        for (name, texts) in expected { #expect(values(name, call) == texts, "\(name)") }
        let numbers: [(String, [Int])] = [
            ("sip.Status-Code", [200]), ("sip.CSeq.seq", [1]), ("sip.Max-Forwards", [70]), ("sip.provisional", [2]), ("sip.resend", [0]), ("sip.answered", [1]),
            ("sip.malformed", [0]), ("sdp.media.port", [49170, 51372, 49170, 51372]), ("sip.response-time", [0]), ("sip.r-uri.port", []), ("sip.Expires", []),
        ]
        for (name, values) in numbers { #expect(self.values(name, call) == values.map(String.init), "\(name)") }
        #expect(values("sdp.connection_info.address", call).count == 4)
    }
}

extension SIPMedia {
    fileprivate init(kind: Kind, address: IPAddress?, port: UInt16) {
        self = SIPMedia.read(Array("m=\(kind == .other ? "x" : "\(kind)") \(port)\r\n\(address.map { "c=IN IP4 \($0)" } ?? "")".utf8).span.bytes)[0]
    }
}
