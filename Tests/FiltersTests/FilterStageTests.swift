@testable import Filters
import Packets
import TestSupport
import Testing

@Suite struct `What a filter needs to know` {
    @Test(arguments: 0..<300 as Range<UInt64>) func `each stage wants all that the filter wants, and no less than the stage before`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let filter = FilterModel.random(depth: Int(seed % 7), using: &random).filter
        let required = FilterStage.allCases.map { filter.required(at: $0) }
        for _ in 0..<50 {
            let packet = Packet.random(using: &random)
            for source in [.a, .b] as [Endpoint] {
                // With all known there is no "unknown" left.
                for service in Service.allCases {
                    let answers = required.map { $0.match(packet, source: source, service: service) == .yes }
                    #expect(zip(answers, answers.dropFirst()).allSatisfy { $0 || !$1 }, "\(filter)")
                    #expect(answers.last == (filter.match(packet, source: source, service: service) == .yes), "\(filter)")
                }
                // And a stage is content with what is known by then.
                #expect(required[0].match(packet) != .unknown, "\(filter)")
                #expect(required[1].match(packet, source: source) != .unknown, "\(filter)")
            }
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>) func `a card that picks out its patterns loses no flow's packet that it wants`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let filter = FilterModel.random(depth: Int(seed % 7), using: &random).filter
        guard let patterns = filter.framePatterns() else { return }
        for _ in 0..<100 {
            let packet = Packet.random(using: &random)
            guard packet.kind == .flow else { continue }
            let isWanted = [.a, .b].contains { source in Service.allCases.contains { filter.match(packet, source: source, service: $0) == .yes } }
            if isWanted { #expect(patterns.contains { packet.fits($0) }, "\(filter)") }
        }
    }

    @Test(arguments: [
        ("tcp.port == 443", ["4 tcp 443 *", "4 tcp * 443", "6 tcp 443 *", "6 tcp * 443"]),
        ("udp and ip.src == 10.0.0.0/8 and ip.dst == 192.0.2.1", ["4 udp 10.0.0.0/8>192.0.2.1", "4 udp 192.0.2.1>10.0.0.0/8"]),
        ("icmp and ipv4", ["4 1", "4 58"]), ("tls", ["4 tcp", "6 tcp"]), ("tls and ipv6", ["6 tcp"]),
        ("port == 53 and ipv4", ["4 tcp 53 *", "4 udp 53 *", "4 sctp 53 *", "4 tcp * 53", "4 udp * 53", "4 sctp * 53"]),
        ("tcp and udp", []), ("tcp.port == 80 and tcp.port == 90", ["4 tcp 80 90", "4 tcp 90 80", "6 tcp 80 90", "6 tcp 90 80"]),
        ("ip.addr == 10.0.0.1 and ipv6", []),
    ]) func `patterns`(text: String, expected: [String]) throws {
        let filter = try Filter(parsing: text, in: .packets)
        #expect(Set(try #require(filter.framePatterns()).map(\.text)) == Set(expected))
    }

    @Test(arguments: ["eth", "not tcp", "tcp or arp", "frame.len > 100", "tcp.port in {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33} or vlan"])
    func `what headers of flows cannot tell has no patterns`(text: String) throws {
        #expect(try Filter(parsing: text, in: .packets).framePatterns() == nil)
    }

    @Test func `stages are those at which more becomes known`() throws {
        func stages(_ text: String) throws -> [FilterStage] { try Filter(parsing: text, in: .packets).stages }
        #expect(try stages("tcp.port == 443 and frame.len > 100") == [.packet])
        #expect(try stages("tcp.srcport == 443") == [.packet, .connection])
        #expect(try stages("tls and ip.dst == 10.0.0.1") == [.packet, .connection, .discovery])
        #expect(try stages("tls") == [.packet, .discovery])
    }
}

extension FramePattern {
    fileprivate var text: String {
        func end(_ ports: ClosedRange<UInt16>?) -> String { ports.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0)" } ?? "*" }
        var words = ["\(ipVersion ?? 0)"]
        if let transport { words.append(transport == .icmp || transport == .icmpv6 ? "\(transport.rawValue)" : "\(transport)") }
        if source != nil || destination != nil { words.append("\(source.map { "\($0)" } ?? "*")>\(destination.map { "\($0)" } ?? "*")") }
        if sourcePort != nil || destinationPort != nil { words += [end(sourcePort), end(destinationPort)] }
        return words.joined(separator: " ")
    }
}

extension Packet {
    fileprivate func fits(_ pattern: FramePattern) -> Bool {
        (pattern.ipVersion.map { $0 == (isIPv4 ? 4 : 6) } ?? true) && (pattern.transport.map { $0 == transport } ?? true)
            && (pattern.source?.contains(source) ?? true) && (pattern.destination?.contains(destination) ?? true)
            && (pattern.sourcePort?.contains(sourcePort) ?? true) && (pattern.destinationPort?.contains(destinationPort) ?? true)
    }
}
