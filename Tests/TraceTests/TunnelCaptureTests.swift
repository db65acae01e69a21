import Packets
import TestSupport
import Testing
import Tracking

@Suite(.enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package")) struct `Captures with tunnels` {
    /// Packets by capture and innermost tunnel. tshark dissects as many, but for one that goes the wrong way: it comes from Geneve's port. What GTP-U
    /// carries in fragments is not counted here.
    private static let tunnels: [String: [TunnelKind: Int]] = [
        "tunnel-geneve-tls-quic": [.geneve: 263], "tunnel-gre-ssh-dns": [.gre: 40], "tunnel-gtpu-http-fragments": [.gtpu: 32],
        "tunnel-teredo": [.teredo: 4], "tunnel-vxlan-http": [.vxlan: 12], "l2-pppoe-over-qinq": [.pppoe: 86],
        "mixed-all-protocols-synthetic": [.ip: 3, .gre: 2, .vxlan: 2, .geneve: 3, .gtpu: 1, .pppoe: 1], "mixed-enterprise-capture2": [.teredo: 6],
        "mixed-enterprise-emix": [.teredo: 1], "mixed-isp-vlan-4096": [.gre: 62],
    ]

    @Test func `every tunnel is opened, and nothing else is taken for one`() throws {
        var counts: [String: [TunnelKind: Int]] = [:]
        for capture in CaptureFolder.shared.files {
            let recording = try Recording(capture)
            for packet in recording.packets(at: Array(recording.records.indices), opening: .all) {
                guard let kind = packet.tunnel else { continue }
                counts[capture.name, default: [:]][kind, default: 0] += 1
            }
        }
        #expect(counts == Self.tunnels)
    }

    /// In this one clients' packets come in Geneve and servers' without.
    @Test func `a connection that takes a tunnel one way is two, or one if the config says so`() throws {
        let capture = try #require(CaptureFolder.shared.files.first { $0.name == "tunnel-geneve-tls-quic" })
        let recording = try Recording(capture)
        let apart = try Replay(recording, .defaults, burst: 64), together = try Replay(recording, .defaults.tunnelsTogether, burst: 64)
        #expect(together.handshakes.count == 42)
        #expect(together.handshakes.allSatisfy { $0.handshake.serverName != nil && $0.handshake.version != nil })
        #expect(apart.handshakes.count == 84)
        #expect(apart.handshakes.count { $0.handshake.serverName != nil && $0.connection.tunnel?.kind == .geneve } == 42)
        #expect(apart.handshakes.count { $0.handshake.version != nil && $0.connection.tunnel == nil } == 42)
    }
}
