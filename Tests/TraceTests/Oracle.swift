import Packets

/// What tshark sees in a capture, counted by the rules R1 to R14 of the script that wrote it: the fields that Fovea is held against.
struct Oracle: Decodable {
    var packets: Int
    var bytes: Int
    var conversations: [Conversation]
    var streams: [Stream]
    var tls: [TLS]
    /// What goes each way of a 5-tuple whose handshake is there, and of which nothing is missing or contradicts itself.
    /// Nil where the script knows no TCP.
    var payloads: [Payload]?
    /// What a reassembler that goes on behind a hole sees in addition (R13).
    var behindGaps: BehindGaps?

    private enum CodingKeys: String, CodingKey {
        case packets, bytes, conversations, tls
        case streams = "tcp_streams"
        case payloads = "tcp_payload"
        case behindGaps = "if_gaps_are_skipped"
    }

    struct BehindGaps: Decodable {
        var tls: [TLS]
    }

    /// An address and a port, written `["192.0.2.1", 443]`.
    struct Endpoint: Decodable, Hashable, Comparable, CustomStringConvertible {
        var address: String
        var port: UInt16

        init(_ address: IPAddress, _ port: UInt16) {
            self.address = address.description
            self.port = port
        }

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            try self.init(from: &list)
        }

        /// The next two of a list. Addresses are brought into Fovea's way of writing them.
        init(from list: inout any UnkeyedDecodingContainer) throws {
            let text = try list.decode(String.self)
            address = IPAddress(text)?.description ?? text
            port = try list.decode(UInt16.self)
        }

        static func < (left: Self, right: Self) -> Bool { (left.address, left.port) < (right.address, right.port) }

        var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
    }

    /// All packets of one 5-tuple (R5), whatever connections they belong to. `a` sent the first.
    struct Conversation: Decodable {
        var transport: String
        var a: Endpoint
        var b: Endpoint
        var traffic: Traffic

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            transport = try list.decode(String.self)
            a = try Endpoint(from: &list)
            b = try Endpoint(from: &list)
            traffic = Traffic(
                fromA: Traffic.Count(packets: try list.decode(UInt64.self), bytes: try list.decode(UInt64.self)),
                fromB: Traffic.Count(packets: try list.decode(UInt64.self), bytes: try list.decode(UInt64.self)),
                first: try list.decode(String.self), last: try list.decode(String.self))
        }
    }

    /// One TCP connection by tshark's reckoning (R6).
    struct Stream: Decodable {
        var orig: Endpoint
        var resp: Endpoint
        var orig_known: Bool
        var packets: [UInt64]
        var payload_bytes: [UInt64]
        var syn: Bool
        var synack: Bool
        var fin: [Bool]
        var rst: [Bool]
    }

    /// The hellos of one TCP connection (R8).
    struct TLS: Decodable {
        var client: Endpoint
        var server: Endpoint
        var sni: String?
        var version: String?
        var cipher: String?
        var alpn: String?
        var client_alpn: [String]?
        var hrr: Bool
        var tunneled: Bool
    }
}

/// What went to and fro between two endpoints; times as the oracle writes them, to the nanosecond.
struct Traffic: Equatable, CustomStringConvertible {
    struct Count: Equatable {
        var packets: UInt64
        var bytes: UInt64
    }

    var fromA: Count
    var fromB: Count
    var first: String
    var last: String

    var description: String { "\(fromA.packets)/\(fromA.bytes) \(fromB.packets)/\(fromB.bytes) \(first) \(last)" }
}

extension Timestamp {
    /// Seconds, a point and nine digits.
    var text: String {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let digits = String(rest.magnitude)
        return (nanoseconds < 0 && seconds == 0 ? "-" : "") + "\(seconds)." + String(repeating: "0", count: 9 - digits.count) + digits
    }
}
