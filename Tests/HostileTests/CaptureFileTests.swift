import Capture
import Foundation
import Fovea
import Packets
import Testing

@Suite struct `Hostile capture files` {
    /// What a file gave: its frames' lengths and times, and why it ended before its end.
    private struct Reading: Equatable {
        var lengths: [UInt32] = []
        var times: [Int64] = []
        var problem: String?
    }

    private func read(_ bytes: Octets, as name: String = "capture") throws -> Reading {
        let path = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)-\(name)").path
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return read(path: path)
    }

    private func read(path: String) -> Reading {
        var reading = Reading()
        do throws(CaptureFileError) {
            var file = try CaptureFile(path: path)
            while let frame = try file.next() {
                reading.lengths.append(frame.length)
                reading.times.append(frame.timestamp.nanoseconds)
                // All of it is there to be read.
                _ = Packet(frame)
                _ = UnsafeRawBufferPointer(start: frame.bytes, count: Int(frame.length)).reduce(0, ^)
            }
        } catch {
            reading.problem = error.message
        }
        return reading
    }

    // MARK: pcap

    private static let frame = udpFrame(End(0x0a00_0001, 1), End(0x0a00_0002, 2))

    private static func number<T: FixedWidthInteger>(_ value: T, isBig: Bool = false) -> Octets {
        withUnsafeBytes(of: isBig ? value.bigEndian : value.littleEndian) { Octets($0) }
    }

    private static func pcap(magic: UInt32 = 0xa1b2_c3d4, linkType: UInt32 = 1, snapLength: UInt32 = 65535, isBig: Bool = false) -> Octets {
        number(magic, isBig: isBig) + number(2 as UInt16, isBig: isBig) + number(4 as UInt16, isBig: isBig) + number(0 as UInt64, isBig: isBig)
            + number(snapLength, isBig: isBig) + number(linkType, isBig: isBig)
    }

    private static func record(
        _ seconds: UInt32 = 1_700_000_000, fraction: UInt32 = 5, captured: UInt32? = nil, onWire: UInt32? = nil, isBig: Bool = false
    ) -> Octets {
        number(seconds, isBig: isBig) + number(fraction, isBig: isBig) + number(captured ?? UInt32(frame.count), isBig: isBig)
            + number(onWire ?? UInt32(frame.count), isBig: isBig) + frame
    }

    private static let time: Int64 = 1_700_000_000_000_000_000

    @Test(arguments: [false, true], [0xa1b2_c3d4, 0xa1b2_3c4d] as [UInt32])
    func `case 41a either byte order, micro- or nanoseconds`(isBig: Bool, magic: UInt32) throws {
        let reading = try read(Self.pcap(magic: magic, isBig: isBig) + Self.record(isBig: isBig) + Self.record(fraction: 999_999, isBig: isBig))
        let unit: Int64 = magic == 0xa1b2_c3d4 ? 1000 : 1
        #expect(reading == Reading(lengths: [45, 45], times: [Self.time + 5 * unit, Self.time + 999_999 * unit]))
    }

    @Test func `case 41b a file that ends anywhere gives what comes before, and says so`() throws {
        let whole = Self.pcap() + Self.record() + Self.record()
        for length in 0..<whole.count {
            let reading = try read(Octets(whole[..<length]))
            let frames = max(0, (length - 24) / 61)
            #expect(reading.lengths.count == frames, "\(length) bytes")
            #expect((reading.problem == nil) == (length >= 24 && (length - 24) % 61 == 0), "\(length) bytes")
        }
    }

    @Test(arguments: [0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x0010_0000] as [UInt32])
    func `case 41c a record's length that lies is refused, not allocated`(length: UInt32) throws {
        let reading = try read(Self.pcap() + Self.record() + Self.record(captured: length, onWire: length))
        #expect(reading.lengths == [45])
        #expect(reading.problem != nil)
    }

    @Test func `case 41d a record that had less on the wire than was captured has what was captured`() throws {
        let reading = try read(Self.pcap() + Self.record(onWire: 10) + Self.record(onWire: 0xffff_ffff) + Self.record(captured: 0, onWire: 0)[..<16] + Self.record())
        #expect(reading.lengths == [45, 45, 0, 45])
        #expect(reading.problem == nil)
    }

    @Test(arguments: [105, 147, 0xffff, 0xffff_ffff] as [UInt32]) func `case 41e a link type that nobody reads is named`(linkType: UInt32) throws {
        let reading = try read(Self.pcap(linkType: linkType) + Self.record())
        #expect(reading.lengths.isEmpty)
        #expect(reading.problem?.contains("link type") == true || reading.problem?.contains("not one that Fovea reads") == true)
    }

    @Test func `case 41f seconds beyond 2038 and fractions beyond a second are times`() throws {
        let reading = try read(Self.pcap() + Self.record(0xffff_ffff, fraction: 0xffff_ffff) + Self.record(0, fraction: 0))
        #expect(reading.times.count == 2)
        #expect(reading.times.last == 0)
    }

    // MARK: pcapng

    private static func block(_ type: UInt32, _ body: Octets, length: UInt32? = nil, trailer: UInt32? = nil, isBig: Bool = false) -> Octets {
        let padded = body + Octets(repeating: 0, count: (4 - body.count % 4) % 4)
        let length = length ?? UInt32(padded.count + 12)
        return number(type, isBig: isBig) + number(length, isBig: isBig) + padded + number(trailer ?? length, isBig: isBig)
    }

    private static func section(isBig: Bool = false) -> Octets {
        let magic = number(0x1a2b_3c4d as UInt32, isBig: isBig)
        let version = number(1 as UInt16, isBig: isBig) + number(0 as UInt16, isBig: isBig)
        return block(0x0a0d_0d0a, magic + version + number(UInt64.max, isBig: isBig), isBig: isBig)
    }

    /// - Parameter resolution: the option's value; nil: there is none, which means microseconds.
    private static func interface(resolution: UInt8? = nil, isBig: Bool = false) -> Octets {
        let option: Octets = resolution.map { number(9 as UInt16, isBig: isBig) + number(1 as UInt16, isBig: isBig) + [$0, 0, 0, 0, 0, 0, 0, 0] } ?? []
        return block(1, number(1 as UInt16, isBig: isBig) + [0, 0] + number(0 as UInt32, isBig: isBig) + option, isBig: isBig)
    }

    private static func packet(interface: UInt32 = 0, time: UInt64, captured: UInt32? = nil, isBig: Bool = false) -> Octets {
        let head = number(interface, isBig: isBig) + number(UInt32(time >> 32), isBig: isBig) + number(UInt32(truncatingIfNeeded: time), isBig: isBig)
        return block(6, head + number(captured ?? UInt32(frame.count), isBig: isBig) + number(UInt32(frame.count), isBig: isBig) + frame, isBig: isBig)
    }

    @Test(arguments: [false, true], [nil, 9, 3] as [UInt8?])
    func `case 41g either byte order, and an interface with or without its resolution`(isBig: Bool, resolution: UInt8?) throws {
        let ticks: UInt64 = switch resolution { case 9: 1_700_000_000_000_000_000; case 3: 1_700_000_000_000; default: 1_700_000_000_000_000 }
        let reading = try read(Self.section(isBig: isBig) + Self.interface(resolution: resolution, isBig: isBig) + Self.packet(time: ticks, isBig: isBig))
        #expect(reading == Reading(lengths: [45], times: [Self.time]))
    }

    @Test(arguments: [0, 4, 8, 11, 13, 0x7fff_fffc, 0x8000_0000, 0xffff_fffc, 0xffff_ffff] as [UInt32])
    func `case 41h a block's length that lies is refused, not allocated`(length: UInt32) throws {
        let good = Self.section() + Self.interface() + Self.packet(time: 1)
        for type in [6, 5, 0x0bad] as [UInt32] {
            let reading = try read(good + Self.block(type, Octets(repeating: 1, count: 40), length: length))
            #expect(reading.lengths == [45], "block type \(type)")
            #expect(reading.problem != nil, "block type \(type)")
        }
    }

    @Test func `case 41i packets of no interface, longer than their block, or with another length behind it are refused`() throws {
        let good = Self.section() + Self.interface() + Self.packet(time: 1)
        var otherTrailer = Self.packet(time: 2)
        otherTrailer[otherTrailer.count - 4] ^= 4
        for bad in [Self.packet(interface: 7, time: 2), Self.packet(time: 2, captured: 4000), Self.packet(time: 2, captured: 0xffff_ffff), otherTrailer] {
            let reading = try read(good + bad)
            #expect(reading.lengths == [45])
            #expect(reading.problem != nil)
        }
    }

    @Test func `case 41j what is compressed is named as such, or refused as no capture`() throws {
        let reading = try read([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + Octets(repeating: 0, count: 40))
        #expect(reading.lengths.isEmpty)
        #expect(reading.problem?.isEmpty == false)
    }

    @Test func `case 41k every byte of a capture changed harms nobody`() throws {
        let captures = [
            Self.pcap() + Self.record() + Self.record(), Self.section() + Self.interface(resolution: 6) + Self.packet(time: 5) + Self.packet(time: 6),
        ]
        for whole in captures {
            for place in whole.indices {
                for change in [0xff, 0x80, 1] as [UInt8] {
                    var bytes = whole
                    bytes[place] ^= change
                    // A length may swallow a record; none is made up.
                    #expect(try read(bytes).lengths.count <= 2)
                }
            }
        }
    }

    @Test func `case 41l a pipe is read to its end, as it grows`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)").path
        #expect(mkfifo(folder, 0o600) == 0)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let whole = Self.pcap() + (0..<20).flatMap { _ in Self.record() }
        Thread.detachNewThread {
            guard let pipe = FileHandle(forWritingAtPath: folder) else { return }
            for start in stride(from: 0, to: whole.count, by: 100) {
                try? pipe.write(contentsOf: Data(whole[start..<min(start + 100, whole.count)]))
                Thread.sleep(forTimeInterval: 0.002)
            }
            try? pipe.close()
        }
        let reading = read(path: folder)
        #expect(reading.lengths == Array(repeating: 45, count: 20))
        #expect(reading.problem == nil)
    }

    /// Blocks of a kind that nobody knows, nearly as large as libpcap takes them, and a packet behind them: a sparse file, of which little is on the disk.
    @Test func `case 41m a packet beyond two gigabytes is read`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileManager.default.createFile(atPath: path, contents: Data(Self.section() + Self.interface())))
        let blockLength = 16_000_000
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        for _ in 0..<135 {
            let start = try handle.offset()
            try handle.write(contentsOf: Data(Self.number(0x0bad as UInt32) + Self.number(UInt32(blockLength))))
            try handle.seek(toOffset: start + UInt64(blockLength) - 4)
            try handle.write(contentsOf: Data(Self.number(UInt32(blockLength))))
        }
        try handle.write(contentsOf: Data(Self.packet(time: 1_700_000_000_000_000)))
        try handle.close()

        var file = try CaptureFile(path: path)
        #expect(file.byteCount > 2_160_000_000)
        let frame = try #require(try file.next())
        #expect((frame.length, frame.timestamp.nanoseconds) == (45, Self.time))
        #expect(file.position > 2_160_000_000)
        #expect(try file.next() == nil)
    }
}
