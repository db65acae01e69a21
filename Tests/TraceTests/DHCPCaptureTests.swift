import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// The oracles do not tell of DHCP; what udhcpc and dnsmasq said to each other stands in the script that had them do so.
@Suite struct `DHCP captures` {
    @Test func `an address is given, renewed and released, and another one instead of what was asked for`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "dhcp" })
        let found = try sessions(of: DHCPParser.self, in: Recording(capture)).map(\.session)
        #expect(
            found.map { $0.messages.map { DHCPType.name($0.type) }.joined(separator: " ") } == [
                // From here on server and client have one flow.
                "OFFER OFFER ACK", "REQUEST ACK", "RELEASE", "OFFER ACK",
                // What goes to all is another.
                "DISCOVER DISCOVER REQUEST", "DISCOVER REQUEST",
            ])
        #expect(found.allSatisfy { $0.hardwareAddress == "02:00:00:00:00:01" && !$0.isMalformed })
        #expect(found.map(\.hostName) == [nil, "laptop", nil, nil, "laptop", nil] && found.map(\.clientName) == [nil, "laptop.example.org", nil, nil, "laptop.example.org", nil])
        #expect(Set(found.prefix(2).map(\.assignedAddress)).count == 1 && found[0].leaseTime == 120 && found[0].domainName == "example.org")
        #expect(found[0].serverAddress == IPAddress("192.0.2.2") && found[2].clientAddress == found[0].assignedAddress)
        #expect(found[5].messages[0].option(50) == [203, 0, 113, 9] && found[4].vendorClass == "test 1.0")
        #expect(found[1].ended - found[1].began > 0)
    }
}
