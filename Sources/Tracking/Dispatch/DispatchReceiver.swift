import Containers
import Packets

/// The other core's side of a dispatched subscription: takes messages out of the ring in their order and calls the subscriber, whose values and report are its
/// own. One thread at a time.
///
/// Unchecked: made by the main core, then the other core's until that has come to its end.
public final class DispatchReceiver: @unchecked Sendable {
    private let inner: Subscriber
    private let channel: DispatchChannel
    private let memory: RawMemory
    private let slots: UnsafeMutablePointer<Slot>
    var sessions: (any PackedSessions)?
    private(set) var counts = DispatchCounts()
    /// Connections that the subscriber has a value for.
    private var valueCount = 0

    /// A connection as this side knows it; all zero: there is none.
    private struct Slot: BitwiseCopyable {
        var generation: UInt64
        /// Whether the subscription has said `done`.
        var isDone: Bool
    }

    init(_ inner: Subscriber, _ channel: DispatchChannel, connections: Int) {
        self.inner = inner
        self.channel = channel
        memory = RawMemory(byteCount: connections * MemoryLayout<Slot>.stride)
        slots = memory.bound(to: Slot.self)
    }

    var byteCount: Int { memory.byteCount }

    /// Makes the calls that wait, up to so many.
    ///
    /// - Returns: how many there were.
    public func deliver(atMost count: Int) -> Int {
        for number in 0..<count {
            guard let message = channel.ring.first() else { return number }
            deliver(message)
            channel.ring.release()
        }
        return count
    }

    /// Has the report hand on what is gathered; to be called about once a second.
    public func flush() { inner.flushReport() }

    /// No more will come: drops the values of connections that were to be dropped when there was no room even to say so.
    public func finish() {
        var index = 0
        while valueCount > 0 {
            if slots[index].generation != 0 { drop(index) }
            index += 1
        }
    }

    private func deliver(_ memory: UnsafeMutableRawPointer) {
        let message = memory.message, index = Int(message.index)
        switch message.kind {
        case .single:
            counts.delivered &+= 1
            giveSingle(memory, message.count)
        case .emergency:
            counts.delivered &+= 1
            inner.emergency(memory.body.load(as: EmergencyEvent.self))
        case .start:
            // Of one that was cut short without a word.
            if slots[index].generation != 0 { drop(index) }
            counts.delivered &+= 1
            slots[index] = Slot(generation: message.generation, isDone: false)
            valueCount += 1
            inner.start(index, memory.record)
        case .drop: if slots[index].generation == message.generation { drop(index) }
        case .reoriented, .end:
            guard slots[index].generation == message.generation else { return counts.late &+= 1 }
            counts.delivered &+= 1
            if message.kind == .reoriented { return inner.reoriented(index, memory.record) }
            forget(index)
            inner.end(index, memory.record)
        case .packet, .stream, .gap, .conflict, .established, .tick, .session:
            if slots[index].generation == message.generation, !slots[index].isDone {
                counts.delivered &+= 1
                keep(give(message, memory), index)
            } else {
                counts.late &+= 1
            }
            if message.kind == .session { sessions?.discard(memory.bodyBehindRecord) }
        }
    }

    private func give(_ message: DispatchMessage, _ memory: UnsafeMutableRawPointer) -> Verdict {
        let index = Int(message.index)
        switch message.kind {
        case .packet:
            let frame = RawSpan(_unsafeStart: memory.bodyBehindPacket, byteCount: message.count)
            return inner.packet(index, memory.packet, frame, from: message.sender)
        case .stream: return inner.stream(index, RawSpan(_unsafeStart: memory.body, byteCount: message.count), from: message.sender)
        case .gap: return inner.gap(index, message.count, from: message.sender)
        case .conflict: return inner.conflict(index, memory.body.load(as: StreamConflict.self), from: message.sender)
        case .established: return inner.established(index, memory.record)
        case .tick: return inner.ticked(index, memory.record)
        case .session: return sessions?.give(index, memory.bodyBehindRecord, memory.record) ?? .more
        case .single, .emergency, .start, .drop, .reoriented, .end: return .more
        }
    }

    /// A verdict holds here at once, and there as soon as it is seen.
    private func keep(_ verdict: Verdict, _ index: Int) {
        switch verdict {
        case .more: return
        case .done: slots[index].isDone = true
        case .unsubscribe: break
        }
        channel.tell(verdict, index, generation: slots[index].generation)
        if verdict == .unsubscribe { drop(index) }
    }

    private func drop(_ index: Int) {
        forget(index)
        inner.drop(index)
    }

    private func forget(_ index: Int) {
        slots[index] = Slot(generation: 0, isDone: false)
        valueCount -= 1
    }

    private func giveSingle(_ memory: UnsafeMutableRawPointer, _ count: Int) {
        var frame = memory.bodyBehindPacket.load(as: Frame.self)
        frame.bytes = UnsafeRawPointer(memory.bodyBehindPacket + MemoryLayout<Frame>.stride)
        // Its buffer has gone back to where it came from.
        frame.buffer = nil
        var current: UnsafePointer<Packet>?
        withUnsafePointer(to: frame) { inner.packets(memory.packet, $0, 1, &current) }
    }
}

/// Sessions in a ring, with their type forgotten.
protocol PackedSessions: AnyObject {
    func give(_ index: Int, _ memory: UnsafeMutableRawPointer, _ record: UnsafePointer<ConnectionRecord>) -> Verdict
    /// Gives up what the session owns.
    func discard(_ memory: UnsafeMutableRawPointer)
}
