import Filters
import Packets

/// From frames to trains: reads headers, asks whether anybody wants the packets, and puts those that follow each other in a flow together, so that the flow
/// is looked up once for all of them.
extension Pipeline {
    /// Reads headers and asks the filters: packets to be tracked are put into `trains`, the others have their outcome with that. Gives the number of trains;
    /// the one behind them says where the last one's cars end.
    @inline(__always)
    mutating func chooseTrains(_ frames: UnsafePointer<Frame>, _ count: Int) -> Int {
        if packetSubscribers.count == 0, tracker.elders == 0 { return readTrains(frames, count) }
        let notes = readHeaders(frames, count)
        if packetSubscribers.count > 0 {
            deliverPackets(frames, count)
            if !hasTrackers { return countDelivered(frames, count, areFlows: !notes.contains(.noFlow)) }
        }
        return chooseReadTrains(frames, count)
    }

    /// Both in one go, where nobody wants single packets: of one that is refused no more is read than that needs.
    @inline(never)
    private mutating func readTrains(_ frames: UnsafePointer<Frame>, _ count: Int) -> Int {
        // Copies, for a method of `self` would be passed the whole of it.
        let (gate, packets, tunnels) = (gate, packets, tracker.options.pointee.tunnels)
        let coupling = coupling
        coupling.pointee = TrainCoupling(trains, cars, packets + Self.width)
        var filtered: UInt64 = 0
        var bytes: UInt64 = 0
        var place = 0
        while place < count {
            let (packet, frame) = (packets + place, frames + place)
            place &+= 1
            if let plain = PlainIPv4(frame, opening: tunnels) {
                bytes &+= UInt64(frame.pointee.length)
                if plain.follows(coupling.pointee.refused) != .no {
                    filtered &+= 1
                    continue
                }
                packet.take(plain, of: frame)
            } else if !readOther(packet, frame, tunnels) {
                continue
            } else if UnsafePointer(packet).follows(coupling.pointee.refused) != .no {
                filtered &+= 1
                continue
            }
            if coupling.pointee.add(packet, frame) { continue }
            guard gate.opens(for: packet) else {
                filtered &+= 1
                if gate.asksFlowsAlone { coupling.pointee.refused = UnsafePointer(packet).way }
                continue
            }
            coupling.pointee.begin(packet, frame, isWhole: gate.asksFlowsAlone)
        }
        tracker.counters.packets &+= UInt64(count)
        tracker.counters.bytes &+= bytes
        tracker.counters.outcomes[PacketOutcome.filtered.rawValue] &+= filtered
        return coupling.pointee.end(trains)
    }

    /// Reads a frame that is not plain. False: it has its outcome.
    @inline(never)
    private mutating func readOther(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>, _ tunnels: TunnelKinds) -> Bool {
        tracker.counters.bytes &+= UInt64(max(frame.pointee.wireLength, frame.pointee.length))
        let notes = packet.pointee.readOther(frame, opening: tunnels)
        guard !notes.isEmpty else { return true }
        if notes.contains(.cut) { tracker.counters.cutPackets &+= 1 }
        if notes.contains(.unopenedTunnel) { tracker.counters.unopenedTunnels &+= 1 }
        return !notes.contains(.noFlow) || becomesFlow(packet, frame)
    }

    /// Gives what there is to note about any of them.
    @inline(never)
    mutating func readHeaders(_ frames: UnsafePointer<Frame>, _ count: Int) -> ReadingNotes {
        let packets = packets
        let tunnels = tracker.options.pointee.tunnels
        var bytes: UInt64 = 0
        var cut: UInt64 = 0
        var unopened: UInt64 = 0
        var all: ReadingNotes = []
        var place = 0
        while place < count {
            let notes = packets[place].read(frames + place, opening: tunnels)
            if !notes.isEmpty {
                all.formUnion(notes)
                if notes.contains(.cut) { cut &+= 1 }
                if notes.contains(.unopenedTunnel) { unopened &+= 1 }
            }
            bytes &+= UInt64(packets[place].wireLength)
            place &+= 1
        }
        tracker.counters.packets &+= UInt64(count)
        tracker.counters.bytes &+= bytes
        tracker.counters.cutPackets &+= cut
        tracker.counters.unopenedTunnels &+= unopened
        return all
    }

