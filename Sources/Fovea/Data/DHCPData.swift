import Packets
import Protocols
import Tracking

/// `data = "dhcp"`: a line for each DHCP transaction, or for each side's part of it where the sides' messages are of different flows. Fields are those of
/// Zeek's dhcp.log.
struct DHCPData: SessionLines {
    typealias Parser = DHCPParser

    static let name = "dhcp"
    static let summary = "DHCP transactions: who asked for which address, which one was given, by whom and for how long"

    static func add(_ exchange: DHCPExchange, of connection: ConnectionRecord, to line: inout LogLine) {
        line.addIdentity(of: connection, at: exchange.began)
        line.addExchange(exchange)
    }
}

extension LogLine {
    /// What a line says of a DHCP exchange. Fields are those of Zeek's dhcp.log, and a few more at the end.
    public mutating func addExchange(_ exchange: DHCPExchange) {
        if let address = exchange.clientAddress { add("client_addr", address) }
        if let address = exchange.serverAddress { add("server_addr", address) }
        add("mac", exchange.hardwareAddress)
        add("host_name", exchange.hostName)
        add("client_fqdn", exchange.clientName)
        add("domain", exchange.domainName)
        if let address = exchange.requestedAddress { add("requested_addr", address) }
        if let address = exchange.assignedAddress { add("assigned_addr", address) }
        if let seconds = exchange.leaseTime { add("lease_time", seconds: Int64(seconds) * 1_000_000_000) }
        add("client_message", exchange.clientMessage)
        add("server_message", exchange.serverMessage)
        add("msg_types", exchange.messages.map { DHCPType.name($0.type) })
        add("duration", seconds: exchange.ended - exchange.began)
        add("client_software", exchange.vendorClass)
        add("trans_id", exchange.id)
        if let address = exchange.relay { add("relay_addr", address) }
        if exchange.messageCount > exchange.messages.count { add("msg_count", exchange.messageCount) }
        if exchange.isMalformed { add("malformed", true) }
        addToEvent { $0.add(exchange) }
    }
}
