import Packets
import Tracking

/// SYNs, each of a tuple that has not been before, for 2⁴⁸ packets: 64 frames in memory in which nothing but the source's address and port is rewritten.
struct SynFrames: FrameSource, ~Copyable {
    /// Bytes of each frame: an Ethernet frame of the shortest kind.
    static let frameBytes = 60
    /// Source ports below are others'.
    static let firstPort: UInt16 = 1024
    private static let count = 64
    /// Any odd number has all 2³² addresses come before one comes again; this one scatters them.
    private static let step: UInt64 = 0x9e37_79b1

    private let memory: UnsafeMutableRawPointer
    private let frames: UnsafeMutablePointer<Frame>
    private var number: UInt64 = 0

    init() {
        memory = .allocate(byteCount: Self.count * 64, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.count * 64)
        frames = .allocate(capacity: Self.count)
        for index in 0..<Self.count {
            let frame = memory + index * 64
            func put<Number: FixedWidthInteger>(_ number: Number, _ offset: Int) {
                frame.storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
            }
            put(0x0200_0000 as UInt32, 0)
            put(0x0200_0000 as UInt32, 6)
            put(0x0800 as UInt16, 12)
            put(0x4500 as UInt16, 14)
            put(40 as UInt16, 16)
            put(0x4006 as UInt16, 22)
            put(0xc000_0201 as UInt32, 30)
            put(443 as UInt16, 36)
            put(UInt16(0x5000) | UInt16(TCPFlags.syn.rawValue), 46)
            put(0xffff as UInt16, 48)
            let length = UInt32(Self.frameBytes)
            (frames + index).initialize(to: Frame(bytes: frame, timestamp: .zero, length: length, wireLength: length))
        }
    }

    deinit {
        memory.deallocate()
        frames.deallocate()
    }

    @inline(__always)
    mutating func next(at time: Timestamp) -> UnsafeBufferPointer<Frame> {
        var frame = memory + 26
        for index in 0..<Self.count {
            frame.storeBytes(of: UInt32(truncatingIfNeeded: number &* Self.step).bigEndian, as: UInt32.self)
            let port = Self.firstPort &+ UInt16(truncatingIfNeeded: number >> 32)
            frame.storeBytes(of: port.bigEndian, toByteOffset: 8, as: UInt16.self)
            frames[index].timestamp = time
            number &+= 1
            frame += 64
        }
        return UnsafeBufferPointer(start: frames, count: Self.count)
    }
}

/// Connections that are open while SYNs flood the table, and must not be given up for them.
struct EstablishedConnections {
    let count: Int

    private func client(_ number: Int) -> (UInt32, UInt16) { (0x0a00_0000 + UInt32(number), SynFrames.firstPort - 1) }

    func open(in pipeline: inout Pipeline, at time: Timestamp) {
        send(in: &pipeline) { segments, number in
            let client = client(number)
            segments.add(client: client, .syn, place: 0, at: time.nanoseconds)
            segments.add(client: client, isAnswer: true, [.syn, .ack], place: 0, acknowledging: 1, at: time.nanoseconds)
            segments.add(client: client, .ack, place: 0, acknowledging: 1, at: time.nanoseconds)
        }
    }

    /// How many are gone: a packet of one that is not there begins another.
    func lost(in pipeline: inout Pipeline, at time: Timestamp) -> Int {
        let before = pipeline.counters.connections
        send(in: &pipeline) { $0.add(client: client($1), .ack, place: 0, acknowledging: 1, at: time.nanoseconds) }
        return Int(pipeline.counters.connections - before)
    }

    private func send(in pipeline: inout Pipeline, _ add: (inout Segments, Int) -> Void) {
        var segments = Segments(payloadCapacity: 0)
        for number in 0..<count {
            add(&segments, number)
            guard segments.count + 3 > Segments.capacity || number == count - 1 else { continue }
            pipeline.process(segments.burst)
            segments.clear()
        }
    }
}
