import Packets
@testable import Protocols

/// Messages as programs send them.
enum SIPBytes {
    static func message(_ lines: [String], body: String = "") -> [UInt8] { Array((lines.map { $0 + "\r\n" }.joined() + "\r\n" + body).utf8) }

    static func request(
        _ method: String, _ number: Int = 1, branch: String = "z9hG4bK1", call: String = "1@192.0.2.1", headers more: [String] = [], body: String? = nil
    ) -> [UInt8] {
        let lines = [
            "\(method) sip:john@example.org SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=\(branch);rport", "From: \"Ann\" <sip:ann@example.net>;tag=a1",
            "To: John <sip:john@example.org>", "Call-ID: \(call)", "CSeq: \(number) \(method)", "Max-Forwards: 70",
        ]
        return message(lines + more + length(body), body: body ?? "")
    }

    static func response(
        _ status: Int, _ reason: String = "OK", to method: String, _ number: Int = 1, branch: String = "z9hG4bK1", call: String = "1@192.0.2.1", tag: String = "b2",
        headers more: [String] = [], body: String? = nil
    ) -> [UInt8] {
        let lines = [
            "SIP/2.0 \(status) \(reason)", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=\(branch);rport=5060;received=192.0.2.1",
            "From: \"Ann\" <sip:ann@example.net>;tag=a1", "To: John <sip:john@example.org>;tag=\(tag)", "Call-ID: \(call)", "CSeq: \(number) \(method)",
        ]
        return message(lines + more + length(body), body: body ?? "")
    }

    private static func length(_ body: String?) -> [String] {
        (body == nil ? [] : ["Content-Type: application/sdp"]) + ["Content-Length: \(body?.utf8.count ?? 0)"]
    }

    static let description = """
        v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nk=clear:s3cret\r\nm=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n\
        m=video 51372/2 RTP/AVP 31\r\nc=IN IP6 2001:db8::7\r\n
        """

    /// A call: rung for, taken, acknowledged, ended.
    static let call: [(sender: Direction, bytes: [UInt8])] = [
        (.originator, request("INVITE", headers: ["User-Agent: phone 1", "Subject: lunch"], body: description)),
        (.responder, response(100, "Trying", to: "INVITE")), (.responder, response(180, "Ringing", to: "INVITE")),
        (.responder, response(200, to: "INVITE", headers: ["Server: switch 2"], body: description)),
        (.originator, request("ACK", branch: "z9hG4bK2")),
        (.responder, request("BYE", 7, branch: "z9hG4bK3")), (.originator, response(200, to: "BYE", 7, branch: "z9hG4bK3")),
    ]

    /// RFC 4475 3.1.1.1, as far as it goes in what it does to lines.
    static let tortuous = message(
        [
            "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0", "TO :", " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
            "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>", "  ;", "  tag = 98asjd8", "MaX-fOrWaRdS: 0068",
            "Call-ID: wsinv.ndaksdj@192.0.2.1", "Content-Length   : 150", "cseq: 0009", "  INVITE", "Via  : SIP  /   2.0", " /UDP", "    192.0.2.2;branch=390skdjuw",
            "s :", "NewFangledHeader:   newfangled value", " continued newfangled value", "UnknownHeaderWithUnusualValue: ;;,,;;,;",
            "Content-Type: application/sdp", "Route:", " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
            "v:  SIP  / 2.0  / TCP     spindle.example.com   ;", "  branch  =   z9hG4bK9ikj8  ,", " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
            " z9hG4bK30239", "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =", "      newvalue ;", "  secondparam ; q = 0.33",
        ],
        body: "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\n"
            + "m=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n")
}

extension SIPTransaction {
    /// Its main points in a line.
    var text: String {
        let status = response.map { "\($0.status) \($0.reason)" } ?? "-"
        let more = (provisionalCount > 0 ? " after \(provisionalCount) to \(provisionalStatus)" : "") + (retransmissions > 0 ? " sent again \(retransmissions)" : "")
        let problems = [request?.problem, response?.problem].compactMap { $0 }.map { " \($0)" }.joined()
        return "\(method ?? "?") \(request?.uri ?? "-") \(status)\(more)\(problems)"
    }
}
