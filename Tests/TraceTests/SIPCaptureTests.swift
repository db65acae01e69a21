import Foundation
import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// What SIPp said to itself, held against what tshark reads in each message.
@Suite struct `SIP captures` {
    private typealias Message = [String: [String]]

    private static func messages() throws -> [Message] {
        let file = CaptureFolder.own.oracles.appending(path: "sip-messages.json")
        return try JSONDecoder().decode([Message].self, from: Data(contentsOf: file))
    }

    private static func found() throws -> [(session: SIPTransaction, connection: ConnectionRecord)] {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "sip" })
        return try sessions(of: SIPParser.self, in: Recording(capture))
    }

    /// The same in tshark's fields.
    private static func read(_ message: SIPMessage, _ session: SIPTransaction) -> Message {
        let isRequest = message.status == 0
        var fields: Message = [:]
        func set(_ name: String, _ value: String?) { if let value, value != "" { fields[name] = [value] } }
        set("sip.Method", message.method)
        set("sip.r-uri", message.uri)
        for name in ["sip.r-uri.user", "sip.r-uri.host"] where isRequest { set(name, Self.field(name, session)) }
        set("sip.Status-Code", isRequest ? nil : "\(message.status)")
        set("sip.Status-Line", isRequest ? nil : message.startLine)
        set("sip.Call-ID", message.callID)
        let sequence = message.sequence?.split(separator: " ").map(String.init) ?? []
        set("sip.CSeq.seq", sequence.first)
        set("sip.CSeq.method", sequence.last)
        for (name, address) in [("from", message.from), ("to", message.to), ("contact", message.contact)] {
            set("sip.\(name).user", address?.uri.user)
            set("sip.\(name).host", address?.uri.host)
            if name != "contact" { set("sip.\(name).tag", address?.tag) }
        }
        fields["sip.Via"] = message.values(.via)
        for (name, header) in [
            ("User-Agent", SIPHeader.userAgent), ("Server", .server), ("Subject", .subject), ("Max-Forwards", .maxForwards), ("Expires", .expires),
            ("Content-Length", .contentLength), ("Content-Type", .contentType), ("Warning", .warning),
        ] { set("sip.\(name)", message.value(header)) }
        for name in ["sip.auth.scheme", "sip.auth.username"] where isRequest { set(name, Self.field(name, session)) }
        if !message.media.isEmpty {
            fields["sdp.media.media"] = message.media.map { "\($0.kind)" }
            fields["sdp.media.port"] = message.media.map { "\($0.port)" }
        }
        return fields
    }

    private static func field(_ name: String, _ session: SIPTransaction) -> String? {
        var found: String?
        SIPParser.fields.first { $0.name == name }?.read(session) { value in
            switch value {
            case .bytes(let bytes): found = String(decoding: bytes, as: UTF8.self)
            case .integer(let number): found = "\(number)"
            default: break
            }
        }
        return found
    }

    /// What tshark says otherwise, and why.
    private static func expected(_ message: Message) -> Message {
        var message = message
        for name in ["frame.number", "frame.time_epoch", "sip.Via.branch", "sdp.connection_info.address", "sip.resend-original", "sip.response-request"] {
            message[name] = nil
        }
        // A password is not kept; tshark takes it for a part of the user's name.
        message["sip.r-uri"] = message["sip.r-uri"]?.map { $0.replacing(":h1dden", with: "") }
        message["sip.r-uri.user"] = message["sip.r-uri.user"]?.map { $0.replacing(":h1dden", with: "") }
        message["sip.auth.username"] = message["sip.auth.username"]?.map { $0.replacing("\"", with: "") }
        // It writes an IPv6 address as it stands, brackets included.
        for name in ["r-uri", "from", "to", "contact"] {
            message["sip.\(name).host"] = message["sip.\(name).host"]?.map { String($0.drop { $0 == "[" }.prefix { $0 != "]" }) }
        }
        // A challenge is no credential.
        if message["sip.Status-Code"] != nil { message["sip.auth.scheme"] = nil }
        return message
    }

    @Test func `each message that is not sent again and not provisional is in one session, and reads as tshark reads it`() throws {
        let read = try Self.found().flatMap { session, _ in [session.request, session.response].compactMap { $0.map { Self.read($0, session) } } }
        let all = try Self.messages()
        let wanted = all.filter { $0["sip.resend-original"] == nil && !($0["sip.Status-Code"]?.first?.hasPrefix("1") ?? false) }
        #expect(wanted.count == 55 && all.count == 68)
        var left = read
        for message in wanted.map(Self.expected) {
            let place = left.firstIndex(of: message)
            #expect(place != nil, "\(message) is not in \(left.filter { $0["sip.Call-ID"] == message["sip.Call-ID"] && $0["sip.CSeq.method"] == message["sip.CSeq.method"] })")
            if let place { left.remove(at: place) }
        }
        #expect(left == [])
    }

    @Test func `responses belong to the requests that tshark finds for them`() throws {
        let all = try Self.messages(), sessions = try Self.found().map(\.session)
        var pairs = 0
        for response in all {
            guard let frame = response["sip.response-request"]?.first, let status = response["sip.Status-Code"]?.first, !status.hasPrefix("1") else { continue }
            let request = try #require(all.first { $0["frame.number"] == [frame] })
            let session = try #require(sessions.first { session in
                guard let message = session.response else { return false }
                return Self.read(message, session) == Self.expected(response)
            })
            // It pairs with the last one that was sent, which has the same branch.
            #expect(session.request?.values(.via) == request["sip.Via"] && session.method == response["sip.CSeq.method"]?.first)
            pairs += 1
        }
        #expect(pairs == 16)
    }

    @Test func `addresses of media are those that tshark reads, where each stream has one`() throws {
        let told = try Self.messages().filter { $0["sip.resend-original"] == nil }.compactMap { $0["sdp.connection_info.address"] }.flatMap { $0 }
        let read = try Self.found().flatMap { session, _ in (session.request?.media ?? []) + (session.response?.media ?? []) }
        #expect(Set(read.compactMap { $0.address?.description }) == Set(told))
    }

    @Test func `what happened in its order`() throws {
        let lines = try Self.found().map { session, connection in
            let status = session.response.map { "\($0.status)" } ?? "-", provisional = session.provisionalCount > 0 ? " \(session.provisionalStatus)" : ""
            let again = session.retransmissions > 0 ? " again" : "", problem = session.request?.problem.map { " \($0)" } ?? ""
            return "\(connection.transport) \(connection.responder.port) \(session.method ?? "?")\(provisional) \(status)\(again)\(problem)"
        }
        let call = ["INVITE 180 200", "ACK -", "BYE 200"]
        let direct = ["udp 5060 INVITE 180 200", "udp 5060 ACK -", "udp 5060 INVITE 180 200", "udp 5060 ACK -", "udp 5060 BYE 200", "udp 5060 BYE 200"]
            + call.map { "udp 5060 \($0)" } + (call + call).map { "tcp 5062 \($0)" }
            + ["udp 5064 REGISTER 401 badHeader", "udp 5064 REGISTER 200", "udp 5066 INVITE 100 486 again", "udp 5066 ACK -"]
        #expect(Array(lines.prefix(direct.count)) == direct)
        // Through the proxy each is there twice: to it, and from it on.
        let proxied = ["udp 5070", "udp 5090", "tcp 5070", "udp 5090"].flatMap { leg in call.map { "\(leg) \($0)" } } + ["udp 5070 OPTIONS 200", "udp 5068 OPTIONS -"]
        #expect(lines.dropFirst(direct.count).sorted() == proxied.sorted())
        #expect(try Self.found().filter { $0.connection.responder.port == 5090 }.allSatisfy { $0.session.request?.path.count == 2 })
        let sessions = try Self.found().map(\.session)
        #expect(sessions.allSatisfy { $0.requested != nil } && !"\(sessions)".contains("h1dden"))
    }

    @Test(.enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package")) func `what little the shared ones have is read`() throws {
        let capture = try #require(CaptureFolder.shared.files.first { $0.name == "mixed-all-protocols-synthetic" })
        let lines = try sessions(of: SIPParser.self, in: Recording(capture)).map { session, connection in
            "\(connection.transport) \(session.method ?? "?") \(session.request?.uri ?? "-") \(session.response?.startLine ?? "-")"
        }
        #expect(
            lines == [
                "udp INVITE sip:bob@example.com -", "tcp OPTIONS sip:probe@edge.test SIP/2.0 200 OK", "tcp PUBLISH sip:watcher@edge.test -",
            ])
    }
}
