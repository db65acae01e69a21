import Foundation
import Packets
import Protocols
import TestSupport
import Testing

@testable import Fovea

/// Events whose shape is another than that of the lines. All of our captures' events were held against Suricata's etc/schema.json: what it does not have are the
/// kinds `dtls`, `x509`, `mysql`, `redis` and `mongodb`, and pgsql's `query`.
@Suite struct `Events` {
    private func config(_ format: OutputFormat, _ types: [AnySubscription]) -> String {
        "format = \"\(format.rawValue)\"\nmemory_budget = \"16 GiB\"\n[offline]\npcap = \"x\"\n[conntrack]\nmax_connections = 4000"
            + types.map { "\n[[subscriptions]]\nname = \"\($0.name)\"" }.joined()
    }

    private func events(_ capture: String, _ type: AnySubscription) throws -> [[String: Any]] {
        try RunFolder.events(config(.eve, [type]), on: CaptureFolder.own.captures.appending(path: "\(capture).pcap").path)
    }

    private func texts(_ capture: String, _ type: AnySubscription, _ kind: String) throws -> [String] {
        try events(capture, type).map { event in
            let data = try JSONSerialization.data(withJSONObject: event[kind] ?? [:], options: [.sortedKeys, .withoutEscapingSlashes])
            return String(decoding: data, as: UTF8.self)
        }
    }

    @Test(arguments: CaptureFolder.own.files) func `there is one for each line of types that have them`(capture: CaptureName) throws {
        for type in DataTypes.all {
            guard let event = ((type as Any) as? any LoggedSubscription.Type)?.log.event else { continue }
            let folder = RunFolder()
            let lines = try #require(try folder.run(config(.jsonl, [type]), on: capture.path).results["\(type.name).jsonl"]).objects()
            let events = try RunFolder.events(config(.eve, [type]), on: capture.path)
            #expect(events.count == lines.count)
            #expect(events.allSatisfy { $0["event_type"] as? String == "\(event)" && $0["\(event)"] is [String: Any] && $0["proto"] != nil && $0["flow_id"] != nil })
        }
    }

    @Test func `pgsql has request and response`() throws {
        let found = try texts("postgresql", PostgreSQLData.self, "pgsql")
        #expect(
            found.contains(
                #"{"request":{"protocol_version":"3.0","sasl_authentication_mechanism":"SCRAM-SHA-256","startup_parameters":{"optional_parameters":[{"database":"nowhere"},{"application_name":"psql"}],"user":"admin"}},"#
                    + #""response":{"code":"3D000","message":"database \"nowhere\" does not exist","severity_non_localizable":"FATAL"}}"#))
        #expect(found.contains { $0.contains(#""request":{"simple_query":"#) && $0.contains(#""command_completed":"SELECT 2""#) && $0.contains(#""data_rows":2"#) })
        #expect(found.contains(#"{"request":{"message":"SSL Request"},"response":{"ssl_accepted":true}}"#))
        #expect(found.contains { $0.contains(#""message":"cancel_request""#) } && !found.joined().contains("secret"))
    }

    @Test func `dhcp and ntp are as Suricata has them`() throws {
        let leases = try texts("dhcp", DHCPData.self, "dhcp")
        #expect(leases.contains { $0.contains(#""dhcp_type":"ack""#) && $0.contains(#""renewal_time""#) && $0.contains(#""routers":["192.0.2.2"]"#) })
        #expect(leases.contains { $0.contains(#""type":"request""#) && $0.contains(#""dhcp_type":"release""#) })
        #expect(leases.allSatisfy { $0.contains(#""client_mac":"02:00:00:00:00:01""#) })
        let times = try texts("ntp", NTPData.self, "ntp")
        #expect(times.contains(#"{"mode":4,"reference_id":"7f:7f:01:01","stratum":8,"version":4}"#))
    }

    @Test func `tls has the server's certificate, and x509 each one`() throws {
        let found = try texts("tls", TLSData.self, "tls").first { $0.contains("fingerprint") }
        let tls = try #require(found)
        #expect(tls.contains(#""fingerprint":"57:2f:cb:7d:8c:e1:4f:98:25:a2:e3:38:c0:3a:e3:cf:1e:cc:76:8d""#) && tls.contains(#""serial":"0B:A0:BF:"#))
        #expect(tls.contains(#""notbefore":"2026-11-21T11:53:40""#) && tls.contains(#""notafter":"2054-04-07T11:53:40""#))
        let certificates = try texts("tls", X509Data.self, "x509")
        #expect(certificates.contains { $0.contains(#""fingerprint":"57:2f:cb:"#) && $0.contains(#""issuerdn":"CN=example.org""#) && $0.contains(#""host_cert":true"#) })
    }

    @Test func `the client's certificate stands in an object of its own`() throws {
        // A chain of none, and lines that end behind it.
        var line = LogLine(EventEncoder(.tls))
        line.open()
        line.addToEvent { event in
            event.add("a", .integer(1))
            event.add("client", object: { $0.add("empty", object: { _ in }) })
            event.add("b", .integer(2))
        }
        line.close()
        #expect(line.text.hasSuffix(#""tls":{"a":1,"client":{"empty":{}},"b":2}}"#))
    }
}

extension RunFolder {
    /// The events of a run.
    fileprivate static func events(_ config: String, on capture: String) throws -> [[String: Any]] {
        let folder = RunFolder()
        let run = try folder.run(config, on: capture)
        #expect(run.summary.problems == [])
        return try #require(folder.files()["eve.json"]).objects()
    }
}
