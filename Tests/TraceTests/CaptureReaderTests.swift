import Capture
import Foundation
import Packets
import TestSupport
import Testing

/// Our own readers of pcap and pcapng against libpcap, frame by frame.
@Suite struct `Capture file readers` {
    // MARK: Captures as they are

    @Test(arguments: CaptureFolder.own.files) func `read our own captures as libpcap does`(_ capture: CaptureName) throws {
        try expectSame(path: capture.path)
    }

    @Test(.enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package"), arguments: CaptureFolder.shared.files)
    func `read the shared captures as libpcap does`(_ capture: CaptureName) throws { try expectSame(path: capture.path) }

    private func expectSame(path: String) throws {
        let own = FileReading(path: path), libpcaps = FileReading(path: path, onlyLibpcap: true)
        #expect(!own.isLibpcaps && libpcaps.isLibpcaps)
        #expect(own.difference(to: libpcaps) == nil)
        let bursts = FileReading(path: path, byBursts: true)
        #expect(bursts.difference(to: own) == nil)
    }

    // MARK: Captures written anew

    private static func frames(_ capture: CaptureName, atMost count: Int = 600) -> [FileFrame] {
        Array(FileReading(path: capture.path).frames.prefix(count))
    }

    @Test(arguments: CaptureFolder.own.files, [false, true])
    func `read pcap of both byte orders and resolutions as it was written`(_ capture: CaptureName, isBig: Bool) throws {
        let frames = Self.frames(capture)
        for unit in [1, 1000] as [Int64] {
            var file = CaptureFileWriter()
            file.isBig = isBig
            file.pcap(nanoseconds: unit == 1, linkType: frames[0].linkType)
            for frame in frames { file.record(frame, unit: unit) }
            let reading = try FileReading(file.bytes)
            #expect(!reading.isLibpcaps)
            #expect(try reading.difference(to: FileReading(file.bytes, onlyLibpcap: true)) == nil)
            #expect(reading.problem == nil)
            #expect(reading.frames == frames.map { $0.rounded(to: unit) })
        }
    }

    /// What libpcap can read, too: one link type, one snap length and one byte order a file.
    @Test(arguments: CaptureFolder.own.files, [false, true]) func `read pcapng as libpcap does, and as it was written`(_ capture: CaptureName, isBig: Bool) throws {
        var random = SeededGenerator(seed: UInt64(capture.byteCount))
        let frames = Self.frames(capture)
        var file = CaptureFileWriter(), expected: [FileFrame] = []
        file.isBig = isBig
        let clocks: [TestClock] = [.default, .powerOf10(9), .powerOf10(3), .powerOf10(0), .powerOf10(12), .powerOf2(0), .powerOf2(10), .powerOf2(30), .powerOf2(34)]
        for (number, frame) in frames.enumerated() {
            if number % 500 == 0 {
                file.section()
                file.block(0x0bad) { $0.add(repeatElement(7, count: 41)) }
                for clock in clocks { file.interface(frames[0].linkType, resolution: clock.option, offset: clock.offset) }
            }
            if number % 7 == 0 { file.block([4, 5, 0x8000_0bad].randomElement(using: &random)!) { $0.add(repeatElement(6, count: number % 100)) } }
            if number % 11 == 0 {
                file.simplePacket(frame)
                // Without a snap length all that was on the wire is there.
                if frame.bytes.count == frame.wireLength { expected.append(FileFrame(bytes: frame.bytes, time: 0, linkType: frame.linkType)) }
                if frame.bytes.count != frame.wireLength { break }
            } else {
                let interface = clocks.indices.randomElement(using: &random)!, ticks = clocks[interface].ticks(at: frame.time)
                file.packet(frame, interface: UInt32(interface), ticks: ticks, isOld: number % 5 == 0, comment: number % 3 * 13)
                var written = frame
                written.time = clocks[interface].nanoseconds(ticks)
                expected.append(written)
            }
        }
        let reading = try FileReading(file.bytes)
        #expect(!reading.isLibpcaps)
        // Two interfaces of raw IP libpcap takes for ones of different types: its own number and the file's.
        if frames[0].linkType != .rawAsOnLinux { #expect(try reading.difference(to: FileReading(file.bytes, onlyLibpcap: true)) == nil) }
        #expect(try reading.difference(to: FileReading(file.bytes, byBursts: true)) == nil)
        #expect(reading.frames.count == expected.count)
        #expect(zip(reading.frames, expected).first { $0 != $1 } == nil)
    }

    @Test func `read what libpcap refuses: several link types, snap lengths and byte orders`() throws {
        var file = CaptureFileWriter()
        let frames = (0..<6).map { number in FileFrame(bytes: Array(repeating: UInt8(number), count: 60 + number), time: Int64(number) * 1_000_000_000) }
        var expected = frames
        for (number, isBig) in [(0, false), (1, true), (2, false)] {
            file.isBig = isBig
            file.section()
            file.interface(.ethernet, snapLength: 100)
            file.interface(.raw, snapLength: 1000)
            file.interface(LinkType(rawValue: 105))  // of which there is no packet
            for interface in 0..<2 {
                let place = 2 * number + interface
                file.packet(frames[place], interface: UInt32(interface), ticks: UInt64(place) * 1_000_000)
                // As libpcap calls it in files of one link type.
                expected[place].linkType = interface == 0 ? .ethernet : .rawAsOnLinux
            }
        }
        let reading = try FileReading(file.bytes)
        #expect(reading.problem == nil)
        #expect(reading.frames == expected)
        let refused = try FileReading(file.bytes, onlyLibpcap: true)
        #expect(refused.frames.isEmpty && refused.problem != nil)

        file.packet(frames[0], interface: 2, ticks: 0)
        let beyond = try FileReading(file.bytes)
        #expect(beyond.frames == expected)
        #expect(beyond.problem?.hasPrefix("link type 105 (IEEE802_11) is not one that Fovea reads") == true)
    }

    // MARK: Blocks of the file

    /// Frames of all lengths, so that the ends of what is read at once fall everywhere in them.
    @Test(arguments: 0..<4 as Range<UInt64>) func `do not mind where a frame lies in the file`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var pcap = CaptureFileWriter(), pcapng = CaptureFileWriter()
        pcap.pcap(nanoseconds: false, linkType: .ethernet)
        pcapng.section()
        pcapng.interface(.ethernet)
        var frames: [FileFrame] = []
        while pcap.bytes.count < 2 << 20 {
            let frame = FileFrame(upTo: seed < 2 ? 3000 : 262_144, using: &random)
            frames.append(frame)
            pcap.record(frame, unit: 1000)
            // Sometimes much is to be skipped, or a packet has more options than are read at once.
            let isLarge = Int.random(in: 0..<(seed < 2 ? 400 : 6), using: &random) == 0
            if isLarge { pcapng.block(0x0bad) { $0.add(repeatElement(9, count: Int.random(in: 0...900_000, using: &random))) } }
            pcapng.packet(frame, interface: 0, ticks: UInt64(frame.time / 1000), comment: isLarge ? 700_000 : 0)
        }
        for file in [pcap, pcapng] {
            let reading = try FileReading(file.bytes)
            #expect(reading.problem == nil && !reading.isLibpcaps)
            #expect(reading.frames == frames)
            #expect(reading.position == file.bytes.count)
            #expect(try reading.difference(to: FileReading(file.bytes, byBursts: true)) == nil)
            #expect(try reading.difference(to: FileReading(file.bytes, onlyLibpcap: true)) == nil)
            // Cut within a frame, an option or what is skipped.
            for _ in 0..<3 {
                let cut = Array(file.bytes.prefix(Int.random(in: 100..<file.bytes.count, using: &random)))
                #expect(try FileReading(cut).difference(to: FileReading(cut, onlyLibpcap: true)) == nil)
            }
        }
    }

    @Test func `come to the end of a file that is cut while they read it`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "fovea-cut-\(UUID().uuidString)").path
        defer { unlink(path) }
        var random = SeededGenerator(seed: 1)
        var writer = CaptureFileWriter()
        writer.pcap(nanoseconds: true, linkType: .ethernet)
        while writer.bytes.count < 2 << 20 { writer.record(FileFrame(upTo: 1500, using: &random), unit: 1) }
        try Data(writer.bytes).write(to: URL(filePath: path))
        var file = try CaptureFile(path: path)
        var burst = Burst()
        #expect(file.fill(&burst) == .open)
        #expect(truncate(path, 1000) == 0)
        var bursts = 0
        var state = CaptureState.open
        while state == .open {
            state = file.fill(&burst)
            bursts += 1
        }
        // What had been read was there.
        #expect(bursts > 1)
        guard case .failed(let reason) = state else {
            Issue.record("\(state)")
            return
        }
        #expect(reason.contains("truncated dump file"))
    }

    // MARK: Times

    @Test(arguments: UInt8.min...UInt8.max) func `take any resolution, and what is too fine is refused`(option: UInt8) throws {
        var random = SeededGenerator(seed: UInt64(option))
        let exponent = option & 0x7f, isBinary = option >= 0x80
        var ticks: [UInt64] = [0, 1, 999, 1 << 32, .max, .max - 1, 1 << 63]
        for _ in 0..<20 { ticks.append(.random(in: 0...(.max), using: &random)) }
        for offset in [nil, 0, 1_700_000_000, -1, .min, .max] as [Int64?] {
            var file = CaptureFileWriter()
            file.section()
            file.interface(.ethernet, resolution: option, offset: offset)
            for tick in ticks { file.packet(FileFrame(bytes: [1], time: 0), interface: 0, ticks: tick) }
            let reading = try FileReading(file.bytes)
            guard exponent <= (isBinary ? 63 : 19) else {
                #expect(reading.frames.isEmpty)
                #expect(reading.problem == "Interface Description Block if_tsresol option resolution \(isBinary ? 2 : 10)^-\(exponent) is too high")
                continue
            }
            let clock = isBinary ? TestClock.powerOf2(exponent, offset: offset) : .powerOf10(exponent, offset: offset)
            #expect(reading.frames.map(\.time) == ticks.map(clock.nanoseconds))
            // libpcap's own arithmetic overflows for finer ones.
            if !isBinary || exponent <= 34 { #expect(try reading.difference(to: FileReading(file.bytes, onlyLibpcap: true)) == nil) }
        }
    }

    @Test func `take the seconds of pcap for unsigned, to the year 2106`() throws {
        var file = CaptureFileWriter()
        file.pcap(nanoseconds: false, linkType: .ethernet)
        let frame = FileFrame(bytes: [1, 2], time: 4_294_967_295_999_999_000)
        file.record(frame, unit: 1000)
        #expect(try FileReading(file.bytes).frames == [frame])
    }

    // MARK: What lies

    @Test func `refuse records and interfaces that would take memory`() throws {
        var pcap = CaptureFileWriter()
        pcap.pcap(nanoseconds: false, snapLength: .max, linkType: .ethernet)
        pcap.add(0, 0, 262_145, 262_145 as UInt32)
        #expect(try FileReading(pcap.bytes + Array(repeating: 0, count: 300_000)).problem == "invalid packet capture length 262145, bigger than snaplen of 262144")

        var pcapng = CaptureFileWriter()
        pcapng.section()
        pcapng.interface(.ethernet, snapLength: 1 << 30)
        pcapng.packet(FileFrame(bytes: Array(repeating: 0, count: 262_145), time: 0), interface: 0, ticks: 0)
        #expect(try FileReading(pcapng.bytes).problem == "invalid packet capture length 262145, bigger than maximum of 262144")

        var crowd = CaptureFileWriter()
        crowd.section()
        for _ in 0...(1 << 16) { crowd.interface(.ethernet) }
        #expect(try FileReading(crowd.bytes).problem == "more than 65536 interfaces in the file")

        var long = CaptureFileWriter()
        long.section()
        long.interface(.ethernet)
        long.block(1) { $0.add(repeatElement(0, count: 600_000)) }
        #expect(try FileReading(long.bytes).problem == "Interface Description Block of 600012 bytes, longer than 524288")
    }

    @Test func `leave old and modified kinds of pcap to libpcap`() throws {
        for (magic, minor) in [(0xa1b2_cd34, 4), (0xa1b2_c3d4, 3), (0xa1b2_c3d4, 2)] as [(UInt32, UInt16)] {
            var file = CaptureFileWriter()
            file.add(magic)
            file.add(2, minor)
            file.add(0, 0, 65535, 1 as UInt32)
            file.record(FileFrame(bytes: [1, 2, 3], time: 5_000_000_000), unit: 1000)
            let reading = try FileReading(file.bytes)
            #expect(reading.isLibpcaps)
        }
    }
}

extension FileFrame {
    fileprivate func rounded(to unit: Int64) -> FileFrame {
        var frame = self
        frame.time = time / unit * unit
        return frame
    }
}

/// An interface's clock, computed the long way.
private struct TestClock {
    var option: UInt8?
    var offset: Int64?
    var ticksASecond: UInt128

    static let `default` = TestClock(option: nil, offset: nil, ticksASecond: 1_000_000)
    static func powerOf10(_ exponent: UInt8, offset: Int64? = nil) -> TestClock {
        TestClock(option: exponent, offset: offset, ticksASecond: (0..<exponent).reduce(1) { power, _ in power * 10 })
    }
    static func powerOf2(_ exponent: UInt8, offset: Int64? = nil) -> TestClock {
        TestClock(option: 0x80 | exponent, offset: offset, ticksASecond: 1 << UInt128(exponent))
    }

    func ticks(at time: Int64) -> UInt64 { UInt64(truncatingIfNeeded: UInt128(time) * ticksASecond / 1_000_000_000) }
    func nanoseconds(_ ticks: UInt64) -> Int64 {
        Int64(truncatingIfNeeded: UInt128(ticks) * 1_000_000_000 / ticksASecond) &+ (offset ?? 0) &* 1_000_000_000
    }
}
