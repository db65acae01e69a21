import Filters
import Packets

/// One core's way of a burst, stage by stage over all its packets: read headers, ask filters, find connections, count and deliver. Stage by stage,
/// because then the cache misses of a burst's packets overlap instead of adding up.
public struct Pipeline: ~Copyable {
    /// Packets that are taken through the stages together.
    static let width = 64

    public private(set) var tracker: ConnTracker
    private let packetSubscribers: SubscriberList
    private let trackers: SubscriberList
    /// Whether some subscription wants every connection: then no filter needs to be asked.
    private let tracksEverything: Bool
    private let packets: UnsafeMutablePointer<Packet>
    private let flows: UnsafeMutablePointer<PacketFlow>

    public init(_ options: TrackerOptions, subscribers: [Subscriber], seed: HashSeed = HashSeed()) {
        let trackers = subscribers.filter { $0.needs.contains(.connections) }
        tracksEverything = trackers.contains { $0.program.pointee.isEverything }
        tracker = ConnTracker(options, subscribers: trackers, seed: seed)
        self.trackers = SubscriberList(trackers)
        packetSubscribers = SubscriberList(subscribers.filter { $0.needs.contains(.packets) })
        packets = .allocate(capacity: Self.width)
        packets.initialize(repeating: Packet(), count: Self.width)
        flows = UnsafeMutableRawPointer.allocate(byteCount: Self.width * MemoryLayout<PacketFlow>.stride, alignment: 64)
            .bindMemory(to: PacketFlow.self, capacity: Self.width)
    }

    deinit {
        packets.deallocate()
        flows.deallocate()
    }

    public var counters: Counters { tracker.counters }

    /// Takes a burst's frames through all stages, in order, then ends what has timed out.
    public mutating func process(_ frames: UnsafeBufferPointer<Frame>) {
        var start = 0
        while start < frames.count {
            let count = min(Self.width, frames.count - start)
            processPart(UnsafeBufferPointer(rebasing: frames[start..<start + count]))
            start += count
        }
        tracker.expire()
    }

    private mutating func processPart(_ frames: UnsafeBufferPointer<Frame>) {
        var flowCount = 0
        for place in 0..<frames.count {
            let packet = packets + place
            packet.pointee.read(frames.baseAddress! + place)
            let isDelivered = packetSubscribers.count > 0 && deliverPacket(packet, frames[place])
            if packet.pointee.kind == .flow, wantsTracking(packet) {
                let (key, senderIsB) = packet.pointee.flow
                flows[flowCount].key = key
                flows[flowCount].sender = senderIsB ? .b : .a
                flows[flowCount].place = UInt8(truncatingIfNeeded: place)
                flowCount &+= 1
            } else {
                countUntracked(packet, isDelivered: isDelivered)
            }
        }
        countBytes(frames.count)
        if !tracker.options.vlanInKey { for index in 0..<flowCount { flows[index].key = flows[index].key.withoutVLANs } }

        for index in 0..<flowCount {
            flows[index].hash = tracker.hash(of: flows[index].key)
            tracker.prefetchBucket(flows[index].hash)
        }
        for index in 0..<flowCount { tracker.prefetchConnection(flows[index].hash) }
        for index in 0..<flowCount {
            let place = Int(flows[index].place)
            let outcome = tracker.process(packets + place, frames[place], flows + index)
            tracker.counters.outcomes[outcome.rawValue] &+= 1
        }
    }

    private mutating func countBytes(_ count: Int) {
        var bytes: UInt64 = 0
        var cut: UInt64 = 0
        for place in 0..<count {
            bytes &+= UInt64(packets[place].wireLength)
            cut &+= packets[place].capturedLength < packets[place].wireLength ? 1 : 0
        }
        tracker.counters.packets &+= UInt64(count)
        tracker.counters.bytes &+= bytes
        tracker.counters.cutPackets &+= cut
    }

    /// Whether some subscription that tracks connections may want the packet's.
    @inline(__always)
    private func wantsTracking(_ packet: UnsafePointer<Packet>) -> Bool {
        if tracksEverything { return true }
        for number in 0..<trackers.count where trackers.program(number).pointee.match(packet, source: nil, service: nil) != .no { return true }
        return false
    }

    @inline(__always)
    private func deliverPacket(_ packet: UnsafePointer<Packet>, _ frame: Frame) -> Bool {
        var isDelivered = false
        for number in 0..<packetSubscribers.count {
            // What a packet alone cannot tell is no reason to keep it from a subscription of packets.
            guard packetSubscribers.program(number).pointee.match(packet, source: .a, service: nil) != .no else { continue }
            packetSubscribers.with(number) { $0.packet(packet, RawSpan(_unsafeStart: frame.bytes, byteCount: Int(frame.length))) }
            isDelivered = true
        }
        return isDelivered
    }

    private mutating func countUntracked(_ packet: UnsafePointer<Packet>, isDelivered: Bool) {
        let outcome: PacketOutcome =
            switch packet.pointee.kind {
            case .flow: isDelivered ? .delivered : .filtered
            case .fragment: .fragment
            case .notIP: .notIP
            case .malformed: .malformed
            }
        tracker.counters.outcomes[outcome.rawValue] &+= 1
        if outcome == .malformed { tracker.counters.problems[Int(packet.pointee.problem.rawValue)] &+= 1 }
    }

    /// Lets time pass without packets.
    public mutating func advance(to time: Timestamp) {
        tracker.advance(to: time)
        tracker.expire()
    }

    /// Ends all connections.
    public mutating func drain() { tracker.drain() }
}
