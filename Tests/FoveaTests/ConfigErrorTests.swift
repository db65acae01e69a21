import Foundation
import Testing

@testable import Fovea

/// A key with so many dots.
private func dots(_ count: Int) -> String { String(repeating: "a.", count: count) + "a" }

@Suite struct `Configuration errors` {
    @Test(arguments: [
        // A typo in each table.
        ("[offline]\npcap = 'x'\nmain_cor = 1", "3: main_cor: no such setting in [offline]"),
        ("main_cor = 1\noffline.pcap = 'x'", "1: main_cor: no such setting; did you mean main_core?"),
        ("mempool.cahce_size = 1\noffline.pcap = 'x'", "1: cahce_size: no such setting in [mempool]; did you mean cache_size?"),
        ("[offline]\npcap = 'x'\nmtv = 1", "3: mtv: no such setting in [offline]; did you mean mtu?"),
        ("[online]\nnb_rx = 1", "2: nb_rx: no such setting in [online]; did you mean nb_rxd?"),
        ("[[online.ports]]\ndevice = 'a'\ncores = [1]\ncore = 1", "4: core: no such setting in [[online.ports]]; did you mean cores?"),
        ("offline.pcap = 'x'\n[conntrack]\nmax_conections = 1", "3: max_conections: no such setting in [conntrack]; did you mean max_connections?"),
        ("offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\nfitler = 'b'", "4: fitler: no such setting in [[subscriptions]]; did you mean filter?"),
        ("offline.pcap = 'x'\n[contrack]", "2: contrack: no such table; did you mean conntrack?"),
        ("offline.pcap = 'x'\n[online.monitor.display]", "2: online: expected one of [offline] and [online], found both"),
        ("offline.pcap = 'x'\n[[subscription]]\nname = 'a'", "2: subscription: no such table; did you mean subscriptions?"),
        ("offline.pcap = 'x'\n\"a b\\u001b\" = 1", "2: \"a b\\u{1B}\": no such setting"),
        ("offline.pcap = 'x'\n'' = 1", "2: \"\": no such setting"),

        // A value of another type.
        ("main_core = '1'", "1: main_core: expected an integer in 0...1023, found \"1\""),
        ("[offline]\npcap = 'x'\nworkers = 0", "3: workers: expected an integer in 1...64, found 0"),
        ("[offline]\npcap = 'x'\nworkers = '2'", "3: workers: expected an integer in 1...64, found \"2\""),
        ("[offline]\npcap = 'x'\nworker = 2", "3: worker: no such setting in [offline]; did you mean workers?"),
        ("main_core = 1.0", "1: main_core: expected an integer in 0...1023, found 1.0"),
        ("main_core = true", "1: main_core: expected an integer in 0...1023, found true"),
        ("main_core = [1]", "1: main_core: expected an integer in 0...1023, found an array"),
        ("main_core = {}", "1: main_core: expected an integer in 0...1023, found a table"),
        ("main_core = 1979-05-27", "1: main_core: expected an integer in 0...1023, found a date"),
        ("main_core = 07:32:00", "1: main_core: expected an integer in 0...1023, found a time"),
        ("main_core = \"\\u001b\\n\"", "1: main_core: expected an integer in 0...1023, found \"\\u{1B}\\n\""),
        (
            "main_core = '\(String(repeating: "x", count: 1000))'",
            "1: main_core: expected an integer in 0...1023, found \"\(String(repeating: "x", count: 40))…\""
        ),
        ("hugepages = 1", "1: hugepages: expected true or false, found 1"),
        ("hugepages = 'yes'", "1: hugepages: expected true or false, found \"yes\""),
        ("output = ''", "1: output: expected a string that is not empty, found \"\""),
        ("filter = 3", "1: filter: expected a string, found 3"),
        ("mempool = 3", "1: mempool: expected a table, found 3"),
        ("[[offline]]\npcap = 'x'", "1: offline: expected a table, found an array"),
        ("online.duration = '60'", "1: duration: expected seconds, an integer in 1...31536000, found \"60\""),
        ("online.rss = 'port'", "1: rss: expected \"addresses\" or \"ports\", found \"port\""),
        ("[[online.ports]]\ndevice = 'a'\ncores = [1]\nspread = 'rss'", "4: spread: expected \"device\" or \"software\", found \"rss\""),
        ("online.dpdk_supl_args = '-v'", "1: dpdk_supl_args: expected an array of strings, found \"-v\""),
        ("online.dpdk_supl_args = [\n'-v',\n3]", "3: dpdk_supl_args: expected a string that is not empty, found 3"),
        ("[online.ports]\ndevice = 'a'", "1: ports: expected tables, each under [[online.ports]], found a table"),
        ("online.ports = [\n3]", "2: ports: expected a table, found 3"),
        ("online.ports = [{\ndevice = 'a', cores = 1 }]", "1:18: inline table: expected key or closing '}', saw '\\n'"),
        ("online.ports = [{ device = 'a', cores = 1 }]", "1: cores: expected an array of integers, found 1"),
        ("[[online.ports]]\ndevice = 'a'\ncores = [\n1,\n1.5]", "5: cores: expected an integer in 0...1023, found 1.5"),
        ("[lists]\n'a b' = []", "2: \"a b\": expected a name of letters, digits, _ and -"),
        ("lists = ['a']", "1: lists: expected a table, found an array"),
        ("[lists]\na = 'x.txt'", "2: a: expected an array of strings, or { file = \"path\" }, found \"x.txt\""),
        ("[lists]\na = [\n'b',\n1.5]", "4: a: expected a string that is not empty, found 1.5"),
        ("[lists]\na = { files = 'b' }", "2: files: no such setting in [lists.a]; did you mean file?"),
        ("offline.pcap = 'x'\n[lists]\na = {}", "3: file: missing in [lists.a]"),
        ("offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\noutput = ''", "4: output: expected a string that is not empty, found \"\""),
        (
            "offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\npackets = 'ten'",
            "4: packets: expected \"all\", or as \"first 10\" or \"every 100\", found \"ten\""
        ),
        (
            "offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\nevery = 10",
            "4: every: expected seconds, packets or bytes: \"10 s\", \"1000 packets\", \"1 MiB\", found 10"
        ),
        ("offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\nhistory = '1 KiB'", "4: history: expected a table, found \"1 KiB\""),
        ("offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\nhistory = { byte = 1 }", "4: byte: no such setting in [subscriptions.history]; did you mean bytes?"),
        ("subscriptions = ['a']", "1: subscriptions: expected a table, found \"a\""),

        // A value out of range.
        ("main_core = -1", "1: main_core: expected an integer in 0...1023, found -1"),
        ("main_core = 9223372036854775807", "1: main_core: expected an integer in 0...1023, found 9223372036854775807"),
        ("main_core = 9223372036854775808", "1:32: decimal integer: '9223372036854775808' is not representable in 64 bits"),
        ("nb_memory_channels = 33", "1: nb_memory_channels: expected an integer in 1...32, found 33"),
        ("mempool.capacity = 63", "1: capacity: expected an integer in 64...16777215, found 63"),
        ("mempool.cache_size = 513", "1: cache_size: expected an integer in 0...512, found 513"),
        ("mempool = { cache_size = 256, capacity = 300 }", "1: cache_size: expected an integer in 0...200, found 256"),
        ("[offline]\npcap = 'x'\nmtu = 65_393", "3: mtu: expected an integer in 64...65392, found 65393"),
        ("online.mtu = 67", "1: mtu: expected an integer in 68...65366, found 67"),
        ("online.nb_rxd = 31", "1: nb_rxd: expected an integer in 32...32768, found 31"),
        ("[[online.ports]]\ndevice = 'a'\ncores = [1, 1024]", "3: cores: expected an integer in 0...1023, found 1024"),
        ("[conntrack]\nmax_connections = 0", "2: max_connections: expected an integer in 1...100000000, found 0"),
        ("[conntrack]\nmax_out_of_order = 100", "2: max_out_of_order: is now reassembly_per_direction, in bytes"),
        (
            "[conntrack]\noverlap_policy = 'vista'",
            "2: overlap_policy: expected one of \"first\", \"last\", \"bsd\", \"linux\", \"old_linux\", \"windows\", \"solaris\", found \"vista\""
        ),
        (
            "[conntrack]\nreassembly_memory = 65535",
            "2: reassembly_memory: expected bytes, an integer in 65536...1099511627776 or a string such as \"64 MiB\", found 65535"
        ),
        (
            "[conntrack]\nreassembly_memory = '64 MB'",
            "2: reassembly_memory: expected bytes, an integer in 65536...1099511627776 or a string such as \"64 MiB\", found \"64 MB\""
        ),
        (
            "[conntrack]\nreassembly_memory = '9999999999999 TiB'",
            "2: reassembly_memory: expected bytes, an integer in 65536...1099511627776 or a string such as \"64 MiB\", found \"9999999999999 TiB\""
        ),
        ("[conntrack]\nudp_inactivity_timeout = 0", "2: udp_inactivity_timeout: expected milliseconds, an integer in 1...86400000, found 0"),
        ("[conntrack]\ntcp_closing_timeout = -1", "2: tcp_closing_timeout: expected milliseconds, an integer in 0...86400000, found -1"),
        ("[conntrack]\ntimeout_resolution = 60001", "2: timeout_resolution: expected milliseconds, an integer in 1...60000, found 60001"),

        // What is missing, or there too often.
        ("", " expected one of [offline] and [online], found neither"),
        ("offline.pcap = 'x'\n[online]", "2: online: expected one of [offline] and [online], found both"),
        ("[online]\n[offline]\npcap = 'x'", "2: offline: expected one of [offline] and [online], found both"),
        ("[offline]\nmtu = 1500", "1: pcap: missing in [offline]"),
        ("[offline]\npcapp = 'x'", "2: pcapp: no such setting in [offline]; did you mean pcap?"),
        ("[online]", "1: ports: missing in [online]"),
        ("[online]\nports = []", "2: ports: expected at least one, found none"),
        ("[[online.ports]]\ncores = [1]", "1: device: missing in [[online.ports]]"),
        ("[[online.ports]]\ndevice = 'a'", "1: cores: missing in [[online.ports]]"),
        ("[[online.ports]]\ndevice = 'a'\ncores = []", "3: cores: expected at least one, found none"),
        ("[[online.ports]]\ndevice = 'a'\ncores = [\n1,\n2,\n1]", "6: cores: 1 is there twice"),
        ("[[online.ports]]\ndevice = 'a'\ncores = [0]", "3: cores: 0 is main_core, which polls no queue"),
        ("main_core = 2\n[[online.ports]]\ndevice = 'a'\ncores = [1,\n2]", "5: cores: 2 is main_core, which polls no queue"),
        (
            "[[online.ports]]\ndevice = '0000:3B:00.0'\ncores = [1]\n[[online.ports]]\ndevice = '3b:00.0,mprq_en=1'\ncores = [2]",
            "5: device: the same as on line 2"
        ),
        ("offline.pcap = 'x'\n[[subscriptions]]\nfilter = 'a'", "2: name: missing in [[subscriptions]]"),
        (
            "offline.pcap = 'x'\n[[subscriptions]]\nname = 'a'\n[[subscriptions]]\nname = 'b'\n[[subscriptions]]\nname = 'a'",
            "7: name: the same as on line 3"
        ),

        // No TOML, or more than TOMLKit can take.
        ("main_core = ", "1:13: key-value pair: encountered end-of-file"),
        ("main_core = 1\nmain_core = 2", "2:13: key-value pair: cannot redefine existing integer 'main_core'"),
        ("[offline\npcap = 'x'", "1:9: table header: expected ']', saw '\\n'"),
        ("[offline]\npcap = 'x", "2:10: string: encountered end-of-file"),
        ("output = \u{7}", "1:10: value: unexpected control character"),
        ("\n\n\0", "3: a NUL byte"),
        ("\noutput = \"a\\u0000b\"", "2: a NUL character in a string"),
        ("\n[.a]", "2: a table header without a name"),
        ("\n[[ # ]]", "2: a table header without a name"),
        ("a =\n[.a]", "1:4: key-value pair: expected value, saw '\\n'"),
        ("\na = 1979-05-27 0", "2: a date and time, which no setting is"),
        ("\na = 1979-05-27T07:32:00Z", "2: a date and time, which no setting is"),
        ("a = [\n}", "2: an array's element that is no value"),
        (
            "a = " + String(repeating: "[", count: 200_000),
            "1:261: value: exceeded maximum nested value depth of 256 (TOML_MAX_NESTED_VALUES)"
        ),
        (
            "a = " + String(repeating: "{a=", count: 50_000),
            "1:773: value: exceeded maximum nested value depth of 256 (TOML_MAX_NESTED_VALUES)"
        ),
        ("a = " + String(repeating: "[,", count: 50_000), "1:6: array: expected value or closing ']', saw comma"),
        ("[" + String(repeating: "a.", count: 4096) + "a]", "1: a: no such table"),
        (String(repeating: "a.", count: 4096) + "a = !", "1:8197: value: could not determine value type"),
        ("[\(dots(4000))]\n\(dots(97)) = 1", " more than 4096 dots, which might be a key too deep to read"),
        ("a = {\(dots(4000)) = [\n{\(dots(97)) = 1}]}", " more than 4096 dots, which might be a key too deep to read"),
        ("a = !\n\(dots(5000)) = 1", "1:5: value: could not determine value type"),
        (String(repeating: "a.", count: 5000) + "a = 1", " more than 4096 dots, which might be a key too deep to read"),
    ])
    func `name the line and what was expected`(text: String, message: String) {
        #expect(error(in: text) == "configs/x.toml:" + message)
    }

