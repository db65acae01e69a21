import Packets
import TestWire
import Testing
@testable import Tracking

/// Where the bytes that a subscription gets lie.
private struct Places: StreamTrackable {
    final class Report: SubscriptionReport, @unchecked Sendable {
        @TaskLocal static var current = Report()
        var places: [UnsafeRawPointer] = []
        var counts: [Int] = []
        func merge(_ other: Report) {}
    }

    init(_ connection: ConnectionRecord) {}
    static func makeReport(_ context: ReportContext) -> Report { Report.current }
    mutating func stream(_ bytes: RawSpan, from sender: Direction, _ report: inout Report) -> Verdict {
        bytes.withUnsafeBytes {
            report.places.append($0.baseAddress!)
            report.counts.append($0.count)
        }
        return .more
    }
    consuming func ended(_ connection: ConnectionRecord, _ report: inout Report) {}
}

@Suite struct `Bytes in order` {
    @Test func `are given out where they lie in the frame`() throws {
        let talk = Talk(">S <SA >A >PA100 >PA1400 <PA1000 >PA1 <PA1460 >A")
        let report = Places.Report()
        var options = Run.options
        options.maxConnections = 10
        let subscriber = try Places.Report.$current.withValue(report) {
            try Places._makeSubscriber(
                SubscriberOrder(filter: .everything, context: ReportContext(subscription: "test", lcore: 0, outputFolder: nil), maxConnections: 10))
        }
        var pipeline = Pipeline(options, subscribers: [subscriber])
        for sent in talk.packets {
            sent.bytes.withUnsafeBytes { bytes in
                let frame = Frame(
                    bytes: bytes.baseAddress!, timestamp: Timestamp(nanoseconds: sent.time), length: UInt32(bytes.count), wireLength: UInt32(bytes.count))
                let packet = Packet(frame)
                let before = report.places.count
                withUnsafePointer(to: frame) { pipeline.process(UnsafeBufferPointer(start: $0, count: 1)) }
                guard packet.payloadLength > 0 else { return }
                #expect(Array(report.places[before...]) == [bytes.baseAddress! + Int(packet.payloadOffset)])
                #expect(report.counts.last == Int(packet.payloadLength))
            }
        }
        pipeline.drain()
        #expect(report.places.count == 5)
        #expect(pipeline.counters.reassemblyPeak == 0)
    }
}
