import Packets

/// What one of several cores gets of a block of what they share: its frames, each with its number and its time, and what happens between two of them.
///
///     frames   │ 4 │ 7 │ 9 │ …            by number
///     events           ▲ time reaches a tick before 9; every core is told
public struct PacketBatch: BitwiseCopyable {
    /// Something that happens before a frame, or makes it an odd one.
    struct Event: BitwiseCopyable {
        enum Kind: UInt8 {
            /// Time reaches a tick, or goes back.
            case tick
            /// The frame completes a datagram, which is put together already.
            case datagram
            /// The frame is an ICMP error about a flow of another core's.
            case errorAboutOther
            /// Another core's frame is an ICMP error about a flow of this one's.
            case errorOfOther
        }

        var kind: Kind
        /// The place of the frame.
        var place: Int
        var number: UInt64
        /// Of a tick, the time that is believed.
        var steady: Int64
        var time: PacketTime
        /// Of another core's.
        var frame: Frame
        /// The datagram that it completes.
        var datagram: UnsafePointer<WholeDatagram>?
    }

    let frames: UnsafeMutablePointer<Frame>
    let numbers: UnsafeMutablePointer<UInt64>
    let times: UnsafeMutablePointer<PacketTime>
    let events: UnsafeMutablePointer<Event>
    public internal(set) var count = 0
    var eventCount = 0

    @inline(__always)
    mutating func add(_ frame: UnsafePointer<Frame>, _ number: UInt64, _ time: PacketTime) {
        frames[count] = frame.pointee
        numbers[count] = number
        times[count] = time
        count &+= 1
    }

    mutating func add(_ event: Event) {
        events[eventCount] = event
        events[eventCount].place = count
        eventCount &+= 1
    }
}

/// A datagram that was put together from fragments for another core to take.
struct WholeDatagram: BitwiseCopyable {
    /// What its headers say, and what the last of its fragments says of time and lengths.
    var packet: Packet
    var datagram: Datagram
}

/// A block's batches, one a core, and room for the datagrams that were completed in it. From the heap, not in huge pages: most of it is never touched.
public struct PacketBatches: ~Copyable {
    /// Of all cores together, and so of each.
    private let capacity: Int
    private let datagramMemory: UnsafeMutableRawPointer
    private var datagramBytes = 0
    let batches: UnsafeMutablePointer<PacketBatch>
    let workers: Int
    /// Behind the last packet's number.
    public internal(set) var upTo: UInt64 = 0

    /// Frames that are spread in one go, and room for as many datagrams as they may complete.
    static let stride = 64
    private static let datagramRoom = 66_000 + MemoryLayout<WholeDatagram>.stride
    private static let datagramCapacity = 2 * stride * datagramRoom

    /// - Parameter frames: at most so many.
    public init(workers: Int, frames: Int) {
        self.workers = workers
        capacity = frames
        datagramMemory = .allocate(byteCount: Self.datagramCapacity, alignment: 64)
        batches = .allocate(capacity: workers)
        for worker in 0..<workers {
            (batches + worker).initialize(
                to: PacketBatch(
                    frames: .allocate(capacity: capacity), numbers: .allocate(capacity: capacity), times: .allocate(capacity: capacity),
                    // Each frame may bring a tick, complete a datagram and be an error of two; and time may pass without one.
                    events: .allocate(capacity: 4 * capacity + 1)))
        }
    }

    deinit {
        for batch in UnsafeBufferPointer(start: batches, count: workers) {
            batch.frames.deallocate()
            batch.numbers.deallocate()
            batch.times.deallocate()
            batch.events.deallocate()
        }
        batches.deallocate()
        datagramMemory.deallocate()
    }

    public subscript(worker: Int) -> UnsafePointer<PacketBatch> {
        precondition(worker < workers)
        return UnsafePointer(batches + worker)
    }

    /// A core's frames. Each frame is one core's.
    public func frames(of worker: Int) -> UnsafeBufferPointer<Frame> {
        precondition(worker < workers)
        return UnsafeBufferPointer(start: batches[worker].frames, count: batches[worker].count)
    }

    public mutating func removeAll() {
        for worker in 0..<workers { (batches[worker].count, batches[worker].eventCount) = (0, 0) }
        datagramBytes = 0
        frameCount = 0
    }

    /// Of all cores together.
    public private(set) var frameCount = 0

    /// Whether there is nothing in it for any core.
    public var isEmpty: Bool { frameCount == 0 && (0..<workers).allSatisfy { batches[$0].eventCount == 0 } }

    /// Whether so many frames more find room, with all that they may cause.
    public var hasRoom: Bool { frameCount + Self.stride <= capacity && Self.datagramCapacity - datagramBytes >= Self.stride * Self.datagramRoom }

    mutating func note(_ count: Int) { frameCount += count }

    /// Keeps a datagram that lies where the next will be put together.
    mutating func keep(_ packet: UnsafePointer<Packet>, _ datagram: UnsafePointer<Datagram>) -> UnsafePointer<WholeDatagram> {
        let record = datagramMemory + datagramBytes
        let bytes = record + MemoryLayout<WholeDatagram>.stride
        let length = Int(datagram.pointee.frame.length)
        bytes.copyMemory(from: datagram.pointee.frame.bytes, byteCount: length)
        var whole = WholeDatagram(packet: packet.pointee, datagram: datagram.pointee)
        whole.datagram.frame.bytes = UnsafeRawPointer(bytes)
        datagramBytes += (MemoryLayout<WholeDatagram>.stride + length + 15) / 16 * 16
        let place = record.bindMemory(to: WholeDatagram.self, capacity: 1)
        place.initialize(to: whole)
        return UnsafePointer(place)
    }
}
