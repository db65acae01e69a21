import Capture
import Packets
import TestSupport

/// Three connections that go on beside every attack: a TLS handshake of `Tests/Traces/tls.pcap`, two queries with their answers over UDP, and a plain
/// stream over TCP. Their addresses are those that RFC 5737 keeps for documentation; attacks have others.
enum Honest {
    static let networks = ["192.0.2.0", "198.51.100.0", "203.0.113.0"].map { IPPrefix(IPAddress($0)!, length: 24)! }

    /// Their frames, in the order of sending, one of each in turn.
    static let frames: [Octets] = {
        var flows = [tls, queries, stream]
        var frames: [Octets] = []
        while flows.contains(where: { !$0.isEmpty }) {
            for index in flows.indices where !flows[index].isEmpty { frames.append(flows[index].removeFirst()) }
        }
        return frames
    }()

    /// Whether what was told of them, with nobody else there, is what they are.
    static func isTold(by stories: [Story]) -> Bool {
        guard stories.count == 3 else { return false }
        let told = Dictionary(grouping: stories) { $0.record.responder.port }
        guard let tls = told[8443]?.first, let queries = told[53]?.first, let stream = told[80]?.first else { return false }
        return tls.names == [serverName] && tls.state == .sf && queries.bytes.originator == Octets(0..<60) && queries.bytes.responder == Octets(60..<240)
            && stream.bytes.originator == Talk.bytes(1..<151) && stream.bytes.responder == Talk.bytes(1..<3501, .responder) && stream.state == .sf
            && stories.allSatisfy { $0.gaps.isEmpty && $0.conflicts.isEmpty }
    }

    private static let serverName = "mail.example.org"

    /// The connection of this client port.
    private static let tls: [Octets] = {
        var frames: [Octets] = []
        guard var file = try? CaptureFile(path: CaptureFolder.own.captures.appending(path: "tls.pcap").path) else { return [] }
        while let frame = try? file.next() {
            let packet = Packet(frame)
            guard [packet.sourcePort, packet.destinationPort].contains(49518) else { continue }
            frames.append(Octets(UnsafeRawBufferPointer(start: frame.bytes, count: Int(frame.length))))
        }
        return frames
    }()

    private static let queries: [Octets] = {
        let client = End(0xc633_6407, 5353), server = End(0xc633_6435, 53)
        return [
            udpFrame(client, server, Octets(0..<30)), udpFrame(server, client, Octets(60..<150)), udpFrame(client, server, Octets(30..<60)),
            udpFrame(server, client, Octets(150..<240)),
        ]
    }()

    private static let stream: [Octets] = {
        var talk = Talk()
        (talk.client, talk.server) = (End(0xcb00_7105, 51000), End(0xcb00_7150, 80))
        talk.say(">S <SA >A >PA100 <A <PA1400 >A <PA1400 >A >PA50 <A <PA700 >A >FA <FA >A")
        return talk.packets.map(\.bytes)
    }()
}
