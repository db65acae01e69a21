import TOMLKit
import TestSupport
import Testing

@testable import Fovea

@Suite struct `Line look-up` {
    @Test(arguments: [
        ("[conntrack]\nmax_connections = 3", 2),
        ("[ conntrack ] # [conntrack]\n\n# max_connections = 1\n  max_connections=3", 4),
        ("main_core = 0\nconntrack.max_connections = 3", 2),
        ("\n conntrack . max_connections = 3", 2),
        ("conntrack = { midstream = true, max_connections = 3 }", 1),
        ("[x]\nmax_connections = 1\n[conntrack]\nmidstream = true\nmax_connections = 3\n[y]\nmax_connections = 1", 5),
        ("[conntrack]\n\"max_connections\" = 3", 2),
        ("[conntrack]\n'max_connections' = 3", 2),
        ("['conntrack']\n\"max\\u005fconnections\" = 3", 2),
        ("[\"conntrack\"]\r\n# Windows\r\nmax_connections = 3\r\n", 3),
        ("a = \"\"\"\n[conntrack]\nmax_connections = 1\n\"\"\"\n[conntrack]\nmax_connections = 3", 6),
        ("a = '''\n[conntrack]\nmax_connections = 1\n'''\n[conntrack]\nmax_connections = 3", 6),
        ("a = \"\"\"\n\\\"\"\"\nconntrack.max_connections = 1 \"\"\"\"\"\nconntrack.max_connections = 3", 4),
        ("a = '''\\'''\nconntrack.max_connections = 3", 2),
        ("a = ''\nb = \"\"\nconntrack.max_connections = 3", 3),
        ("a = \"conntrack.max_connections = \\\" # \\\\\"\nconntrack.max_connections = 3", 2),
        ("a = [\n'conntrack.max_connections = 1', # ]\n[{b = 1}, [2], ],\n1979-05-27, 1.5\n]\nconntrack.max_connections = 3", 6),
        ("a = {b = ']', c = '}', d = [ {} ]}\nconntrack.max_connections = 3", 2),
        ("[a]\nconntrack.max_connections = 1\n['a.conntrack']\nmax_connections = 1\n[conntrack]\nmax_connections = 3", 6),
        ("\u{FEFF}conntrack.max_connections = 3", 1),
        ("# Käse 🧀\n\nconntrack.max_connections = 3", 3),
    ])
    func `finds a key however it is spelt`(text: String, line: Int) throws {
        _ = try TOMLTable(string: text)
        #expect(ConfigLocator(text).line(of: ["conntrack", "max_connections"]) == line)
    }

    @Test func `counts arrays of tables`() {
        let locator = ConfigLocator(
            """
            [[online.ports]]
            device = "a"
            [[online.ports]]
            device = "b"
            cores = [
                1,
                2, 3,
            ]
            [[online.ports.x]]
            y = 1
            [[online.ports.x]]
            y = 2
            [online]
            mtu = 1500
            """)
        #expect(locator.line(of: ["online", "ports", 0]) == 1)
        #expect(locator.line(of: ["online", "ports", 0, "device"]) == 2)
        #expect(locator.line(of: ["online", "ports", 1]) == 3)
        #expect(locator.line(of: ["online", "ports", 1, "device"]) == 4)
        #expect(locator.line(of: ["online", "ports", 1, "cores"]) == 5)
        #expect(locator.line(of: ["online", "ports", 1, "cores", 0]) == 6)
        #expect(locator.line(of: ["online", "ports", 1, "cores", 2]) == 7)
        #expect(locator.line(of: ["online", "ports", 1, "x", 0, "y"]) == 10)
        #expect(locator.line(of: ["online", "ports", 1, "x", 1, "y"]) == 12)
        #expect(locator.line(of: ["online", "mtu"]) == 14)
    }

    @Test func `counts the elements of inline arrays`() {
        let locator = ConfigLocator("online.ports = [\n{ device = 'a' },\n{ device = 'b',\tcores = [1, 'x'] } ]")
        #expect(locator.line(of: ["online", "ports", 0, "device"]) == 2)
        #expect(locator.line(of: ["online", "ports", 1, "cores", 1]) == 3)
    }

    @Test func `falls back on the table for what is not there`() {
        let locator = ConfigLocator("main_core = 1\n[[online.ports]]\n[[online.ports]]")
        #expect(locator.line(of: ["online", "ports", 1, "device"]) == 3)
        #expect(locator.line(of: ["conntrack"]) == nil)
        #expect(locator.line(of: []) == nil)
    }

    /// Whatever text TOMLKit reads keys from, the locator saw the same keys.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func `agrees with the parser`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let text = everyKey.mutated(&random)
            let locator = ConfigLocator(text)
            guard locator.trap == nil, !text.utf8.contains(0), let table = try? TOMLTable(string: text) else { continue }
            for place in places(in: table.tomlValue, at: []) { #expect(place.count > 8 || locator.lines[place] != nil, "\(place) in \(text)") }
        }
    }

    /// On other text it has nothing to say, but says it.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func `ends on any text`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let alphabet = "ab=.,#[]{}\"'\\\n\r \u{E9}".unicodeScalars
            let text = String(String.UnicodeScalarView((0..<60).map { _ in alphabet.randomElement(using: &random)! }))
            #expect(ConfigLocator(text).line(of: ["-"]) == nil)
        }
    }

    private func places(in value: TOMLValue, at place: ConfigPlace) -> [ConfigPlace] {
        var inside: [ConfigPlace] = []
        if let table = value.table {
            for key in table.keys { inside += places(in: table[key]!.tomlValue, at: place + [.key(key)]) }
        } else if let array = value.array {
            for (index, element) in array.enumerated() { inside += places(in: element.tomlValue, at: place + [.index(index)]) }
        }
        return place.isEmpty ? inside : [place] + inside
    }
}
