import Packets

/// Spreads packets of a capture or a port over several cores, as a network card with RSS would: by a hash of the addresses between which the flow is that
/// the tracker will key by, so that each flow is one core's, both directions of it.
///
///     frame ──▶ its flow's addresses ──hash──▶ core        what has no flow goes round by its number
///
/// - Of tunnels the innermost flow counts, and of a datagram's fragments the flow of the whole: so datagrams are put together here, before anybody gets them,
///   and all that is known of fragments is the same for any number of cores. Until then a fragment is nobody's but those who want single packets.
/// - An ICMP error is a packet of the flow between its sender and its receiver, and news about another, which may be another core's: that is told, too.
/// - Time is kept here (`Timekeeper`).
public struct Spreader: ~Copyable {
    private let hash = ToeplitzHash()
    private let workers: Int
    private let options: TrackerOptions
    private var timekeeper: Timekeeper
    private var fragments: Fragments
    private let packet: UnsafeMutablePointer<Packet>
    private let times: UnsafeMutablePointer<PacketTime>
    /// Packets so far.
    public private(set) var count: UInt64 = 0
    /// Of fragments, and of time.
    private var ownCounters = Counters()

    /// - Parameter tracksConnections: whether anybody does; datagrams are put together for nobody else.
    public init(_ options: TrackerOptions, workers: Int, tracksConnections: Bool) {
        self.options = options
        self.workers = workers
        timekeeper = Timekeeper(options)
        fragments = Fragments(options, isOn: options.fragments && tracksConnections, seed: HashSeed())
        packet = .allocate(capacity: 1)
        packet.initialize(to: Packet())
        times = .allocate(capacity: PacketBatches.stride)
        times.initialize(repeating: PacketTime(0, isAstray: false), count: PacketBatches.stride)
    }

    deinit {
        packet.deallocate()
        times.deallocate()
    }

    /// The time that is believed.
    public var steady: Timestamp { timekeeper.steady }
    /// The earliest and the latest packet's time.
    public var span: (first: Timestamp, last: Timestamp)? { timekeeper.span }

    /// What there is to count beside what cores count.
    public var counters: Counters {
        var counters = ownCounters
        (counters.timeLeaps, counters.strayTimes) = (timekeeper.leaps, timekeeper.strays)
        return counters
    }

    /// Bytes reserved for datagrams of which fragments are missing.
    public var fragmentBytes: Int { fragments.byteCount }

    /// Puts the next frames into the cores' batches: a burst, for which there is room.
    public mutating func spread(_ frames: UnsafeBufferPointer<Frame>, to batches: inout PacketBatches) {
        precondition(frames.count <= PacketBatches.stride && batches.workers == workers)
        batches.note(frames.count)
        let (cores, tunnels, spreads) = (batches.batches, options.tunnels, UInt64(workers))
        var start = 0
        var place = 0
        repeat {
            let tick = timekeeper.see(frames, from: place, times)
            for index in start..<tick {
                let frame = frames.baseAddress! + index
                let number = count &+ UInt64(index)
                if let addresses = frame.plainAddresses(opening: tunnels) {
                    cores[Int(truncatingIfNeeded: (UInt64(hash.hash(ipv4: addresses)) &* spreads) &>> 32)].add(frame, number, times[index])
                } else {
                    spreadOther(frame, number, times[index], &batches)
                }
            }
            if tick < frames.count { tell(before: count &+ UInt64(tick), cores) }
            (start, place) = (tick, tick + 1)
        } while start < frames.count
        count &+= UInt64(frames.count)
        batches.upTo = count
    }

    /// Time passes without packets, by a clock that can be trusted: once in a block, which has room for that. Cores hear of it when it reaches a tick.
    public mutating func pass(to time: Timestamp, _ batches: inout PacketBatches) {
        guard timekeeper.advance(to: time) else { return }
        fragments.expire(at: time, atMost: .max, &ownCounters)
        tell(before: count, batches.batches)
        batches.upTo = count
    }

    /// There will be no more packets.
    public mutating func finish() { fragments.drain(&ownCounters) }

    private func tell(before number: UInt64, _ cores: UnsafeMutablePointer<PacketBatch>) {
        for core in 0..<workers { cores[core].add(event(.tick, number, times[0], nil)) }
    }

    private func event(_ kind: PacketBatch.Event.Kind, _ number: UInt64, _ time: PacketTime, _ frame: UnsafePointer<Frame>?) -> PacketBatch.Event {
        let nothing = Frame(bytes: UnsafeRawPointer(times), timestamp: .zero, length: 0, wireLength: 0)
        return PacketBatch.Event(
            kind: kind, place: 0, number: number, steady: timekeeper.steady.nanoseconds, time: time, frame: frame?.pointee ?? nothing, datagram: nil)
    }

    private func core(of packet: UnsafePointer<Packet>, _ number: UInt64) -> Int {
        switch packet.pointee.kind {
        case .flow, .firstFragment, .fragment: core(of: packet.flow.key)
        case .malformed, .notIP: Int(number % UInt64(workers))
        }
    }

    private func core(of key: FlowKey) -> Int { Int((UInt64(hash.hash(addressesOf: key)) * UInt64(workers)) >> 32) }

    /// A frame that must be read to know where it belongs.
    @inline(never)
    private mutating func spreadOther(_ frame: UnsafePointer<Frame>, _ number: UInt64, _ time: PacketTime, _ batches: inout PacketBatches) {
        packet.pointee.read(frame, opening: options.tunnels)
        var content = frame
        var datagram: UnsafePointer<WholeDatagram>?
        if packet.pointee.kind == .fragment || packet.pointee.kind == .firstFragment, fragments.isOn {
            let fragment = core(of: packet, number)
            let count = fragments.take(packet, frame, at: 0, opening: options.tunnels, &ownCounters)
            guard count > 0 else { return batches.batches[fragment].add(frame, number, time) }
            let whole = batches.keep(packet, UnsafePointer(fragments.datagrams))
            (content, datagram) = (UnsafePointer(whole).datagramFrame, whole)
        }
        let core = core(of: packet, number)
        if let datagram {
            var event = event(.datagram, number, time, nil)
            event.datagram = datagram
            batches.batches[core].add(event)
        }
        if let quoted = Packet.quotedFlow(of: packet, in: content) {
            let other = self.core(of: quoted.key)
            if other != core {
                batches.batches[core].add(event(.errorAboutOther, number, time, nil))
                var event = event(.errorOfOther, number, time, frame)
                event.datagram = datagram
                batches.batches[other].add(event)
            }
        }
        batches.batches[core].add(frame, number, time)
    }
}

extension UnsafePointer<WholeDatagram> {
    /// Where its frame lies.
    var datagramFrame: UnsafePointer<Frame> {
        let datagram = UnsafeRawPointer(self).advanced(by: MemoryLayout<WholeDatagram>.offset(of: \.datagram)!).assumingMemoryBound(to: Datagram.self)
        return datagram.frame
    }
}
