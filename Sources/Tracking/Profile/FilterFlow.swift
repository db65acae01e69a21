import Filters
import Packets

/// So much traffic, and what the engine spent on it.
public struct TrafficVolume: Equatable, Sendable {
    public var packets: UInt64 = 0
    /// On the wire.
    public var bytes: UInt64 = 0
    /// From finding the connection to the last callback. What a burst's packets share, headers and packet filters, is not in it.
    public var cycles: UInt64 = 0

    public init() {}

    mutating func add(_ packet: UnsafePointer<Packet>, _ cycles: UInt64) {
        packets &+= 1
        bytes &+= UInt64(packet.pointee.wireLength)
        self.cycles &+= cycles
    }
}

/// How a subscription's filter takes traffic away, stage by stage: what it has not refused goes on to the next stage, and is work for the engine.
public struct FilterFlow: Sendable {
    /// By stage, the packets that the filter had not refused, there or before, when they came.
    public internal(set) var passed = [TrafficVolume](repeating: TrafficVolume(), count: FilterStage.allCases.count)
    /// Of those the ones whose connection the subscription then wanted or might come to want: it had not said that it was done.
    public internal(set) var wanted = TrafficVolume()
    /// Connections that began, and those that the filter accepted.
    public internal(set) var connections: UInt64 = 0
    public internal(set) var matches: UInt64 = 0
    /// Connections by the stage that refused them.
    private(set) var refusals = [UInt64](repeating: 0, count: FilterStage.allCases.count)
    /// By `Callback`.
    public internal(set) var calls = [UInt64](repeating: 0, count: Callback.allCases.count)
    public internal(set) var callCycles = [UInt64](repeating: 0, count: Callback.allCases.count)

    public subscript(stage: FilterStage) -> TrafficVolume { passed[Int(stage.rawValue)] }

    /// Connections that the filter had not refused by the end of a stage.
    public func connections(behind stage: FilterStage) -> UInt64 {
        stage == .end ? matches : refusals[...Int(stage.rawValue)].reduce(connections, -)
    }

    mutating func refuse(at stage: FilterStage) { refusals[Int(stage.rawValue)] &+= 1 }

    /// A packet that passed all stages before one; all of them when that is nil.
    mutating func pass(_ packet: UnsafePointer<Packet>, _ cycles: UInt64, before refusal: FilterStage?) {
        let count = refusal.map { Int($0.rawValue) } ?? passed.count
        for stage in 0..<count { passed[stage].add(packet, cycles) }
    }
}
