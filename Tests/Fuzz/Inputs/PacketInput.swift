import Filters
import Packets
import Tracking

/// Frames, each behind four bytes: what link it is of (high bits: the burst ends here, the wire's length is a lie), how much time passed, its length.
enum PacketInput {
    private static let links: [LinkType] = [
        .ethernet, .raw, .null, .loop, .linuxSLL, .linuxSLL2, .ipv4, .ipv6, .rawAsOnLinux, .rawAsOnOpenBSD, LinkType(rawValue: 9),
    ]
    /// Nanoseconds; the last lead far away.
    private static let steps: [Int64] = [
        0, 1000, 1_000_000, 400_000_000, 1_100_000_000, 6_000_000_000, 29_000_000_000, 61_000_000_000, -1, -2_000_000_000, -4000_000_000_000,
        86_400_000_000_000, 1 << 60, .min, .max,
    ]
    private static var options: TrackerOptions {
        var options = TrackerOptions()
        options.maxConnections = 8
        options.reassemblyMemory = 64 << 10
        options.reassemblyPerConnection = 32 << 10
        options.reassemblyPerDirection = 16 << 10
        options.parserMemory = 16 << 10
        options.timeoutResolution = 2_000_000_000
        return options
    }

    static func complaint(_ reader: inout InputReader) -> String? {
        let notes = FuzzNotes()
        return FuzzNotes.$current.withValue(notes) {
            let options = options
            var pipeline = Pipeline(
                options,
                subscribers: [
                    try! FuzzPackets._makeSubscriber(SubscriberOrder(options)), try! FuzzRecords._makeSubscriber(SubscriberOrder(options)),
                    try! FuzzStages._makeSubscriber(SubscriberOrder(options, !(.tcp && .port(22)))),
                    try! FuzzStages._makeSubscriber(SubscriberOrder(options, .tls)),
                ], seed: HashSeed(1))
            var time: Int64 = 1_700_000_000_000_000_000
            var fed: UInt64 = 0
            while !reader.isAtEnd {
                var frames: [Frame] = []
                var blocks: [UnsafeMutableRawBufferPointer] = []
                defer { for block in blocks { block.deallocate() } }
                var isLast = false
                while !isLast, !reader.isAtEnd, frames.count < 100 {
                    let control = reader.byte()
                    isLast = control & 0x80 != 0
                    time = time &+ steps[Int(reader.byte()) % steps.count]
                    let bytes = reader.bytes(Int(reader.word()))
                    // Of exactly its size, so that AddressSanitizer sees who reads past its end.
                    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
                    block.copyMemory(from: bytes)
                    blocks.append(block)
                    let wireLength = control & 0x40 == 0 ? UInt32(bytes.count) : UInt32(bytes.count) &* 65_521 &+ UInt32(control)
                    frames.append(
                        Frame(
                            bytes: UnsafeRawPointer(block.baseAddress!), timestamp: Timestamp(nanoseconds: time), length: UInt32(bytes.count),
                            wireLength: wireLength, linkType: links[Int(control & 0x3f) % links.count]))
                }
                for frame in frames { if let complaint = complaint(about: Packet(frame), frame) { return complaint } }
                frames.withUnsafeBufferPointer { pipeline.process($0) }
                fed += UInt64(frames.count)
                if let imbalance = pipeline.imbalance { return imbalance }
            }
            pipeline.drain()
            let counters = pipeline.counters
            let ended = EndReason.allCases.reduce(0) { $0 + counters[$1] }
            if counters.packets != fed || notes.packets != fed { return "\(fed) packets fed, \(counters.packets) counted, \(notes.packets) delivered" }
            if ended != counters.connections || notes.connections != ended { return "\(counters.connections) connections, \(ended) ended" }
            if notes.open != 0 || pipeline.tracker.count != 0 { return "\(notes.open) values and \(pipeline.tracker.count) connections left" }
            if counters.reassemblyPeak > options.reassemblyMemory { return "\(counters.reassemblyPeak) bytes held" }
            return pipeline.imbalance
        }
    }

    /// What of a packet's headers contradicts its frame.
    private static func complaint(about packet: Packet, _ frame: Frame) -> String? {
        guard packet.kind == .flow else { return nil }
        if Int(packet.payloadOffset) + Int(packet.payloadCaptured) > Int(frame.length) { return "payload beyond the frame: \(packet)" }
        if packet.transportOffset < packet.networkOffset { return "transport before network: \(packet)" }
        return nil
    }
}
