import Filters
import Packets

extension DHCPParser {
    /// Wireshark's names. What a message says last counts.
    public static let fields: [SessionField<DHCPExchange>] = [
        .integers(
            "dhcp.option.dhcp", aliases: ["dhcp.type"], max: 255, valueNames: DHCPType.names, "the type of one of its messages",
            example: "dhcp.option.dhcp == NAK"
        ) { $0.messages.map { UInt64($0.type) } },
        .integer("dhcp.id", max: 0xffff_ffff, "the transaction's number", example: "dhcp.id == 0") { UInt64($0.id) },
        SessionField(
            "dhcp.hw.mac_addr", .mac, "the client's hardware address", example: "dhcp.hw.mac_addr == 02:00:00:00:00:01", isSingle: true
        ) { exchange, give in
            let octets = exchange.messages[0].hardwareAddress
            if octets.count == 6 { give(.integer(octets.reduce(0) { $0 << 8 | UInt64($1) })) }
        },
        address("dhcp.ip.client", "the address that the client has", example: "dhcp.ip.client == 192.0.2.0/24") { $0.clientAddress },
        address("dhcp.ip.your", "the address that the client gets", example: "dhcp.ip.your == 192.0.2.0/24") { $0.assignedAddress },
        address("dhcp.ip.relay", "who passes messages on", example: "dhcp.ip.relay exists") { $0.relay },
        address("dhcp.option.requested_ip_address", "the address that the client asks for", example: "dhcp.option.requested_ip_address == 192.0.2.0/24") {
            $0.requestedAddress
        },
        address("dhcp.option.dhcp_server_id", "the server that gives it", example: "dhcp.option.dhcp_server_id != 192.0.2.1") { $0.serverAddress },
        .integer(
            "dhcp.option.ip_address_lease_time", max: 0xffff_ffff, "seconds for which it may be kept", example: "dhcp.option.ip_address_lease_time < 600"
        ) {
            $0.leaseTime.map { UInt64($0) }
        },
        .name("dhcp.option.hostname", "the client's name for itself", example: "dhcp.option.hostname starts_with \"android-\"") { $0.hostName },
        .name("dhcp.fqdn.name", "the name that the client wants in DNS", example: "dhcp.fqdn.name ends_with \".example.org\"") { $0.clientName },
        .name("dhcp.option.domain_name", "the domain that the server gives", example: "dhcp.option.domain_name == \"example.org\"") { $0.domainName },
        .string("dhcp.option.vendor_class_id", "what the client is", example: "dhcp.option.vendor_class_id starts_with \"MSFT\"") { $0.vendorClass },
        .strings("dhcp.option.message", "why an address is given back, or refused", example: "dhcp.option.message exists") {
            [$0.clientMessage, $0.serverMessage].compactMap { $0 }
        },
        .integers("dhcp.option.request_list_item", max: 255, "an option that the client asks for", example: "dhcp.option.request_list_item == 252") {
            $0.requestedOptions.map { UInt64($0) }
        },
        .boolean("dhcp.malformed", "whether a message could not be read to its end", example: "dhcp.malformed") { $0.isMalformed },
    ]

    private static func address(
        _ name: String, _ summary: String, example: String, _ read: @escaping @Sendable (DHCPExchange) -> IPAddress?
    ) -> SessionField<DHCPExchange> {
        SessionField(name, .address(version: nil), summary, example: example, isSingle: true) { exchange, give in
            if let address = read(exchange) { give(.address(address)) }
        }
    }
}
