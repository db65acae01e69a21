import Packets

/// Packets of a burst in which datagrams were put together: one by one, which comes to the same as train by train.
extension ConnTracker {
    /// Counts a packet in its connection, and gives it and what it brings to whoever subscribed.
    mutating func process(_ car: UnsafePointer<TrainCar>, of train: UnsafePointer<PacketTrain>) {
        let packet = UnsafePointer(car.pointee.packet)
        passTime(packet)
        guard let connection = enter(packet, train, from: car.pointee.sender) else { return }
        track(car, connection, now)
    }

    /// The same for a packet that was put together from fragments: each of them is a packet of the connection, and has the outcome that the last one has.
    mutating func process(_ car: UnsafePointer<TrainCar>, of train: UnsafePointer<PacketTrain>, _ sum: FragmentSum) {
        let (packet, sender) = (UnsafePointer(car.pointee.packet), car.pointee.sender)
        let others = sum.fragments &- 1
        let before = counters.outcomes
        passTime(packet)
        if let connection = enter(packet, train, from: sender) {
            let side = connection.side(sender)
            let isFirst = side.pointee.packets == 0
            side.pointee.first = isFirst ? sum.first : min(side.pointee.first, sum.first)
            side.pointee.last = isFirst ? sum.last : max(side.pointee.last, sum.last)
            side.pointee.packets &+= others
            track(car, connection, now)
            // What `track` knows a side's first packet by is not there any more.
            if isFirst, connection.pointee.phase == .open { keepInOrder(connection, isNewSecond: true, wentBack: false) }
        }
        for outcome in before.indices where counters.outcomes[outcome] != before[outcome] { counters.outcomes[outcome] &+= others }
    }
}
