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
    private let hashes: UnsafeMutablePointer<UInt64>
    private let chosen: UnsafeMutablePointer<UInt8>

    public init(_ options: TrackerOptions, subscribers: [Subscriber], seed: HashSeed = HashSeed()) {
        let trackers = subscribers.filter { $0.needs.contains(.connections) }
        tracksEverything = trackers.contains { $0.program.pointee.isEverything }
        tracker = ConnTracker(options, subscribers: trackers, seed: seed)
        self.trackers = SubscriberList(trackers)
        packetSubscribers = SubscriberList(subscribers.filter { $0.needs.contains(.packets) })
        packets = .allocate(capacity: Self.width)
        packets.initialize(repeating: Packet(), count: Self.width)
        hashes = .allocate(capacity: Self.width)
        chosen = .allocate(capacity: Self.width)
    }

    deinit {
        packets.deallocate()
        hashes.deallocate()
        chosen.deallocate()
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
        let count = frames.count
        tracker.counters.packets &+= UInt64(count)
        for index in 0..<count { packets[index].read(frames[index]) }

        var chosenCount = 0
        for index in 0..<count {
            let packet = packets + index
            tracker.counters.bytes &+= UInt64(packet.pointee.wireLength)
            tracker.counters.cutPackets &+= packet.pointee.capturedLength < packet.pointee.wireLength ? 1 : 0
            let isDelivered = deliverPacket(packet, frames[index])
            if packet.pointee.kind == .flow, wantsTracking(packet) {
                if !tracker.options.vlanInKey { packet.pointee.key = packet.pointee.key.withoutVLANs }
                let hash = tracker.hash(of: packet.pointee.key)
                tracker.prefetchBucket(hash)
                hashes[chosenCount] = hash
                chosen[chosenCount] = UInt8(truncatingIfNeeded: index)
                chosenCount &+= 1
            } else {
                tracker.counters.outcomes[untrackedOutcome(packet, isDelivered: isDelivered).rawValue] &+= 1
                if packet.pointee.kind == .malformed { tracker.counters.problems[Int(packet.pointee.problem.rawValue)] &+= 1 }
            }
        }
        for index in 0..<chosenCount { tracker.prefetchConnection(hashes[index]) }
        for index in 0..<chosenCount {
            let number = Int(chosen[index])
            let outcome = tracker.process(packets + number, frames[number], hash: hashes[index])
            tracker.counters.outcomes[outcome.rawValue] &+= 1
        }
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
            guard packetSubscribers.program(number).pointee.match(packet, source: packet.pointee.senderIsB ? .b : .a, service: nil) != .no else { continue }
            packetSubscribers.with(number) { $0.packet(packet, RawSpan(_unsafeStart: frame.bytes, byteCount: Int(frame.length))) }
            isDelivered = true
        }
        return isDelivered
    }

    private func untrackedOutcome(_ packet: UnsafePointer<Packet>, isDelivered: Bool) -> PacketOutcome {
        switch packet.pointee.kind {
        case .malformed: .malformed
        case .notIP: .notIP
        case .fragment: .fragment
        case .flow: isDelivered ? .delivered : .filtered
        }
    }

    /// Lets time pass without packets.
    public mutating func advance(to time: Timestamp) {
        tracker.advance(to: time)
        tracker.expire()
    }

    /// Ends all connections.
    public mutating func drain() { tracker.drain() }
}
