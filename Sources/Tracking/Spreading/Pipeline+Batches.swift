import Packets

/// A core's way of what a `Spreader` has put into its batch.
extension Pipeline {
    public mutating func process(_ batch: UnsafePointer<PacketBatch>) {
        let events = batch.pointee.events
        var start = 0
        var next = 0
        while next < batch.pointee.eventCount {
            let place = events[next].place
            process(batch, start..<place)
            start = place
            while next < batch.pointee.eventCount, events[next].place == place {
                meet(events + next)
                next += 1
            }
            guard wholeDatagram != nil || !tracker.notesErrors else { continue }
            process(batch, place..<place + 1)
            start = place + 1
            (wholeDatagram, tracker.notesErrors) = (nil, true)
        }
        process(batch, start..<batch.pointee.count)
    }

    private mutating func process(_ batch: UnsafePointer<PacketBatch>, _ range: Range<Int>) {
        let start = range.lowerBound
        process(
            UnsafeBufferPointer(start: batch.pointee.frames + start, count: range.count), numbers: batch.pointee.numbers + start,
            times: batch.pointee.times + start)
    }

    private mutating func meet(_ event: UnsafePointer<PacketBatch.Event>) {
        switch event.pointee.kind {
        case .tick: pass(to: Timestamp(nanoseconds: event.pointee.steady), before: event.pointee.number)
        case .datagram: wholeDatagram = event.pointee.datagram
        case .errorAboutOther: tracker.notesErrors = false
        case .errorOfOther: noteError(event)
        }
    }

    /// Another core has an ICMP error about a flow of this one's: it counts here if it counts there.
    private mutating func noteError(_ event: UnsafePointer<PacketBatch.Event>) {
        let frame = event.pointee.datagram?.datagramFrame ?? event.frame
        if let datagram = event.pointee.datagram {
            packets.pointee = datagram.pointee.packet
        } else {
            packets.pointee.read(frame, opening: tracker.options.pointee.tunnels)
        }
        guard opensGate(packets) else { return }
        tracker.noteError(packets, frame)
    }
}

extension UnsafePointer<PacketBatch.Event> {
    /// Where its frame lies.
    fileprivate var frame: UnsafePointer<Frame> {
        UnsafeRawPointer(self).advanced(by: MemoryLayout<PacketBatch.Event>.offset(of: \.frame)!).assumingMemoryBound(to: Frame.self)
    }
}
