import Containers
import Glibc
import Packets
import Protocols

/// A subscriber whose callbacks run on another core. In its place the capturing core has this one, which puts each call into a ring, with copies of all that
/// it is about; `receiver` calls the subscriber, there.
///
///     capturing core                                      other core
///     tracker ──call──▶ DispatchedSubscriber ══ring══▶ DispatchReceiver ──call──▶ subscriber, its values and report
///                              ▲                               │
///                              └───────── verdicts ────────────┘
///
/// The capturing core does not wait. What finds no room is lost, and with it the rest of its connection: a stream has no silent holes. The value of such a
/// connection is dropped, without `ended`, as if the subscription had said `unsubscribe`: so whatever is given out is what it would be without dispatch, and
/// what is missing is counted. All that would have been told of the connection goes on to be counted, too.
///
/// Once the capture is over (`captureHasEnded`) there is nothing to be late for, and it waits for room: the end of all connections at once would be more than
/// any ring holds.
public final class DispatchedSubscriber: Subscriber {
    public let receiver: DispatchReceiver
    private let inner: Subscriber
    private let channel: DispatchChannel
    private let ring: MessageRing
    private let slotMemory: RawMemory
    private let slots: UnsafeMutablePointer<Slot>
    /// Of the connection that began last.
    private var generation: UInt64 = 0
    private var waits = false

    /// What this side knows of a connection.
    private struct Slot: BitwiseCopyable {
        var word: UInt64

        enum State: UInt64 {
            /// The subscription has none there.
            case none, open
            /// Something was lost; then, that the other side has been told to drop the value.
            case cut, dropped
        }

        init(_ state: State, _ generation: UInt64) { word = generation << 2 | state.rawValue }
        var state: State { State(rawValue: word & 3)! }
        var generation: UInt64 { word >> 2 }
    }

    /// - Parameters:
    ///   - inner: from now on it is the receiver's, and for what happens at the end the main core's. When it ticks, and which packets it gets, is worked out
    ///     here all the same, in memory that the receiver leaves alone.
    ///   - ring: in bytes.
    public init(_ inner: Subscriber, ring byteCount: Int, maxConnections: Int) {
        let connections = inner.needs.contains(.connections) ? ConnTracker.capacity(maxConnections) : 0
        self.inner = inner
        channel = DispatchChannel(ring: byteCount, connections: connections)
        ring = channel.ring
        receiver = DispatchReceiver(inner, channel, connections: connections)
        slotMemory = RawMemory(byteCount: connections * MemoryLayout<Slot>.stride)
        slots = slotMemory.bound(to: Slot.self)
        super.init(inner.filter, inner.needs)
        inner.chooseElsewhere()
    }

    override var byteCount: Int { inner.byteCount + slotMemory.byteCount + channel.verdictByteCount + receiver.byteCount }
    override var ringByteCount: Int { ring.byteCount }
    /// In bytes.
    public var ringSize: Int { ring.byteCount }

    /// Messages lost so far, from any thread.
    public var lostMessages: UInt64 { channel.lostMessages.load(ordering: .relaxed) }
    /// What became of all messages, when neither side runs.
    public var counts: DispatchCounts {
        var counts = receiver.counts
        counts.dropped = lostMessages
        counts.droppedBytes = channel.lostBytes.load(ordering: .relaxed)
        counts.cutConnections = channel.cutConnections.load(ordering: .relaxed)
        counts.ringPeak = ring.peak
        return counts
    }

    // MARK: Sending

