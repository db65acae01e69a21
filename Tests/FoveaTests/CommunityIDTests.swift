import Fovea
import Packets
import Testing
import Tracking

/// The vectors are those of the specification's baseline.
@Suite(.serialized) struct `Community ID` {
    struct Vector: CustomTestStringConvertible {
        var transport: TransportProtocol
        var source: String
        var destination: String
        /// Ports; ICMP's type and code; none for other protocols.
        var numbers: (UInt16, UInt16)
        var id: String
        /// With a seed of 1.
        var seeded: String

        var testDescription: String { "\(transport) \(source) \(destination) \(numbers)" }
    }

    static let vectors = [
        Vector(
            transport: .tcp, source: "128.232.110.120", destination: "66.35.250.204", numbers: (34855, 80), id: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
            seeded: "1:3V71V58M3Ksw/yuFALMcW0LAHvc="),
        Vector(
            transport: .tcp, source: "66.35.250.204", destination: "128.232.110.120", numbers: (80, 34855), id: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
            seeded: "1:3V71V58M3Ksw/yuFALMcW0LAHvc="),
        Vector(
            transport: .tcp, source: "2001:470:e5bf:dead:4957:2174:e82c:4887", destination: "2607:f8b0:400c:c03::1a", numbers: (63943, 25),
            id: "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", seeded: "1:eJYTW6AOzFLlSUoESovMjnu7rMw="),
        Vector(
            transport: .udp, source: "192.168.1.52", destination: "8.8.8.8", numbers: (54585, 53), id: "1:d/FP5EW3wiY1vCndhwleRRKHowQ=",
            seeded: "1:Q9We8WO3piVF8yEQBNJF4uiSVrI="),
        Vector(
            transport: .sctp, source: "192.168.170.8", destination: "192.168.170.56", numbers: (7, 80), id: "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=",
            seeded: "1:Y1/0jQg6e+I3ZwZZ9LP65DNbTXU="),
        // Echo and its reply.
        Vector(
            transport: .icmp, source: "192.168.0.89", destination: "192.168.0.1", numbers: (8, 0), id: "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=",
            seeded: "1:03g6IloqVBdcZlPyX8r0hgoE7kA="),
        Vector(
            transport: .icmp, source: "192.168.0.1", destination: "192.168.0.89", numbers: (0, 0), id: "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=",
            seeded: "1:03g6IloqVBdcZlPyX8r0hgoE7kA="),
        // Types without an answer.
        Vector(
            transport: .icmp, source: "192.168.0.89", destination: "192.168.0.1", numbers: (20, 0), id: "1:3o2RFccXzUgjl7zDpqmY7yJi8rI=",
            seeded: "1:lCXHHxavE1Vq3oX9NH5ladQg02o="),
        Vector(
            transport: .icmp, source: "192.168.0.89", destination: "192.168.0.1", numbers: (20, 1), id: "1:tz/fHIDUHs19NkixVVoOZywde+I=",
            seeded: "1:Ie3wmFyxiEyikbsbcO03d2nh+PM="),
        // Neighbour solicitation and advertisement.
        Vector(
            transport: .icmpv6, source: "fe80::200:86ff:fe05:80da", destination: "fe80::260:97ff:fe07:69ea", numbers: (135, 0),
            id: "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", seeded: "1:kHa1FhMYIT6Ym2Vm2AOtoOARDzY="),
        Vector(
            transport: .icmpv6, source: "fe80::260:97ff:fe07:69ea", destination: "fe80::200:86ff:fe05:80da", numbers: (136, 0),
            id: "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", seeded: "1:kHa1FhMYIT6Ym2Vm2AOtoOARDzY="),
        Vector(
            transport: .icmpv6, source: "3ffe:507:0:1:260:97ff:fe07:69ea", destination: "3ffe:507:0:1:200:86ff:fe05:80da", numbers: (3, 0),
            id: "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w=", seeded: "1:OlOWx9psIbBFi7lOCw/4MhlKR9M="),
        // RSVP: a protocol without ports.
        Vector(
            transport: TransportProtocol(rawValue: 46), source: "10.1.24.4", destination: "10.1.12.1", numbers: (0, 0),
            id: "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=", seeded: "1:BK3BVW3U2eemuwVQVN3zd/GULno="),
    ]

    @Test(arguments: vectors) func `is the specification's`(vector: Vector) throws {
        let record = try #require(try Self.record(of: vector))
        #expect(record.communityID() == vector.id)
        #expect(record.communityID(seed: 1) == vector.seeded)
    }

    /// Keeps the records of what ended.
    private struct Records: Trackable {
        struct Report: SubscriptionReport {
            nonisolated(unsafe) static var records: [ConnectionRecord] = []
            mutating func merge(_ other: Report) {}
        }

        static func makeReport(_ context: ReportContext) -> Report { Report() }
        init(_ connection: ConnectionRecord) {}
        consuming func ended(_ connection: ConnectionRecord, _ report: inout Report) { Report.records.append(connection) }
    }

    /// The record of one packet.
    private static func record(of vector: Vector) throws -> ConnectionRecord? {
        let bytes = try packet(vector)
        let order = SubscriberOrder(filter: .everything, context: ReportContext(subscription: "test", lcore: 0, outputFolder: nil), maxConnections: 10)
        var options = TrackerOptions()
        options.maxConnections = 10
        var pipeline = Pipeline(options, subscribers: [try Records._makeSubscriber(order)])
        Records.Report.records = []
        bytes.withUnsafeBytes { memory in
            let frame = Frame(
                bytes: memory.baseAddress!, timestamp: .zero, length: UInt32(memory.count), wireLength: UInt32(memory.count), linkType: .raw)
            withUnsafePointer(to: frame) { pipeline.process(UnsafeBufferPointer(start: $0, count: 1)) }
            pipeline.drain()
        }
        return Records.Report.records.first
    }

    private static func packet(_ vector: Vector) throws -> [UInt8] {
        let (source, destination) = (try #require(IPAddress(vector.source)), try #require(IPAddress(vector.destination)))
        let payload: [UInt8] =
            switch vector.transport {
            case .icmp, .icmpv6: [UInt8(vector.numbers.0), UInt8(vector.numbers.1), 0, 0, 0, 0, 0, 0]
            case .tcp: big(vector.numbers.0) + big(vector.numbers.1) + [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0]
            case .udp: big(vector.numbers.0) + big(vector.numbers.1) + [0, 8, 0, 0]
            default: big(vector.numbers.0) + big(vector.numbers.1) + [0, 0, 0, 0, 0, 0, 0, 0]
            }
        guard source.isIPv4 else {
            return [0x60, 0, 0, 0] + big(UInt16(payload.count)) + [vector.transport.rawValue, 64] + big(source.high) + big(source.low) + big(destination.high)
                + big(destination.low) + payload
        }
        return [0x45, 0] + big(UInt16(20 + payload.count)) + [0, 0, 0, 0, 64, vector.transport.rawValue, 0, 0]
            + big(UInt32(source.low)) + big(UInt32(destination.low)) + payload
    }

    private static func big(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
}
