import Packets
import Protocols
import TestSupport
import Testing
import Tracking

/// The oracles do not tell of NTP; what chrony said stands in the script that had it do so.
@Suite struct `NTP captures` {
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