    /// Puts a message into the ring; false if there is no room.
    @inline(__always)
    private func send(_ message: DispatchMessage, _ byteCount: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> Bool {
        guard let memory = room(for: DispatchMessage.byteCount &+ byteCount) else { return false }
        memory.initializeMemory(as: DispatchMessage.self, to: message)
        write(memory.body)
        ring.publish()
        return true
    }

    @inline(__always)
    private func room(for byteCount: Int) -> UnsafeMutableRawPointer? { ring.reserve(byteCount) ?? (waits ? waitForRoom(byteCount) : nil) }

    @inline(never)
    private func waitForRoom(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount <= ring.longest else { return nil }
        while true {
            if let memory = ring.reserve(byteCount) { return memory }
            usleep(50)
        }
    }

    /// Tells something of a connection, unless the subscription wants no more of it.
    ///
    /// - Parameters:
    ///   - count: of what the message tells, in bytes; also what is lost if it cannot be sent.
    ///   - byteCount: behind the message's head.
    @inline(__always)
    private func tell(
        _ kind: DispatchMessage.Kind, _ index: Int, _ sender: Direction = .originator, count: Int = 0, body byteCount: Int,
        _ write: (UnsafeMutableRawPointer) -> Void
    ) -> Verdict {
        let slot = slots[index]
        let verdict = channel.verdict(index, generation: slot.generation)
        guard verdict == .more else { return verdict }
        let message = DispatchMessage(kind: kind, sender: sender, index: Int32(truncatingIfNeeded: index), count: count, generation: slot.generation)
        guard slot.state == .open, send(message, byteCount, write) else {
            lose(index, kind == .gap ? 0 : count)
            return .more
        }
        return .more
    }

    @inline(never)
    private func lose(_ index: Int, _ byteCount: Int) {
        channel.lostMessages.bump()
        channel.lostBytes.bump(by: UInt64(byteCount))
        let slot = slots[index]
        if slot.state == .open {
            channel.cutConnections.bump()
            slots[index] = Slot(.cut, slot.generation)
        }
        if slots[index].state == .cut, sendDrop(index) { slots[index] = Slot(.dropped, slot.generation) }
    }

    /// If it cannot be sent the value stays until another connection has its place, or the run is over.
    private func sendDrop(_ index: Int) -> Bool {
        let message = DispatchMessage(
            kind: .drop, sender: .originator, index: Int32(truncatingIfNeeded: index), count: 0, generation: slots[index].generation)
        // Not worth waiting for.
        guard let memory = ring.reserve(DispatchMessage.byteCount) else { return false }
        memory.initializeMemory(as: DispatchMessage.self, to: message)
        ring.publish()
        return true
    }

    @inline(__always)
    private func tell(_ kind: DispatchMessage.Kind, _ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        tell(kind, index, body: DispatchMessage.recordByteCount) { $0.initializeMemory(as: ConnectionRecord.self, to: record.pointee) }
    }

    // MARK: What the tracker calls

    override func packets(
        _ packets: UnsafePointer<Packet>, _ frames: UnsafePointer<Frame>, _ wanted: UInt64, _ current: inout UnsafePointer<Packet>?
    ) {
        var rest = inner.chooseSingles(wanted)
        while rest != 0 {
            let place = rest.trailingZeroBitCount
            rest &= rest &- 1
            let frame = frames + place, count = Int(frame.pointee.length)
            let message = DispatchMessage(kind: .single, sender: .originator, index: 0, count: count, generation: 0)
            let isSent = send(message, DispatchMessage.packetByteCount + MemoryLayout<Frame>.stride + count) { body in
                body.initializeMemory(as: Packet.self, to: packets[place])
                let behind = body + DispatchMessage.packetByteCount
                behind.initializeMemory(as: Frame.self, to: frame.pointee)
                (behind + MemoryLayout<Frame>.stride).copyMemory(from: frame.pointee.bytes, byteCount: count)
            }
            guard !isSent else { continue }
            channel.lostMessages.bump()
            channel.lostBytes.bump(by: UInt64(count))
        }
    }

    override func start(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {
        generation &+= 1
        slots[index] = Slot(.open, generation)
        inner.beginChoosing(index)
        _ = tell(.start, index, record)
    }

    override func packet(_ index: Int, _ packet: UnsafePointer<Packet>, _ frame: RawSpan, from sender: Direction) -> Verdict {
        let (isWanted, wantsMore) = inner.choosePacket(index)
        guard isWanted else { return wantsMore ? .more : .done }
        let verdict = tell(.packet, index, sender, count: frame.byteCount, body: DispatchMessage.packetByteCount + frame.byteCount) { body in
            body.initializeMemory(as: Packet.self, to: packet.pointee)
            frame.copy(to: body + DispatchMessage.packetByteCount)
        }
        return verdict == .more && !wantsMore ? .done : verdict
    }

    override func stream(_ index: Int, _ bytes: RawSpan, from sender: Direction) -> Verdict {
        tell(.stream, index, sender, count: bytes.byteCount, body: bytes.byteCount) { bytes.copy(to: $0) }
    }

    override func gap(_ index: Int, _ byteCount: Int, from sender: Direction) -> Verdict { tell(.gap, index, sender, count: byteCount, body: 0) { _ in } }

    override func conflict(_ index: Int, _ conflict: StreamConflict, from sender: Direction) -> Verdict {
        tell(.conflict, index, sender, body: MemoryLayout<StreamConflict>.size) { $0.initializeMemory(as: StreamConflict.self, to: conflict) }
    }

    override func established(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { tell(.established, index, record) }
    override func ticked(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) -> Verdict { tell(.tick, index, record) }

    func session<Session>(_ index: Int, _ session: UnsafePointer<Session>, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        tell(.session, index, body: DispatchMessage.recordByteCount + MemoryLayout<Session>.size) { body in
            body.initializeMemory(as: ConnectionRecord.self, to: record.pointee)
            (body + DispatchMessage.recordByteCount).initializeMemory(as: Session.self, from: session, count: 1)
        }
    }

    override func reoriented(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) { tellWhateverWasSaid(.reoriented, index, record) }

    override func end(_ index: Int, _ record: UnsafePointer<ConnectionRecord>) {
        tellWhateverWasSaid(.end, index, record)
        slots[index] = Slot(.none, 0)
    }

    /// What comes after `done`, too.
    private func tellWhateverWasSaid(_ kind: DispatchMessage.Kind, _ index: Int, _ record: UnsafePointer<ConnectionRecord>) {
        let slot = slots[index]
        guard channel.verdict(index, generation: slot.generation) != .unsubscribe else { return }
        let message = DispatchMessage(kind: kind, sender: .originator, index: Int32(truncatingIfNeeded: index), count: 0, generation: slot.generation)
        let isSent = slot.state == .open
            && send(message, DispatchMessage.recordByteCount) { $0.initializeMemory(as: ConnectionRecord.self, to: record.pointee) }
        if !isSent { lose(index, 0) }
    }

    override func drop(_ index: Int) {
        // Whoever said that it wants no more has done so itself.
        if slots[index].state != .none, channel.verdict(index, generation: slots[index].generation) != .unsubscribe { _ = sendDrop(index) }
        slots[index] = Slot(.none, 0)
    }

    override func emergency(_ event: EmergencyEvent) {
        let message = DispatchMessage(kind: .emergency, sender: .originator, index: 0, count: 0, generation: 0)
        if !send(message, MemoryLayout<EmergencyEvent>.size, { $0.initializeMemory(as: EmergencyEvent.self, to: event) }) { channel.lostMessages.bump() }
    }

    override var tick: TickInterval? { inner.tick }
    public override var history: HistoryBudget? { inner.history }
    override func armTick(_ index: Int, at clock: TickClock) { inner.armTick(index, at: clock) }
    override func takeTick(_ index: Int, at clock: TickClock) -> Bool { inner.takeTick(index, at: clock) }
    override func nextTick(_ index: Int) -> (unit: TickUnit, due: UInt64) { inner.nextTick(index) }

    override func subscribeToSessions(_ parsers: inout ParserStages) {
        inner.number = number
        parsers.dispatch = self
        inner.subscribeToSessions(&parsers)
        parsers.dispatch = nil
    }

    public override func captureHasEnded() { waits = true }

    // MARK: When neither side runs

    public override func mergeReport(of other: Subscriber) { if let other = other as? DispatchedSubscriber { inner.mergeReport(of: other.inner) } }
    // While both run the report is the receiver's to flush.
    public override func flushReport() {}
    public override func finishReport() throws { try inner.finishReport() }
}

extension RawSpan {
    @inline(__always)
    fileprivate func copy(to memory: UnsafeMutableRawPointer) {
        withUnsafeBytes { bytes in if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) } }
    }
}

/// A dispatched subscription's end of a parser, in the place of its own: sessions are copied into the ring, and own there what they own anywhere.
final class DispatchedSessions<P: SessionParser>: SessionSinkOf<P>, PackedSessions {
    private let own: SessionSinkOf<P>
    private unowned let subscriber: DispatchedSubscriber

    init(_ own: SessionSinkOf<P>, _ subscriber: DispatchedSubscriber) {
        precondition(MemoryLayout<P.Session>.alignment <= MessageRing.overhead, "a session's alignment is 16 bytes at most")
        self.own = own
        self.subscriber = subscriber
        super.init()
        subscriber.receiver.sessions = self
    }

    override func session(_ index: Int, _ session: UnsafePointer<P.Session>, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        subscriber.session(index, session, record)
    }

    func give(_ index: Int, _ memory: UnsafeMutableRawPointer, _ record: UnsafePointer<ConnectionRecord>) -> Verdict {
        own.session(index, UnsafePointer(memory.assumingMemoryBound(to: P.Session.self)), record)
    }

    func discard(_ memory: UnsafeMutableRawPointer) { memory.assumingMemoryBound(to: P.Session.self).deinitialize(count: 1) }
}
