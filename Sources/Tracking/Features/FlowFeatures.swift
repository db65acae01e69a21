import Packets

/// What models of encrypted traffic are fed with, of one connection: its first packets' sizes and times, sizes of all, entropy of its first bytes, bursts,
/// throughput, chunks. See each for what it is and where it comes from. Constant memory (`MemoryLayout`: 1.6 KiB), and nothing allocated.
public struct FlowFeatures: BitwiseCopyable, Sendable {
    public private(set) var packets = PacketSequence<30>()
    public private(set) var originatorSizes = SizeHistogram()
    public private(set) var responderSizes = SizeHistogram()
    public private(set) var originatorSample = PayloadSample<256>()
    public private(set) var responderSample = PayloadSample<256>()
    public private(set) var bursts = BurstCounts()
    public private(set) var throughput = Throughput()
    /// Of chunks: bytes; nanoseconds from the request to the first byte and from that to the last; and from one chunk's request to the next's.
    public private(set) var chunkSizes = RunningStatistics()
    public private(set) var chunkLatencies = RunningStatistics()
    public private(set) var chunkDurations = RunningStatistics()
    public private(set) var chunkGaps = RunningStatistics()
    private var chunks = ChunkDetection()
    private var lastRequest: Timestamp?

    public init() {}

    public mutating func add(_ packet: Packet, _ frame: RawSpan, from sender: Direction) {
        packets.add(packet, from: sender)
        switch sender {
        case .originator:
            originatorSizes.add(packet)
            originatorSample.add(packet, frame)
        case .responder:
            responderSizes.add(packet)
            responderSample.add(packet, frame)
        }
        bursts.add(packet, from: sender)
        throughput.add(packet, from: sender)
        if let chunk = chunks.add(packet, from: sender) { count(chunk) }
    }

    /// Counts what is at hand: the last burst, window and chunk. To be called once, at the connection's end.
    public mutating func end() {
        bursts.end()
        throughput.end()
        if let chunk = chunks.end() { count(chunk) }
    }

    private mutating func count(_ chunk: ChunkDetection.Chunk) {
        chunkSizes.add(Int64(clamping: chunk.bytes))
        chunkLatencies.add(chunk.latency)
        chunkDurations.add(chunk.duration)
        if let lastRequest { chunkGaps.add(lastRequest.gap(to: chunk.requested)) }
        lastRequest = chunk.requested
    }

    /// The originator is the other endpoint than was said so far; to be called from `reoriented`. Chunks that were found stay found.
    public mutating func reverseRoles() {
        packets.reverseRoles()
        swap(&originatorSizes, &responderSizes)
        swap(&originatorSample, &responderSample)
        bursts.reverseRoles()
        throughput.reverseRoles()
        chunks.reverseRoles()
    }
}
