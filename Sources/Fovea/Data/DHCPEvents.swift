import Packets
import Protocols

extension EventLine {
    /// What Suricata's dhcp says of a message, here of an exchange: of its last message the type, and of the others what that one does not have.
    mutating func add(_ exchange: DHCPExchange) {
        let reply = exchange.messages.last { $0.isReply }, request = exchange.messages.last { !$0.isReply }
        add("type", .text(reply == nil ? "request" : "reply"))
        if let last = exchange.messages.last { add("dhcp_type", .text(DHCPType.name(last.type).lowercased())) }
        add("next_server_ip", ifThere: (reply?.nextServer).map { .address($0) })
        add("client_id", ifThere: request?.option(61).map { .text($0.map { Self.digits($0) }.joined(separator: ":")) })
        add("params", ifThere: request?.option(55).map { .texts($0.compactMap { Self.parameters[$0] }) })
        guard let reply else { return }
        add("subnet_mask", ifThere: Self.addresses(reply.option(1)).first.map { .address($0) })
        add("renewal_time", ifThere: Self.seconds(reply.option(58)))
        add("rebinding_time", ifThere: Self.seconds(reply.option(59)))
        for (key, code) in [("routers" as StaticString, 3 as UInt8), ("dns_servers", 6)] {
            let addresses = Self.addresses(reply.option(code))
            if !addresses.isEmpty { add(key, .texts(addresses.map(\.description))) }
        }
    }

    /// Those that Suricata has names for.
    private static let parameters: [UInt8: String] = [
        1: "subnet_mask", 3: "router", 6: "dns_server", 15: "domain", 35: "arp_timeout", 42: "ntp_server", 66: "tftp_server_name", 150: "tftp_server_ip",
    ]

    private static func addresses(_ option: [UInt8]?) -> [IPAddress] {
        let bytes = option ?? []
        return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { IPAddress(ipv4: number(bytes[$0..<$0 + 4])) }
    }

    private static func seconds(_ option: [UInt8]?) -> FieldValue? {
        guard let option, option.count == 4 else { return nil }
        return .integer(Int128(number(option[...])))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
    private static func digits(_ byte: UInt8) -> String { String(UInt16(byte) | 0x100, radix: 16).dropFirst().description }
}
