import Filters
import Packets

/// Packets for those who want them one by one: a burst is given to each subscription as a whole.
extension Pipeline {
    /// Gives the packets to the subscriptions that want them; `delivered` has those that somebody wanted.
    @inline(never)
    mutating func deliverPackets(_ frames: UnsafePointer<Frame>, _ count: Int) {
        delivered = 0
        if packetFilters.areMany { return deliverToMany(frames, count) }
        for number in 0..<packetSubscribers.count {
            let wanted = packetFilters.matches(number, packets, frames, count)
            if wanted != 0 { give(wanted, frames, to: number) }
        }
    }

    private mutating func deliverToMany(_ frames: UnsafePointer<Frame>, _ count: Int) {
        for place in 0..<count {
            guard let chosen = packetFilters.matches(FramedPacket(packets + place, frames + place)) else { continue }
            for number in chosen { give(1 << UInt64(place), frames, to: number) }
        }
    }

    @inline(__always)
    private mutating func give(_ wanted: UInt64, _ frames: UnsafePointer<Frame>, to number: Int) {
        delivered |= wanted
        let (packets, position) = (UnsafePointer(packets), position)
        packetSubscribers.with(number) { $0.packets(packets, frames, wanted, &position.pointee.packet) }
    }

    @inline(__always)
    func isDelivered(_ packet: UnsafePointer<Packet>) -> Bool { delivered >> UInt64(packet - UnsafePointer(packets)) & 1 != 0 }

    /// Nobody wants connections: the packets have their outcome with that. Gives the number of trains.
    ///
    /// - Parameter areFlows: whether all are packets of flows.
    mutating func countDelivered(_ frames: UnsafePointer<Frame>, _ count: Int, areFlows: Bool) -> Int {
        var flows = UInt64.max >> UInt64(Self.width - count)
        if !areFlows {
            for place in 0..<count where packets[place].kind != .flow && !becomesFlow(packets + place, frames + place) { flows &= ~(1 << UInt64(place)) }
        }
        let given = (delivered & flows).nonzeroBitCount
        tracker.counters.outcomes[PacketOutcome.delivered.rawValue] &+= UInt64(given)
        tracker.counters.outcomes[PacketOutcome.filtered.rawValue] &+= UInt64(flows.nonzeroBitCount - given)
        return 0
    }
}
