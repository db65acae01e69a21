/// What goes over the wire behind the hellos.
extension TLSBytes {
    static func certificates(_ certificates: [[UInt8]]) -> [UInt8] { message(11, chain(certificates)) }

    /// A Certificate message's body.
    static func chain(_ certificates: [[UInt8]]) -> [UInt8] { vector24(certificates.flatMap(vector24)) }

    static func vector24(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 16)] + big(UInt16(bytes.count & 0xffff)) + bytes }

    /// On X25519, or another group.
    static func serverKeyExchange(group: UInt16 = 29) -> [UInt8] { message(12, [3] + big(group) + vector8([UInt8](repeating: 5, count: 32)) + [UInt8](repeating: 6, count: 70)) }
    static let certificateRequest = message(13, vector8([1, 64]) + vector16(big(0x0401)) + vector16([]))
    static let serverHelloDone = message(14, [])
    static let clientKeyExchange = message(16, vector8([UInt8](repeating: 7, count: 32)))
    static let certificateVerify = message(15, big(0x0401) + vector16([UInt8](repeating: 8, count: 64)))
    static let newSessionTicket = message(4, [0, 0, 0, 1] + vector16([UInt8](repeating: 9, count: 40)))
    /// What an encrypted Finished looks like.
    static let finished = record(22, [0, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xee, count: 32))
    static let applicationData = record(23, [UInt8](repeating: 0xdd, count: 50))

    /// All that both sides of TLS 1.2 send until they are encrypted, with a certificate each.
    static func fullHandshake(server: [[UInt8]], client: [[UInt8]]) -> [Step] {
        let flight = serverHello() + certificates(server) + serverKeyExchange() + certificateRequest + serverHelloDone
        let answer = certificates(client) + clientKeyExchange + certificateVerify
        return [
            .bytes(.originator, record(22, clientHello())), .bytes(.responder, records(flight, of: 700)),
            .bytes(.originator, records(answer, of: 300) + changeCipherSpec + finished),
            .bytes(.responder, record(22, newSessionTicket) + changeCipherSpec + finished),
        ]
    }
}
