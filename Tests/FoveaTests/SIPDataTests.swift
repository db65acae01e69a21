import Foundation
import Packets
import Protocols
import TestSupport
import Testing

@testable import Fovea

@Suite struct `SIP lines` {
    private static let invite = """
        INVITE sip:john:s3cret@example.org SIP/2.0\r\nVia: SIP/2.0/UDP a:5060;branch=z9hG4bK1;rport\r\nVia: SIP/2.0/UDP b;received=c\r\n\
        From: "Ann" <sip:ann@example.net>;tag=1\r\nTo: <sip:john@example.org>\r\nCall-ID: x@y\r\nCSeq: 5 INVITE\r\nSubject: lunch\r\nDate: today\r\n\
        Reply-To: <sip:r@example.net>\r\nUser-Agent: phone 1\r\nAuthorization: Digest username="ann", response="s3cret"\r\nc: application/sdp\r\nl: 43\r\n\r\n\
        c=IN IP4 192.0.2.1\r\nm=audio 9 RTP/AVP 0\r\n\r\n
        """
    private static func answer(_ line: String) -> String {
        "SIP/2.0 \(line)\r\nv: SIP/2.0/UDP a:5060;branch=z9hG4bK1\r\nf: \"Ann\" <sip:ann@example.net>;tag=1\r\nt: <sip:john@example.org>; tag=2\r\ni: x@y\r\n"
            + "CSeq: 5 INVITE\r\nServer: switch\r\nWarning: 399 b \"no\"\r\nContent-Type: text/plain\r\n\r\nno"
    }

    private func session() throws -> SIPTransaction {
        var parser = SIPParser()
        for (second, text) in [Self.invite, Self.invite, Self.answer("180 Ringing"), Self.answer("603 Decline")].enumerated() {
            let sender = second < 2 ? Direction.originator : .responder
            _ = parser.feed(datagram: Array(text.utf8).span.bytes, missing: 0, from: sender, at: Timestamp(nanoseconds: Int64(second) * 500_000_000))
        }
        let session = parser.nextSession()
        return try #require(session)
    }

    @Test func `have the fields of Zeek's log`() throws {
        let transaction = try session(), text = LogLine.text { $0.addTransaction(transaction) }
        let fields = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let expected: [String: Any] = [
            "method": "INVITE", "uri": "sip:john@example.org", "date": "today", "request_from": "\"Ann\" <sip:ann@example.net>",
            "request_to": "<sip:john@example.org>", "response_from": "\"Ann\" <sip:ann@example.net>", "response_to": "<sip:john@example.org>",
            "reply_to": "<sip:r@example.net>", "call_id": "x@y", "seq": "5 INVITE", "subject": "lunch",
            "request_path": ["SIP/2.0/UDP a:5060", "SIP/2.0/UDP b;received=c"], "response_path": ["SIP/2.0/UDP a:5060"], "user_agent": "phone 1",
            "status_code": 603, "status_msg": "Decline", "warning": "399 b \"no\"", "request_body_len": 43, "response_body_len": 2, "content_type": "text/plain",
            "rtt": 1.5, "is_orig": true, "request_content_type": "application/sdp", "server": "switch", "provisional_count": 1, "provisional_code": 180,
            "retransmissions": 1, "request_media": ["audio 192.0.2.1 9"],
        ]
        #expect(fields as NSDictionary == expected as NSDictionary, "\(fields)")
    }

    @Test func `are Suricata's event`() throws {
        let transaction = try session()
        var line = LogLine(EventEncoder(.sip))
        line.open()
        line.add("proto", "udp")
        line.addTransaction(transaction)
        line.close()
        #expect(
            line.text.hasSuffix(
                #""event_type":"sip","proto":"UDP","sip":{"method":"INVITE","uri":"sip:john@example.org","code":"603","reason":"Decline","#
                    + #""request_line":"INVITE sip:john@example.org SIP/2.0","version":"SIP/2.0","response_line":"SIP/2.0 603 Decline"}}"#))
    }
}
