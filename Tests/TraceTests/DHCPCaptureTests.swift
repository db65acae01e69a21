import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every DHCP message of a capture is held against what tshark reads in it; what udhcpc and dnsmasq said to each other stands in the script that had them do
/// so.
@Suite struct `DHCP captures` {
    @Test(.timeLimit(.minutes(5)), arguments: CaptureFolder.own.files + CaptureFolder.shared.files)
    func `read as tshark does`(_ capture: CaptureName) throws {
        let here = try sessions(of: DHCPParser.self, in: Recording(capture)).flatMap { exchange, connection in
            exchange.messages.map { DatagramReading($0, connection) }
        }
        expectSame(here, try DatagramOracle("dhcp").messages[capture.name] ?? [], known: nil)
    }

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

extension DatagramReading {
    fileprivate init(_ message: DHCPMessage, _ connection: ConnectionRecord) {
        func address(_ address: IPAddress?) -> String { address?.description ?? "0.0.0.0" }
        func octets(of option: UInt8) -> String? { message.option(option).map { hexadecimal($0) } }
        func address(of option: UInt8) -> String? { message.option(option).map { $0.map { "\($0)" }.joined(separator: ".") } }
        self.init(
            connection,
            [
                "dhcp.option.dhcp": "\(message.type)", "dhcp.id": hexadecimal(message.id), "dhcp.secs": hexadecimal(message.seconds),
                "dhcp.ip.client": address(message.clientAddress), "dhcp.ip.your": address(message.yourAddress), "dhcp.ip.server": address(message.nextServer),
                "dhcp.ip.relay": address(message.relay), "dhcp.hw.mac_addr": message.hardwareAddress.map { hexadecimal($0) }.joined(separator: ":"),
                "dhcp.option.hostname": octets(of: 12), "dhcp.option.domain_name": octets(of: 15), "dhcp.option.vendor_class_id": octets(of: 60),
                "dhcp.option.requested_ip_address": address(of: 50), "dhcp.option.ip_address_lease_time": octets(of: 51),
                "dhcp.option.dhcp_server_id": address(of: 54), "dhcp.fqdn.name": message.fullyQualifiedName, "dhcp.option.message": octets(of: 56),
                "dhcp.option.request_list_item": octets(of: 55),
            ])
    }
}
