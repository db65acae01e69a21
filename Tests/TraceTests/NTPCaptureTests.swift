import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// Every NTP message of a capture is held against what tshark reads in it; what chrony said stands in the script that had it do so.
@Suite struct `NTP captures` {
    private static let known: [String: KnownSessions] = [
        "mixed-isp-vlan-4096": KnownSessions(onlyThere: 12, reason: "whoever published it wrote zeros over all behind the header: there is no version 0")
    ]

    @Test(.timeLimit(.minutes(5)), arguments: CaptureFolder.own.files + CaptureFolder.shared.files)
    func `read as tshark does`(_ capture: CaptureName) throws {
        let here = try sessions(of: NTPParser.self, in: Recording(capture)).map { DatagramReading($0.session, $0.connection) }
        expectSame(here, try DatagramOracle("ntp").messages[capture.name] ?? [], known: Self.known[capture.name])
    }

    @Test func `chrony asks and answers, and a stranger asks for more`() throws {
        let capture = try #require(CaptureFolder.own.files.first { $0.name == "ntp" })
        let found = try sessions(of: NTPParser.self, in: Recording(capture)).map(\.session)
        #expect(found.map(\.mode) == [3, 4, 3, 4, 3, 4, 3, 4, 6, 7])
        #expect(found.compactMap(\.problem) == [.control, .monitorList])
        let times = found.compactMap(\.time)
        for (request, answer) in zip(times.enumerated().filter { $0.offset % 2 == 0 }, times.enumerated().filter { $0.offset % 2 == 1 }) {
            #expect(answer.element.originTime == request.element.transmitTime && answer.element.stratum == 8 && answer.element.reference == "127.127.1.1")
        }
    }
}

extension DatagramReading {
    fileprivate init(_ message: NTPMessage, _ connection: ConnectionRecord) {
        let flags = message.version << 3 | message.mode
        func octets(_ time: NTPTimestamp) -> String { hexadecimal(time.seconds) + hexadecimal(time.fraction) }
        switch message.content {
        case .time(let time):
            self.init(
                connection,
                [
                    "ntp.flags": hexadecimal(time.leap << 6 | flags), "ntp.stratum": hexadecimal(time.stratum), "ntp.ppoll": hexadecimal(time.poll),
                    "ntp.precision": hexadecimal(time.precision), "ntp.rootdelay": hexadecimal(time.rootDelay),
                    "ntp.rootdispersion": hexadecimal(time.rootDispersion), "ntp.refid": hexadecimal(time.referenceID),
                    "ntp.reftime": octets(time.referenceTime), "ntp.org": octets(time.originTime), "ntp.rec": octets(time.receiveTime),
                    "ntp.xmt": octets(time.transmitTime),
                ])
        case .control(let operation, _): self.init(connection, ["ntp.flags": hexadecimal(flags), "ntp.ctrl.flags2.opcode": "\(operation)"])
        case .privately(let request, _, _): self.init(connection, ["ntp.flags": hexadecimal(flags), "ntp.priv.reqcode": "\(request)"])
        }
    }
}
