import Packets
import TestSupport

/// Writes capture files in all the ways that the formats allow, of numbers in either byte order.
struct CaptureFileWriter {
    private(set) var bytes: [UInt8] = []
    var isBig = false

    mutating func add<T: FixedWidthInteger>(_ numbers: T...) {
        for number in numbers { withUnsafeBytes(of: isBig ? number.bigEndian : number.littleEndian) { bytes.append(contentsOf: $0) } }
    }

    mutating func add(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    // MARK: pcap

    mutating func pcap(nanoseconds: Bool, snapLength: UInt32 = 262_144, linkType: LinkType) {
        add(nanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4 as UInt32)
        add(2, 4 as UInt16)
        add(0, 0, snapLength, linkType.inFiles)
    }

    /// - Parameter unit: nanoseconds.
    mutating func record(_ frame: FileFrame, unit: Int64) {
        add(UInt32(truncatingIfNeeded: frame.time / 1_000_000_000), UInt32(truncatingIfNeeded: frame.time % 1_000_000_000 / unit))
        add(UInt32(frame.bytes.count), frame.wireLength)
        add(frame.bytes)
    }

    // MARK: pcapng

    mutating func block(_ type: UInt32, _ fill: (inout CaptureFileWriter) -> Void) {
        var body = CaptureFileWriter()
        body.isBig = isBig
        fill(&body)
        while body.bytes.count % 4 != 0 { body.add(0 as UInt8) }
        add(type, UInt32(body.bytes.count + 12))
        add(body.bytes)
        add(UInt32(body.bytes.count + 12))
    }

    mutating func section() {
        block(0x0a0d_0d0a) { body in
            body.add(0x1a2b_3c4d as UInt32)
            body.add(1, 0 as UInt16)
            body.add(-1 as Int64)
            body.option(4, Array("a writer of tests".utf8))
        }
    }

    /// - Parameters:
    ///   - resolution: if_tsresol; nil: microseconds, without saying so.
    ///   - offset: if_tsoffset, seconds.
    mutating func interface(_ linkType: LinkType, snapLength: UInt32 = 0, resolution: UInt8? = nil, offset: Int64? = nil) {
        block(1) { body in
            body.add(UInt16(linkType.inFiles), 0)
            body.add(snapLength)
            body.option(2, Array("eth0".utf8))
            if let resolution { body.option(9, [resolution]) }
            if let offset {
                body.add(14, 8 as UInt16)
                body.add(offset)
            }
            // The end of the options, or just the block's.
            if snapLength % 2 == 0 { body.option(0, []) }
        }
    }

    mutating func option(_ code: UInt16, _ value: [UInt8]) {
        add(code, UInt16(value.count))
        add(value)
        add(repeatElement(0, count: (4 - value.count % 4) % 4))
    }

    mutating func packet(_ frame: FileFrame, interface: UInt32, ticks: UInt64, isOld: Bool = false, comment: Int = 0) {
        block(isOld ? 2 : 6) { body in
            if isOld { body.add(UInt16(interface), 7) } else { body.add(interface) }
            body.add(UInt32(ticks >> 32), UInt32(truncatingIfNeeded: ticks), UInt32(frame.bytes.count), frame.wireLength)
            body.add(frame.bytes)
            body.add(repeatElement(0, count: (4 - frame.bytes.count % 4) % 4))
            var rest = comment
            while rest > 0 {
                body.option(1, Array(repeating: 0x2e, count: min(rest, 60_001)))
                rest -= 60_001
            }
        }
    }

    mutating func simplePacket(_ frame: FileFrame) {
        block(3) { body in
            body.add(frame.wireLength)
            body.add(frame.bytes)
        }
    }
}

extension LinkType {
    /// Its number in files, which is not always libpcap's.
    fileprivate var inFiles: UInt32 { self == .rawAsOnLinux ? LinkType.raw.rawValue : rawValue }
}

/// A frame of a capture file, with bytes of its own.
struct FileFrame: Equatable {
    var bytes: [UInt8]
    var wireLength: UInt32
    /// Nanoseconds.
    var time: Int64
    var linkType: LinkType

    init(_ frame: Frame) {
        bytes = Array(UnsafeRawBufferPointer(start: frame.bytes, count: Int(frame.length)))
        (wireLength, time, linkType) = (frame.wireLength, frame.timestamp.nanoseconds, frame.linkType)
    }

    init(bytes: [UInt8], wireLength: UInt32? = nil, time: Int64, linkType: LinkType = .ethernet) {
        (self.bytes, self.wireLength, self.time, self.linkType) = (bytes, wireLength ?? UInt32(bytes.count), time, linkType)
    }

    /// Of bytes, length and time at random.
    init(upTo length: Int, linkType: LinkType = .ethernet, using random: inout SeededGenerator) {
        let count = Int.random(in: 0...length, using: &random)
        let start = UInt8.random(in: 0...255, using: &random)
        self.init(
            bytes: (0..<count).map { start &+ UInt8(truncatingIfNeeded: $0 &* 31) }, wireLength: UInt32(count + Int.random(in: 0...3, using: &random)),
            time: Int64.random(in: 0..<2_000_000_000, using: &random) * 1_000_000_000 + Int64.random(in: 0..<1_000_000, using: &random) * 1000,
            linkType: linkType)
    }
}
