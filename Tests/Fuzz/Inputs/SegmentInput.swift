import Packets
import Tracking

/// A schedule of TCP segments of one connection: a byte with the first sequence numbers, one with the overlap policy, then five bytes a segment: who
/// sends, with which flags and which of two contents; how much time passed; where it begins; how long it is.
///
/// Each byte says by its value at which place of the stream it may stand, so that whatever a subscription is told can be checked.
enum SegmentInput {
    private static let firstNumbers: [UInt32] = [1000, .max, .max - 20, 0x7fff_fff0, 0, .max - 40_000]

    static func complaint(_ reader: inout InputReader) -> String? {
        let notes = FuzzNotes()
        notes.streams = [StreamCheck(), StreamCheck()]
        return FuzzNotes.$current.withValue(notes) {
            var options = TrackerOptions()
            options.maxConnections = 2
            options.fragments = false
            options.reassemblyMemory = 64 << 10
            options.reassemblyPerConnection = 48 << 10
            options.reassemblyPerDirection = 32 << 10
            // All is one connection, however long it takes.
            options.tcpEstablishTimeout = 1 << 50
            options.tcpInactivityTimeout = 1 << 50
            options.tcpClosingTimeout = 1 << 50
            options.tcpTombstoneTimeout = 1 << 50
            options.timeoutResolution = 1 << 46
            let first = firstNumbers[Int(reader.byte()) % firstNumbers.count]
            options.overlapPolicy = OverlapPolicy.allCases[Int(reader.byte()) % OverlapPolicy.allCases.count]
            var pipeline = Pipeline(options, subscribers: [try! FuzzStreams._makeSubscriber(SubscriberOrder(options))], seed: HashSeed(1))
            let start: Int64 = 1_700_000_000_000_000_000
            var time = start
            var isPlain = true
            send(&pipeline, isClient: true, number: first, flags: .syn, at: time, payload: [])
            send(&pipeline, isClient: false, number: first, flags: [.syn, .ack], acknowledgment: first &+ 1, at: time, payload: [])
            while !reader.isAtEnd {
                let control = reader.byte()
                let side = Int(control & 1)
                let flags: TCPFlags = control >> 1 & 31 == 31 ? [.fin, .ack] : control >> 1 & 31 == 30 ? .rst : .ack
                let isOther = control & 0x40 != 0
                time &+= [0, 0, 0, 1_000_000, 1_000_000_000, 11_000_000_000, -1_000_000, 0][Int(reader.byte() & 7)]
                let place = Int(reader.word()) << (control & 0x80 == 0 ? 0 : 8)
                let count = Int(reader.byte()) * (control & 0x20 == 0 ? 1 : 6)
                let acknowledged = notes.streams[1 - side].end
                send(
                    &pipeline, isClient: side == 0, number: first &+ 1 &+ UInt32(place), flags: flags,
                    acknowledgment: first &+ 1 &+ UInt32(truncatingIfNeeded: acknowledged), at: time,
                    payload: StreamCheck.bytes(place..<place + count, isOther))
                notes.streams[side].send(place..<place + count)
                // Nothing that is held for want of other bytes is given up: no end, no time, no more than the budget.
                isPlain = isPlain && flags == .ack && time == start && place < 8000
                for stream in notes.streams where isPlain && stream.place != stream.whole { return "\(stream.place) bytes of \(stream.whole)" }
                if let complaint = notes.streams.compactMap(\.complaint).first ?? pipeline.imbalance { return complaint }
                let memory = pipeline.counters.reassemblyPeak
                if memory > options.reassemblyMemory { return "\(memory) bytes held" }
            }
            pipeline.drain()
            if notes.connections != 1 { return "\(notes.connections) connections" }
            for stream in notes.streams where stream.place > stream.end { return "\(stream.place) bytes of \(stream.end)" }
            if pipeline.counters.held != 0 { return "\(pipeline.counters.held) bytes still held" }
            return notes.streams.compactMap(\.complaint).first ?? pipeline.imbalance
        }
    }

    private static func send(
        _ pipeline: inout Pipeline, isClient: Bool, number: UInt32, flags: TCPFlags, acknowledgment: UInt32 = 0, at time: Int64,
        payload: ArraySlice<UInt8>
    ) {
        let (from, to): (UInt8, UInt8) = isClient ? (1, 2) : (2, 1)
        func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } }
        let length = 40 + payload.count
        let bytes =
            [UInt8](repeating: 2, count: 12) + [8, 0, 0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to]
            + [0, from, 0, to] + big(number) + big(acknowledgment) + [0x50, flags.rawValue, 255, 255, 0, 0, 0, 0] + payload
        bytes.withUnsafeBytes { bytes in
            let block = ExactBlock(bytes)
            let frame = Frame(
                bytes: block.bytes.baseAddress!, timestamp: Timestamp(nanoseconds: time), length: UInt32(bytes.count), wireLength: UInt32(bytes.count))
            withUnsafePointer(to: frame) { pipeline.process(UnsafeBufferPointer(start: $0, count: 1)) }
        }
    }
}

/// One direction's stream as a subscription is told it: bytes at their places, and gaps.
struct StreamCheck {
    /// The next byte's.
    private(set) var place = 0
    /// Behind the last byte that was sent.
    private(set) var end = 0
    /// Up to where all bytes were sent.
    private(set) var whole = 0
    private var sent: [Range<Int>] = []
    private(set) var complaint: String?

    /// What may stand at a place differs in the highest bit. The other seven are bits 13 to 19 of a product, so they begin anew after 2²⁰ places.
    private static let period = 1 << 20
    private static let longest = 1 << 16
    private static let contents = [UInt8(0), 0x80].map { high in
        (0..<period + longest).map { place in UInt8(truncatingIfNeeded: (place &* 0x9e37_79b1) >> 13) & 0x7f | high }
    }

    /// What is sent at these places, 65,536 at most.
    static func bytes(_ places: Range<Int>, _ isOther: Bool) -> ArraySlice<UInt8> {
        let start = places.lowerBound % period
        return contents[isOther ? 1 : 0][start..<start + places.count]
    }

    /// Whether all bytes, as many at most, are of the two that may stand at their places.
    static func areBytes(_ bytes: RawSpan, at place: Int) -> Bool {
        contents[0].withUnsafeBytes { contents in
            bytes.withUnsafeBytes { bytes in
                let contents = UnsafeRawBufferPointer(rebasing: contents[(place % period)...].prefix(bytes.count))
                let words = bytes.count / 8 * 8
                for offset in stride(from: 0, to: words, by: 8) {
                    let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    let content = contents.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    if (word ^ content) & 0x7f7f_7f7f_7f7f_7f7f != 0 { return false }
                }
                for offset in words..<bytes.count where (bytes[offset] ^ contents[offset]) & 0x7f != 0 { return false }
                return true
            }
        }
    }

    mutating func send(_ places: Range<Int>) {
        end = max(end, places.upperBound)
        sent.append(places)
        while let next = sent.firstIndex(where: { $0.lowerBound <= whole }) { whole = max(whole, sent.remove(at: next).upperBound) }
    }

    mutating func take(_ bytes: RawSpan) {
        if bytes.isEmpty { complaint = "no bytes at \(place)" }
        if !Self.areBytes(bytes, at: place) { complaint = "another byte in the \(bytes.byteCount) at \(place)" }
        place += bytes.byteCount
    }

    mutating func skip(_ count: Int) {
        if count <= 0 { complaint = "a gap of \(count) at \(place)" }
        place += count
    }
}
