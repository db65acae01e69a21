import Packets

/// The names that a filter's text may use. Where Wireshark and Retina differ, both spellings are known.
enum FilterVocabulary {
    static let protocols: [String: Filter] = {
        var names: [String: Filter] = [
            "eth": .everything, "ip": .ipv4, "ipv4": .ipv4, "ipv6": .ipv6, "arp": .arp, "vlan": .vlan,
            "tcp": .tcp, "udp": .udp, "sctp": .sctp, "icmp": .icmp, "icmpv4": .icmpv4, "icmpv6": .icmpv6,
        ]
        for service in Service.allCases where service != .none { names[service.name] = .service(service) }
        return names
    }()

    static let fields: [String: TextField] = {
        let ports: [(name: String, side: Side)] = [
            ("port", .either), ("srcport", .source), ("src_port", .source), ("dstport", .destination), ("dst_port", .destination),
        ]
        let addresses: [(name: String, side: Side)] = [
            ("addr", .either), ("src", .source), ("src_addr", .source), ("dst", .destination), ("dst_addr", .destination),
        ]
        var names = ["vlan.id": TextField(presence: .vlan, kind: .number(.vlan)), "service": TextField(presence: .tcp, kind: .service)]
        for (name, side) in ports {
            names[name] = TextField(presence: .tcp || .udp || .sctp, kind: .number(.port(side)))
            names["tcp.\(name)"] = TextField(presence: .tcp, scope: .tcp, kind: .number(.port(side)))
            names["udp.\(name)"] = TextField(presence: .udp, scope: .udp, kind: .number(.port(side)))
            names["sctp.\(name)"] = TextField(presence: .sctp, scope: .sctp, kind: .number(.port(side)))
        }
        for (name, side) in addresses {
            names["ip.\(name)"] = TextField(presence: .ipv4, kind: .address(side, isIPv4: true))
            names["ipv4.\(name)"] = names["ip.\(name)"]
            names["ipv6.\(name)"] = TextField(presence: .ipv6, kind: .address(side, isIPv4: false))
        }
        return names
    }()

    /// The known name that a typo probably meant: at most one slip for every three letters away.
    static func nearest(to word: String) -> String? {
        let word = Array(word.lowercased())
        guard word.count <= 32 else { return nil }
        let names = (Array(protocols.keys) + fields.keys).sorted().map { (name: $0, slips: slips(word, Array($0))) }
        guard let best = names.min(by: { $0.slips < $1.slips }), best.slips <= max(1, word.count / 3) else { return nil }
        return best.name
    }

    /// How many letters to add, drop, change or swap with the next one to get from one word to the other.
    private static func slips(_ from: [Character], _ to: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...to.count)
        for i in from.indices {
            var row = [i + 1]
            for j in to.indices {
                var slips = min(last[j] + (from[i] == to[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] { slips = min(slips, beforeLast[j - 1] + 1) }
                row.append(slips)
            }
            (beforeLast, last) = (last, row)
        }
        return last[to.count]
    }
}
