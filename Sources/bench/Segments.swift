import Packets

/// Frames made in memory: IPv4 and TCP without a link layer, over one payload that all share. What differs from frame to frame is written into its
/// headers.
struct Segments: ~Copyable {
    private static let headers = 40
    private let memory: UnsafeMutableRawPointer
    private let frames: UnsafeMutablePointer<Frame>
    private let stride: Int
    private(set) var count = 0
    /// Payload bytes are a function of their place in the stream, so that any loss, doubling or exchange shows.
    private let payload: (Int) -> UInt8

    static let capacity = 64

    /// - Parameter payloadCapacity: bytes of payload at most, 0...65_495.
    init(payloadCapacity: Int, payload: @escaping (Int) -> UInt8 = { _ in 0 }) {
        stride = Self.headers + payloadCapacity
        memory = .allocate(byteCount: Self.capacity * stride, alignment: 8)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.capacity * stride)
        frames = .allocate(capacity: Self.capacity)
        self.payload = payload
    }

    deinit {
        memory.deallocate()
        frames.deallocate()
    }

    var isFull: Bool { count == Self.capacity }
    var burst: UnsafeBufferPointer<Frame> { UnsafeBufferPointer(start: frames, count: count) }
    mutating func clear() { count = 0 }

    /// Adds a segment of a connection from 10.0.0.0/8 to 192.0.2.1, port 80, or back.
    ///
    /// - Parameters:
    ///   - client: the client's address, and its port in the lower half.
    ///   - place: of the first payload byte in its stream; the sequence number is one more.
    mutating func add(
        client: (address: UInt32, port: UInt16), isAnswer: Bool = false, _ flags: TCPFlags, place: Int, acknowledging: Int = 0, payload length: Int = 0,
        at time: Int64, filling: Bool = false
    ) {
        let start = memory + count * stride
        func put<Number: FixedWidthInteger>(_ number: Number, _ offset: Int) { start.storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self) }
        let server: (address: UInt32, port: UInt16) = (0xc000_0201, 80)
        let (from, to) = isAnswer ? (server, client) : (client, server)
        put(0x4500 as UInt16, 0)
        put(UInt16(Self.headers + length), 2)
        put(0x4006 as UInt16, 8)
        put(from.address, 12)
        put(to.address, 16)
        put(from.port, 20)
        put(to.port, 22)
        put(UInt32(truncatingIfNeeded: place + (flags.contains(.syn) ? 0 : 1)), 24)
        put(UInt32(truncatingIfNeeded: acknowledging), 28)
        put(UInt16(0x5000) | UInt16(flags.rawValue), 32)
        put(0xffff as UInt16, 34)
        if filling { for offset in 0..<length { start.storeBytes(of: payload(place + offset), toByteOffset: Self.headers + offset, as: UInt8.self) } }
        let bytes = UInt32(Self.headers + length)
        frames[count] = Frame(bytes: start, timestamp: Timestamp(nanoseconds: time), length: bytes, wireLength: bytes, linkType: .raw)
        count += 1
    }
}