    /// The same of packets that have been read, and given to whoever wants single ones.
    @inline(never)
    mutating func chooseReadTrains(_ frames: UnsafePointer<Frame>, _ count: Int) -> Int {
        let (gate, packets) = (gate, packets)
        let coupling = coupling
        coupling.pointee = TrainCoupling(trains, cars, packets + Self.width)
        var filtered: UInt64 = 0
        for place in 0..<count {
            let (packet, frame) = (packets + place, frames + place)
            guard isForGate(packet, frame), !coupling.pointee.add(packet, frame) else { continue }
            guard UnsafePointer(packet).follows(coupling.pointee.refused) == .no, opensGate(packet) else {
                filtered &+= 1
                if gate.asksFlowsAlone { coupling.pointee.refused = UnsafePointer(packet).way }
                continue
            }
            coupling.pointee.begin(packet, frame, isWhole: gate.asksFlowsAlone)
        }
        tracker.counters.outcomes[PacketOutcome.filtered.rawValue] &+= filtered
        return coupling.pointee.end(trains)
    }

    /// Whether a packet is one that connections may want; what else it is has been seen to.
    @inline(never)
    private mutating func isForGate(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>) -> Bool {
        guard packet.pointee.kind == .flow else { return becomesFlow(packet, frame) }
        guard isDelivered(packet), !opensGate(packet) else { return true }
        tracker.counters.outcomes[PacketOutcome.delivered.rawValue] &+= 1
        return false
    }

    /// Whether somebody may want it, or it belongs to a connection that somebody wanted before the filters were others.
    mutating func opensGate(_ packet: UnsafePointer<Packet>) -> Bool { gate.opens(for: packet) || isOfElder(packet) }

    @inline(never)
    private mutating func isOfElder(_ packet: UnsafePointer<Packet>) -> Bool { tracker.elders > 0 && tracker.isElder(packet.pointee.key) }

    /// Takes what is no flow's packet as it is: gives it to the subscriptions of packets, and counts it, unless it has become one of a flow that somebody
    /// tracks. A fragment does that when it completes its datagram, which takes its place; all others of the datagram then have that outcome, too.
    @inline(never)
    mutating func becomesFlow(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>) -> Bool {
        let isDelivered = isDelivered(packet)
        var count: UInt64 = 1
        let isFragment = packet.pointee.kind == .fragment || packet.pointee.kind == .firstFragment
        if isFragment, fragmentsAreElsewhere || fragments.isOn {
            let place = packet - packets
            count =
                fragmentsAreElsewhere
                ? takeWhole(packet, at: place) : fragments.take(packet, frame, at: place, opening: tracker.options.pointee.tunnels, &tracker.counters)
            // Whoever puts them together counts those that are of no whole datagram.
            guard count > 0 else { return false }
            if packet.pointee.kind == .flow, opensGate(packet) {
                fragments.completed |= 1 << place
                return true
            }
        } else if packet.pointee.kind == .firstFragment {
            packet.pointee.kind = .flow
            if opensGate(packet) { return true }
        }
        let outcome: PacketOutcome =
            switch packet.pointee.kind {
            case .flow: isDelivered ? .delivered : .filtered
            case .fragment, .firstFragment: .fragment
            case .malformed: .malformed
            case .notIP: .notIP
            }
        tracker.counters.outcomes[outcome.rawValue] &+= count
        if outcome == .malformed { tracker.counters.problems[Int(packet.pointee.problem.rawValue)] &+= count }
        return false
    }

    /// The datagram that was put together elsewhere takes the packet's place.
    private mutating func takeWhole(_ packet: UnsafeMutablePointer<Packet>, at place: Int) -> UInt64 {
        guard let whole = wholeDatagram else { return 0 }
        packet.pointee = whole.pointee.packet
        fragments.datagrams[place] = whole.pointee.datagram
        return whole.pointee.datagram.sum.fragments
    }
}
