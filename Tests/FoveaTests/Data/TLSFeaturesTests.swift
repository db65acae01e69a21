import Foundation
import Packets
import TestSupport
import TestWire
import Testing

@testable import Fovea

/// The subscription that is shipped: `subscriptions/TLSFeatures.swift`.
@Suite struct `TLS features` {
    private static func record(_ type: UInt8, _ content: Octets) -> Octets { [type, 3, 3] + big(UInt16(content.count)) + content }
    private static func message(_ type: UInt8, _ content: Octets) -> Octets { record(22, [type, 0] + big(UInt16(content.count)) + content) }
    private static let clientHello: Octets = {
        let host = [0] + big(15 as UInt16) + Octets("www.example.org".utf8)
        let list = big(UInt16(host.count)) + host
        let extensions = big(0 as UInt16) + big(UInt16(list.count)) + list
        return message(1, [3, 3] + Octets(0..<32) + [0, 0, 2, 0x13, 1, 1, 0] + big(UInt16(extensions.count)) + extensions)
    }()
    private static let serverHello = message(2, [3, 3] + Octets(0..<32) + [0, 0x13, 1, 0]) + record(20, [1]) + record(23, Octets(repeating: 7, count: 900))
    private static let answer = record(20, [1]) + record(23, Octets(repeating: 8, count: 60))

    /// A connection; what it says is the same whatever happens to its packets.
    private static func talk(_ words: String = ">S <SA >A >PA1 <PA1 >PA1 <PA1 >FA <FA") -> Talk {
        var talk = Talk()
        talk.payloads = [clientHello, serverHello, answer, record(23, Octets(repeating: 9, count: 1200))]
        talk.say(words)
        return talk
    }

    private func line(_ talk: Talk, _ settings: String = "") throws -> [String: Any] {
        let data = DataLines()
        let lines = try data.lines(of: "tls_features", on: try data.folder.capture(talk.packets), settings, types: [TLSFeatures.self])
        #expect(lines.count == 1)
        return lines.first ?? [:]
    }

    private static let origRecords = [clientHello.count - 5, 1, 60], respRecords = [serverHello.count - 5 - 6 - 905, 1, 900, 1200]

    private func check(_ line: [String: Any], _ talk: Talk) {
        #expect(line.text("server_name") == "www.example.org" && line.text("version") != nil, "\(line)")
        #expect(line.numbers("orig_tls_records") == Self.origRecords && line.numbers("resp_tls_records") == Self.respRecords, "\(line)")
        var sizes: [Int] = []
        for frame in FrameMemory(talk.packets).frames where Packet(frame).payloadLength > 0 { sizes.append(Int(Packet(frame).payloadLength)) }
        #expect(line.numbers("splt_size") == sizes)
        #expect(line.numbers("splt_direction")?.count == sizes.count)
        #expect(line.number("orig_pkts")! + line.number("resp_pkts")! == talk.packets.count)
    }

    @Test func `have the handshake, the first packets and records, and the connection`() throws {
        let talk = Self.talk()
        let line = try line(talk)
        check(line, talk)
        #expect(line.numbers("splt_direction") == [0, 1, 0, 1] && line.text("conn_state") == "SF" && line.double("tcp_handshake") == 0.002)
    }

    /// The filter decides at the ClientHello, at the handshake's end, or at the connection's.
    @Test(arguments: ["tls", "tcp", "tls.sni exists", "tls.sni ends_with 'example.org' and conn.pkts >= 5"])
    func `are the same whenever the filter can tell`(filter: String) throws {
        let talk = Self.talk()
        check(try line(talk, "filter = \"\(filter)\""), talk)
    }

    /// With the SYN first; everything else as it happens to come.
    @Test(arguments: 0..<60 as Range<UInt64>) func `are the same in any order of packets`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var talk = Self.talk()
        talk.packets[2..<7].shuffle(using: &random)
        if seed % 3 == 0 { talk.packets.insert(talk.packets[Int.random(in: 3..<7, using: &random)], at: 5) }
        for index in talk.packets.indices { talk.packets[index].time = start + Int64(index) * 1_000_000 }
        check(try line(talk), talk)
    }

    @Test func `come although something is missing`() throws {
        // The ClientHello comes with the packet that completes the TCP handshake.
        let early = Self.talk(">S <SA >PA1 <PA1 >PA1 <PA1")
        check(try line(early), early)
        // Nothing but the ClientHello.
        let alone = try line(Self.talk(">S <SA >A >PA1"))
        #expect(alone.numbers("orig_tls_records") == [Self.origRecords[0]] && alone.text("end_reason") == "drained")
        // A segment was lost: what lies behind it is no record's beginning any more.
        var lossy = Self.talk()
        lossy.packets.remove(at: 4)
        let lost = try line(lossy)
        #expect(lost.numbers("resp_tls_records") == [] && lost.numbers("splt_size")?.count == 3)
    }

    @Test func `of a real capture agree with its handshakes`() throws {
        let data = DataLines()
        let capture = CaptureFolder.own.captures.appending(path: "tls.pcap").path
        let lines = try data.lines(of: "tls_features", on: capture, types: [TLSFeatures.self])
        let handshakes = try data.lines(of: "tls", on: capture)
        func names(_ lines: [[String: Any]]) -> Set<String> { Set(lines.compactMap { line in line.text("server_name").map { line.text("uid")! + $0 } }) }
        #expect(lines.count == 11 && names(lines) == names(handshakes))
        for line in lines {
            #expect(line.numbers("splt_size")?.reduce(0, +) ?? 0 > 0)
            #expect(line.numbers("orig_tls_records")?.isEmpty == false)
        }
    }
}
