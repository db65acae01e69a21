import Packets

/// A core's way of packets whose time somebody else keeps, and whose place in the capture is known (`Timekeeper`, `EventPosition`). Either all packets of a
/// pipeline come this way, or none.
extension Pipeline {
    /// Takes frames through all stages, in order. None of them brings another tick but the first, which `pass` has told of.
    ///
    /// - Parameters:
    ///   - numbers: the frames' in the capture.
    ///   - times: how late it is at each.
    public mutating func process(
        _ frames: UnsafeBufferPointer<Frame>, numbers: UnsafePointer<UInt64>, times: UnsafePointer<PacketTime>
    ) {
        guard frames.count > 0 else { return }
        var start = 0
        while start < frames.count {
            let count = min(Self.width, frames.count - start)
            position.pointee.numbers = numbers + start
            if tracker.meter == nil {
                processTrains(chooseTrains(frames.baseAddress! + start, count), times + start)
            } else {
                processMeasured(frames.baseAddress! + start, count, times + start)
            }
            start += count
        }
        position.reach(EventPosition(before: numbers[frames.count - 1] + 1))
    }

    @inline(__always)
    mutating func processTrains(_ trainCount: Int, _ times: UnsafePointer<PacketTime>) {
        find(trainCount)
        if fragments.completed == 0 {
            for index in 0..<trainCount { tracker.process(trains + index, packets, times) }
        } else {
            processDatagrams(trainCount, times)
        }
    }

    @inline(never)
    private mutating func processDatagrams(_ trainCount: Int, _ times: UnsafePointer<PacketTime>) {
        for train in trains..<trains + trainCount {
            for car in train.pointee.cars..<train[1].cars {
                position.pointee.packet = UnsafePointer(car.pointee.packet)
                tracker.clock.follow(times[car.pointee.packet - packets])
                process(car, of: train)
            }
        }
        fragments.completed = 0
    }

    /// It is so late, before the packet of this number: ends what is overdue.
    public mutating func pass(to time: Timestamp, before number: UInt64) { tracker.staged(.tracking) { $0.pass(to: time.nanoseconds, before: number) } }

    /// Ends all connections.
    ///
    /// - Parameter time: that it is at the end of the capture.
    public mutating func drain(at time: Timestamp) {
        fragments.drain(&tracker.counters)
        tracker.staged(.tracking) { $0.drain(at: time.nanoseconds) }
    }
}
