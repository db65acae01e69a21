import Filters
import Packets
import Protocols
import Testing
@testable import Tracking

/// How far parsers go: as far as a subscription of the core or a filter asks, and no farther.
@Suite struct `The depth of sessions` {
    /// A handshake of TLS 1.2 with a certificate of the server's that is none.
    private static func talk(port: UInt16 = 40000) -> Talk {
        var talk = Talk()
        talk.client.port = port
        let certificate: Octets = [22, 3, 3, 0, 12, 11, 0, 0, 8, 0, 0, 5, 0, 0, 2, 0x30, 0]
        let changed: Octets = [20, 3, 3, 0, 1, 1], finished: Octets = [22, 3, 3, 0, 40] + Octets(repeating: 0xee, count: 40)
        talk.payloads = [Sessions.clientHello("deep.example"), Sessions.serverHello + certificate, changed + finished, changed + finished]
        talk.say(">S <SA >A >PA1 <PA1 >PA1 <PA1")
        return talk
    }

    private static let asked = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func `is that of the opening unless somebody asks for more`() throws {
        let run = try Run([.init(Depths.self)])
        run.send(Self.talk())
        #expect(run.log.names == ["-"])
    }

    @Test func `is a subscription's wish, for all on its core`() throws {
        let run = try Run([.init(Depths.self), .init(WholeDepths.self)])
        run.send(Self.talk())
        #expect(run.logs.map(\.names) == [["1 true"], ["1 true"]])
    }

    @Test func `is what a filter's fields need`() throws {
        for text in ["tls.certificate.count == 1", "tls.established", "not tls.certificate.fingerprint == \"\(Self.asked)\""] {
            let run = try Run([.init(Depths.self, try Filter(parsing: text)), .init(Depths.self, .tls)])
            run.send(Self.talk())
            run.drain()
            #expect(run.logs.map(\.names) == [["1 true"], ["1 true"]], "\(text)")
        }
        let names = try Run([.init(Depths.self, try Filter(parsing: "tls.sni == \"deep.example\" and tls.handshake.ja3 exists"))])
        names.send(Self.talk())
        #expect(names.log.names == ["-"])
    }

    @Test func `is another for connections that begin once filters are`() throws {
        let run = try Run([.init(Depths.self, .tls)])
        run.send(Self.talk(port: 1))
        try run.adopt(try Filter(parsing: "tls.certificate.count == 1"))
        run.send(Self.talk(port: 2))
        try run.adopt(.tls)
        run.send(Self.talk(port: 3))
        #expect(run.log.names == ["-", "1 true", "-"])
    }

    @Test func `stays that with which a connection began`() throws {
        let run = try Run([.init(Depths.self, .tls), .init(Depths.self, .tls)])
        let talk = Self.talk()
        run.send(Array(talk.packets.prefix(4)))
        try run.adopt(.tls, try Filter(parsing: "tls.certificate.count == 1"))
        run.send(Array(talk.packets.dropFirst(4)))
        run.drain()
        // To the new filter the session says nothing of certificates.
        #expect(run.logs.map(\.names) == [["-"], []])
    }
}

private struct Depths: SessionTrackable {
    typealias Parser = TLSParser
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ log: inout Log) -> Verdict { log.note(handshake) }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) {}
}

private struct WholeDepths: SessionTrackable {
    typealias Parser = TLSParser
    static let sessionDepth = SessionDepth.whole
    static func makeReport(_ context: ReportContext) -> Log { Log.current }
    init(_ connection: ConnectionRecord) {}
    mutating func session(_ handshake: TLSHandshake, of connection: ConnectionRecord, _ log: inout Log) -> Verdict { log.note(handshake) }
    consuming func ended(_ connection: ConnectionRecord, _ log: inout Log) {}
}

extension Log {
    fileprivate func note(_ handshake: TLSHandshake) -> Verdict {
        names.append(handshake.serverCertificates.map { "\($0.count) \(handshake.isEstablished ?? false)" } ?? "-")
        return .more
    }
}
