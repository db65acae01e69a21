import Packets

/// What a client asks for and gets over one connection, without a look inside: a chunk is what the responder sends from one request to the next, and a request
/// is a packet of the originator with some payload. Segments of video are found so (`ChunkDetection` of Gutterman et al., "Requet: Real-Time QoE Detection for
/// Encrypted YouTube Traffic", MMSys 2019, with 300 bytes; segments of Bronzino et al., with any payload).
///
/// A request may take several packets; what is asked for in parallel over one connection is one chunk.
public struct ChunkDetection: BitwiseCopyable, Sendable {
    public struct Chunk: BitwiseCopyable, Equatable, Sendable {
        /// When the request's last packet came.
        public var requested: Timestamp
        /// When the response's first and last packet with payload came.
        public var first: Timestamp
        public var last: Timestamp
        public var packets: UInt64 = 0
        /// Payload, repeated bytes included.
        public var bytes: UInt64 = 0

        /// Nanoseconds from the request to the first byte, and from that to the last.
        public var latency: Int64 { requested.gap(to: first) }
        public var duration: Int64 { first.gap(to: last) }
    }

    /// Payload bytes from which on a packet is a request.
    public let requestSize: UInt32
    private var chunk: Chunk?

    /// - Parameter requestSize: TLS and HTTP/2 have small messages from the client that ask for nothing; 300 bytes are more than these have.
    public init(requestSize: Int = 300) { self.requestSize = UInt32(clamping: max(1, requestSize)) }

    /// - Returns: the chunk that the packet ends: it is the next request.
    public mutating func add(_ packet: Packet, from sender: Direction) -> Chunk? {
        let (length, time) = (packet.payloadLength, packet.timestamp)
        switch sender {
        case .originator:
            guard length >= requestSize else { return nil }
            let ended = end()
            chunk = Chunk(requested: time, first: time, last: time)
            return ended
        case .responder:
            guard length > 0, chunk != nil else { return nil }
            if chunk!.packets == 0 { chunk!.first = time }
            chunk!.last = time
            chunk!.packets &+= 1
            chunk!.bytes &+= UInt64(length)
            return nil
        }
    }

    /// The chunk at hand, at the connection's end. A request without a response is none.
    public mutating func end() -> Chunk? {
        let ended = chunk
        chunk = nil
        return ended.flatMap { $0.packets == 0 ? nil : $0 }
    }

    /// The originator is the other endpoint than was said so far: what was thought to be requests were none.
    public mutating func reverseRoles() { chunk = nil }
}