    @Test func `come in the file's order, what is missing last`() {
        #expect(error(in: "[offline]\n[mempool]\ncapacity = 'a'") == "configs/x.toml:3: capacity: expected an integer in 64...16777215, found \"a\"")
        #expect(error(in: "hugepages = 1\nmain_core = 'a'\ntypo = 1") == "configs/x.toml:1: hugepages: expected true or false, found 1")
        #expect(error(in: "typo = 1\nmain_core = 'a'\nhugepages = 1") == "configs/x.toml:1: typo: no such setting")
    }

    @Test func `name the file that cannot be read`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("x.toml")
        try Data("offline.pcap = 'x'\n# caf\u{E9}".unicodeScalars.map { UInt8($0.value) }).write(to: file)

        #expect(error(inFile: folder.path + "/none.toml") == "\(folder.path)/none.toml: No such file or directory")
        #expect(error(inFile: folder.path) == "\(folder.path): Is a directory")
        #expect(error(inFile: file.path) == "\(file.path):2: not UTF-8")
        #expect(error(inFile: "/dev/zero") == "/dev/zero: longer than 256 KiB, which no configuration is")
    }

    private func error(in text: String) -> String? {
        do {
            _ = try Config(parsing: text, path: "configs/x.toml")
            return nil
        } catch {
            return error.description
        }
    }

    private func error(inFile path: String) -> String? {
        do {
            _ = try Config(contentsOf: path)
            return nil
        } catch {
            return error.description
        }
    }
}
