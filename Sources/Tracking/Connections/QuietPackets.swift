import Packets

/// What the next packet of a connection takes.
enum ConnectionPace {
    /// Whatever comes.
    case any
    /// Established, so that both sides have sent some, open, and nobody wants more than counts: a packet without `TCPFlags.ofHandshakes` changes nothing but
    /// counts and numbers.
    case quietTCP
    /// As established and as little wanted: any packet changes nothing but counts.
    case quietUDP
}

/// Packets of a train that were followed in one go.
struct QuietRun {
    /// The first that was not.
    var car: UnsafePointer<TrainCar>
    /// The engine's time at the last that was.
    var now: Int64
    /// The bits in which two times one after the other differed, the connection's last touch included.
    var changes: Int64

    /// Whether the next packet's time may be passed without another look.
    @inline(__always)
    fileprivate mutating func proceeds(to packet: UnsafePointer<Packet>, _ patience: UInt64) -> Bool {
        let time = packet.pointee.timestamp.nanoseconds
        guard UInt64(bitPattern: time &- now) < patience else { return false }
        changes |= now ^ time
        now = time
        return true
    }
}

/// Packets that bring nothing but counts and numbers, which most do: a train's are followed in one loop, and what is the same for all of them, or of which only
/// the last one's remains, is done once by whoever calls it.
extension UnsafeMutablePointer<Connection> {
    /// The eight bytes behind `touched` at one look.
    @inline(__always)
    var pace: ConnectionPace {
        let word = (UnsafeRawPointer(self) + Connection.standingOffset).load(as: UInt64.self)
        if word & Connection.quietTCP.mask == Connection.quietTCP.value { return .quietTCP }
        return word & Connection.quietUDP.mask == Connection.quietUDP.value ? .quietUDP : .any
    }

    /// Follows packets one after the other that change nothing but counts and numbers: the connection's pace is `quietTCP`.
    ///
    /// - Parameters:
    ///   - first: is such a packet.
    ///   - end: where the train ends.
    ///   - now: the engine's time at the first packet.
    ///   - patience: how much later the next one may be without another look at the time.
    @inline(never)
    func followQuietTCP(_ first: UnsafePointer<TrainCar>, _ end: UnsafePointer<TrainCar>, _ now: Int64, _ patience: UInt64) -> QuietRun {
        var run = QuietRun(car: first, now: now, changes: pointee.touched ^ now)
        while true {
            let packet = UnsafePointer(run.car.pointee.packet)
            let sender = run.car.pointee.sender
            let side = side(sender)
            followData(packet, side, sender)
            countLater(packet, side)
            run.car += 1
            guard run.car < end else { return run }
            let next = UnsafePointer(run.car.pointee.packet)
            guard next.pointee.flags.isDisjoint(with: .ofHandshakes), run.proceeds(to: next, patience) else { return run }
        }
    }

    /// The same where it is `quietUDP`, which any packet is fit for.
    @inline(never)
    func followQuietUDP(_ first: UnsafePointer<TrainCar>, _ end: UnsafePointer<TrainCar>, _ now: Int64, _ patience: UInt64) -> QuietRun {
        var run = QuietRun(car: first, now: now, changes: pointee.touched ^ now)
        while true {
            countLater(UnsafePointer(run.car.pointee.packet), side(run.car.pointee.sender))
            run.car += 1
            guard run.car < end, run.proceeds(to: UnsafePointer(run.car.pointee.packet), patience) else { return run }
        }
    }
}
