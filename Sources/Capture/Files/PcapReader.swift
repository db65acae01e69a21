import Packets

/// The records of a classic pcap file, version 2.4, of either byte order, with micro- or nanoseconds (IETF draft-ietf-opsawg-pcap):
///
///     header   magic 4 | version 2 2 | time zone 4 | accuracy 4 | snap length 4 | link type 4
///     record   seconds 4 | fraction 4 | captured length 4 | length on the wire 4 | bytes …
///
/// Frames point into the block that was read. As with libpcap a frame longer than the file's snap length is cut to it, one longer than any may be is
/// the end, and what is cut off behind the last whole record is named.
struct PcapReader: ~Copyable {
    private static let recordHeaderSize = 16

    private var blocks: FileBlocks
    private let linkType: LinkType
    private let snapLength: UInt32
    private let isSwapped: Bool
    /// Nanoseconds a unit of the fraction.
    private let unit: Int64

    /// - Parameter snapLength: what the header says, or the longest frame where it says nothing.
    init(_ file: Int32, _ header: PcapHeader, linkType: LinkType, snapLength: UInt32, blockSize: Int) {
        blocks = FileBlocks(of: file, at: PcapHeader.byteCount, blockSize: blockSize)
        self.linkType = linkType
        self.snapLength = snapLength
        (isSwapped, unit) = (header.isSwapped, header.unit)
    }

    var position: Int { blocks.position }

    var blocksAhead: BlocksAhead { blocks.blocksAhead }

    mutating func carryOn(in memory: UnsafeMutableRawPointer, _ ahead: BlocksAhead.Block?) { blocks.carryOn(in: memory, ahead) }

    /// Fills in the next frames, as many as there are at once; 0 at the end of the file. Their bytes are valid until the file is read on.
    ///
    /// - Parameter readsOn: false for frames of what has been read; 0 when there are no more.
    mutating func read(into frames: UnsafeMutablePointer<Frame>, capacity: Int, readsOn: Bool) throws(CaptureDamage) -> Int {
        while true {
            let count = take(frames, capacity)
            if count > 0 || !readsOn { return count }
            if blocks.count >= Self.recordHeaderSize { try checkLength() }
            guard try blocks.readOn() else {
                try checkEnd()
                return 0
            }
        }
    }

    /// Takes whole records, up to one that cannot be.
    @inline(__always)
    private mutating func take(_ frames: UnsafeMutablePointer<Frame>, _ capacity: Int) -> Int {
        var record = blocks.bytes
        let end = record + blocks.count
        var count = 0
        while count < capacity, end - record >= Self.recordHeaderSize {
            let captured = number(record, 8)
            guard captured <= CaptureFile.longestFrame, Int(captured) <= end - record - Self.recordHeaderSize else { break }
            let length = min(captured, snapLength)
            // Unsigned, as the format has it: times go on to 2106. The fraction may be more than a second.
            let time = Int64(number(record, 0)) &* 1_000_000_000 &+ Int64(number(record, 4)) &* unit
            frames[count] = Frame(
                bytes: record + Self.recordHeaderSize, timestamp: Timestamp(nanoseconds: time), length: length,
                wireLength: max(number(record, 12), length), linkType: linkType)
            count &+= 1
            record += Self.recordHeaderSize + Int(captured)
        }
        blocks.take(record - blocks.bytes)
        return count
    }

    @inline(__always)
    private func number(_ record: UnsafeRawPointer, _ offset: Int) -> UInt32 {
        let value = record.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return isSwapped ? value.byteSwapped : value
    }

    private func checkLength() throws(CaptureDamage) {
        let captured = number(blocks.bytes, 8)
        guard captured > CaptureFile.longestFrame else { return }
        let bound = captured > snapLength ? "snaplen of \(snapLength)" : "maximum of \(CaptureFile.longestFrame)"
        throw CaptureDamage("invalid packet capture length \(captured), bigger than \(bound)")
    }

    /// At the end of the file nothing may be left.
    private func checkEnd() throws(CaptureDamage) {
        guard blocks.count > 0 else { return }
        guard blocks.count >= Self.recordHeaderSize else { throw .truncated(Self.recordHeaderSize, got: blocks.count, part: "header ") }
        let captured = Int(number(blocks.bytes, 8)), got = blocks.count - Self.recordHeaderSize
        throw .truncated(got < snapLength ? min(captured, Int(snapLength)) : captured, got: got, part: "captured ")
    }
}

/// How the records of a pcap file are written.
struct PcapHeader {
    static let byteCount = 24

    let isSwapped: Bool
    /// Nanoseconds a unit of the fraction.
    let unit: Int64

    /// - Parameter bytes: the file's first `byteCount`.
    /// - Returns: nil for another magic number, and for versions before 2.4, whose lengths lie the other way round, or may.
    init?(_ bytes: UnsafeRawPointer) {
        let magic = bytes.loadUnaligned(as: UInt32.self)
        let version = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        switch magic {
        case 0xa1b2_c3d4, 0xd4c3_b2a1: unit = 1000
        case 0xa1b2_3c4d, 0x4d3c_b2a1: unit = 1
        default: return nil
        }
        isSwapped = magic & 0xff == 0xa1
        guard version == (isSwapped ? 0x0400_0200 : 0x0004_0002) else { return nil }
    }
}
