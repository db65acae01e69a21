import Filters
import Packets
import TestSupport
import Testing
import Tracking

@Suite struct `Filter mutations` {
    static let good = `Filter truth`.predicates + FieldCatalog.standard.fields.map(\.example) + [
        "tls.sni matches r\"\\.example\\.(org|net)$\" and not (tcp.port in {80, 8000..8999} or ip.src in $bad)", "/* c */ tcp # d\n or udp",
        "ip.addr in {10.0.0.0/8, $bad}",
        "tls.alpn == 'a\\x41\\n' and tls.random contains 16:03:01:ff", "tcp.flags.syn == true && tcp.flags.ack == 0 || !vlan",
    ]

    static let lists: FilterLists = {
        var lists = FilterLists()
        lists.add("bad", values: ["10.0.0.1", "192.0.2.0/24"])
        return lists
    }()

    @Test(arguments: 0..<20 as Range<UInt64>) func `never trap, and always say where`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let scraps = [
            "\"", "'", "\\", "$", "(", ")", "{", "}", "..", ",", "!", "=", "~", "#", "/*", "*/", "é", "\u{301}", "\0", "\r\n", "0x",
            "999999999999999999999", ":", "-", "r\"", "ms", " ",
        ]
        for _ in 0..<100 {
            var text = Self.good.randomElement(using: &random)!
            if Bool.random(using: &random) { text += [" and ", " or ", " "].randomElement(using: &random)! + Self.good.randomElement(using: &random)! }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                var scalars = Array(text.unicodeScalars)
                let place = Int.random(in: 0...scalars.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0 where place < scalars.count: scalars.remove(at: place)
                case 1 where place < scalars.count: scalars.insert(scalars[place], at: place)
                case 2 where place + 1 < scalars.count: scalars.swapAt(place, place + 1)
                case 3: scalars.removeSubrange(place..<min(scalars.count, place + 5))
                default: scalars.insert(contentsOf: scraps.randomElement(using: &random)!.unicodeScalars, at: place)
                }
                text = String(String.UnicodeScalarView(scalars))
            }
            do {
                let filter = try Filter(parsing: text, lists: Self.lists)
                #expect(try Filter(parsing: filter.description, lists: Self.lists) == filter, "\(text)")
            } catch {
                #expect((1...text.count + 1).contains(error.column), "\(text)")
                #expect(!error.message.isEmpty)
                #expect(error.description.split(separator: "\n").count == 3, "\(text)")
            }
        }
    }
}
