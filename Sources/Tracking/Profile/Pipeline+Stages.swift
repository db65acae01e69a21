import Packets

/// The stages of a part of a burst, each with its cycles. What the core's loop does between bursts is no stage's.
extension Pipeline {
    @inline(never)
    mutating func processMeasured(_ frames: UnsafePointer<Frame>, _ count: Int, _ profile: PipelineProfile?) {
        let trainCount = chooseMeasuredTrains(frames, count)
        if let profile { processProfiled(trainCount, profile) } else { processTrains(trainCount) }
        tracker.meter?.leave(to: nil)
    }

    /// Of packets whose time somebody else keeps.
    @inline(never)
    mutating func processMeasured(_ frames: UnsafePointer<Frame>, _ count: Int, _ times: UnsafePointer<PacketTime>) {
        processTrains(chooseMeasuredTrains(frames, count), times)
        tracker.meter?.leave(to: nil)
    }

    /// Gives the number of trains. What follows is tracking, until somebody says otherwise.
    private mutating func chooseMeasuredTrains(_ frames: UnsafePointer<Frame>, _ count: Int) -> Int {
        tracker.meter?.enter(.headers)
        _ = readHeaders(frames, count)
        tracker.meter?.enter(.packetFilters)
        if packetSubscribers.count > 0 { deliverPackets(frames, count) }
        let trainCount = chooseReadTrains(frames, count)
        tracker.meter?.enter(.tracking)
        return trainCount
    }
}
