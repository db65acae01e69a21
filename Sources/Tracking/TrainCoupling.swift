import Packets

/// Puts packets that follow each other in a flow into a train.
///
/// It lies in memory of its own: as a local variable of a loop it would be more than the machine has registers for, and be moved from one to another for
/// each packet.
struct TrainCoupling: BitwiseCopyable {
    /// The flow that was refused last, where what is said of one packet holds for its flow; for whoever asks it.
    var refused = PacketWay()
    private var train: UnsafeMutablePointer<PacketTrain>
    private var car: UnsafeMutablePointer<TrainCar>
    /// How the packets look that continue the train without a question, and who sends them one way and the other. Of IPv6, and where packets are asked one by
    /// one, none do, and the last one that was put into a train says what continues it.
    private var way = PacketWay()
    private var there = Endpoint.a
    private var back = Endpoint.b
    private var last: UnsafePointer<Packet>
    private var sender = Endpoint.a

    /// There is no train yet.
    ///
    /// - Parameter nothing: a packet of no flow.
    @inline(__always)
    init(_ trains: UnsafeMutablePointer<PacketTrain>, _ cars: UnsafeMutablePointer<TrainCar>, _ nothing: UnsafePointer<Packet>) {
        (train, car, last) = (trains - 1, cars, nothing)
    }

    /// Puts the packet into the train if it is certain that it belongs there.
    @inline(__always)
    mutating func add(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>) -> Bool {
        let continuation = UnsafePointer(packet).follows(way)
        guard continuation != .no else { return false }
        couple(packet, frame, continuation == .sameWay ? there : back)
        return true
    }

    /// Puts a packet that `add` did not take, and that somebody may want, into a train; a new one unless it continues the last one's flow.
    ///
    /// - Parameter isWhole: whether all packets of its flow may be put there with it.
    @inline(__always)
    mutating func begin(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>, isWhole: Bool) {
        let continuation = way.isEmpty ? UnsafePointer(packet).continues(last) : .no
        if continuation == .no {
            let (key, senderIsB) = UnsafePointer(packet).flow
            sender = senderIsB ? .b : .a
            train += 1
            train.pointee.key = key
            train.pointee.cars = car
            if isWhole { (way, there, back) = (UnsafePointer(packet).way, sender, sender.other) }
        } else if continuation == .back {
            sender = sender.other
        }
        couple(packet, frame, sender)
        last = UnsafePointer(packet)
    }

    @inline(__always)
    private mutating func couple(_ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>, _ sender: Endpoint) {
        car.pointee = TrainCar(packet: packet, frame: frame, sender: sender)
        car += 1
    }

    /// Gives the number of trains.
    @inline(__always)
    func end(_ trains: UnsafeMutablePointer<PacketTrain>) -> Int {
        train[1].cars = car
        return train - trains + 1
    }
}
