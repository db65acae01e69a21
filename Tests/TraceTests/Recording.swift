import TestSupport
import Capture
import Packets

/// A capture read into memory: its frames, and what was wrong with the file after the last of them.
struct Recording: Sendable {
    struct Record: Sendable {
        var bytes: Range<Int>
        var wireLength: UInt32
        var timestamp: Timestamp
    }

    private(set) var records: [Record] = []
    private(set) var bytes: [UInt8] = []
    private(set) var linkType = LinkType.ethernet
    private(set) var problem: CaptureFileError?

    /// Reads as far as the file can be read.
    init(path: String) {
        do throws(CaptureFileError) {
            var file = try CaptureFile(path: path)
            linkType = file.linkType
            while let frame = try file.next() { append(frame) }
        } catch {
            problem = error
        }
    }

    init(_ capture: CaptureName) throws {
        self.init(path: capture.path)
        if let problem { throw problem }
    }

    private mutating func append(_ frame: Frame) {
        let start = bytes.count
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: frame.bytes, count: Int(frame.length)))
        records.append(Record(bytes: start..<bytes.count, wireLength: frame.wireLength, timestamp: frame.timestamp))
    }

    /// The same with other records in each one's place.
    func replacing(_ others: (_ bytes: ArraySlice<UInt8>, _ packet: Packet) -> [[UInt8]]) -> Recording {
        var replaced = Recording(linkType)
        bytes.withUnsafeBytes { memory in
            for record in records {
                let frame = Frame(
                    bytes: memory.baseAddress! + record.bytes.lowerBound, timestamp: record.timestamp, length: UInt32(record.bytes.count),
                    wireLength: record.wireLength, linkType: linkType)
                for other in others(bytes[record.bytes], Packet(frame)) {
                    other.withUnsafeBytes { bytes in
                        replaced.append(
                            Frame(
                                bytes: bytes.baseAddress!, timestamp: record.timestamp, length: UInt32(bytes.count), wireLength: UInt32(bytes.count),
                                linkType: linkType))
                    }
                }
            }
        }
        return replaced
    }

    private init(_ linkType: LinkType) { self.linkType = linkType }

    /// The same without what comes after so many records.
    func prefix(_ count: Int) -> Recording {
        var prefix = self
        prefix.records.removeLast(records.count - count)
        return prefix
    }

    /// The same with a record in another place.
    func moving(_ place: Int, to newPlace: Int) -> Recording {
        var moved = self
        moved.records.insert(moved.records.remove(at: place), at: newPlace)
        return moved
    }

    /// Calls the body with one burst of frames after the other, each valid during the call.
    func forEachBurst(of size: Int, _ body: (UnsafeBufferPointer<Frame>, Range<Int>) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { memory in
            var frames: [Frame] = []
            frames.reserveCapacity(size)
            for start in stride(from: 0, to: records.count, by: size) {
                let range = start..<min(start + size, records.count)
                frames.removeAll(keepingCapacity: true)
                for record in records[range] {
                    frames.append(
                        Frame(
                            bytes: memory.baseAddress! + record.bytes.lowerBound, timestamp: record.timestamp, length: UInt32(record.bytes.count),
                            wireLength: record.wireLength, linkType: linkType))
                }
                try frames.withUnsafeBufferPointer { try body($0, range) }
            }
        }
    }
}
