import Foundation
import Packets
import TestSupport
import Testing

/// Capture files with bytes changed and cut anywhere: our own readers trap for none, and find in them what libpcap finds, but for a few reasons.
@Suite struct `Mutated capture files` {
    /// Small files of every kind of block and record.
    private static let originals: [[UInt8]] = {
        var files: [[UInt8]] = []
        for isBig in [false, true] {
            for nanoseconds in [false, true] {
                var file = CaptureFileWriter()
                file.isBig = isBig
                file.pcap(nanoseconds: nanoseconds, snapLength: 96, linkType: .ethernet)
                for length in [0, 60, 5, 96, 20] { file.record(frame(length), unit: nanoseconds ? 1 : 1000) }
                files.append(file.bytes)
            }
            var file = CaptureFileWriter()
            file.isBig = isBig
            for _ in 0..<2 {
                file.section()
                file.interface(.ethernet, snapLength: 96, resolution: 9)
                file.interface(.ethernet, snapLength: 96, resolution: 0x8a, offset: 1_000_000)
                file.packet(frame(60), interface: 0, ticks: 1_700_000_000_123_456_789, comment: 10)
                file.block(0x0bad) { $0.add(repeatElement(1, count: 30)) }
                file.packet(frame(33), interface: 1, ticks: 700_000_000_000)
                file.packet(frame(9), interface: 1, ticks: 5, isOld: true)
                file.simplePacket(frame(70))
            }
            files.append(file.bytes)
        }
        return files
    }()

    private static func frame(_ length: Int) -> FileFrame {
        FileFrame(bytes: (0..<length).map { UInt8($0) }, time: 1_700_000_000_123_456_000 + Int64(length))
    }

    @Test(arguments: 0..<40 as Range<UInt64>) func `are read as libpcap reads them, or refused for a reason`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var same = 0
        for round in 0..<100 {
            var bytes = Self.originals.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&bytes, using: &random) }
            let own = try FileReading(bytes, byBursts: round % 2 == 0), libpcaps = try FileReading(bytes, onlyLibpcap: true)
            if own.difference(to: libpcaps) == nil {
                same += 1
            } else if let complaint = Self.complaint(own, libpcaps, bytes) {
                Issue.record("seed \(seed), round \(round): \(complaint)")
            }
        }
        #expect(same > 60)
    }

    private static func mutate(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        guard bytes.count > 8 else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &random))
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
        case 2: bytes.insert(contentsOf: bytes[place...].prefix(Int.random(in: 1...60, using: &random)), at: place)
        case 3, 4:
            // A number where numbers lie, of those that break arithmetic.
            let word = place & ~3
            let value = [0, 1, 3, 12, 28, 32, 0x7fff_ffff, 0x8000_0000, .max, 0xffff_fff8, 0x0a0d_0d0a, 0x1a2b_3c4d, 65536, 262_145].randomElement(using: &random)! as UInt32
            let number = Bool.random(using: &random) ? value : value.byteSwapped
            for index in 0..<4 where word + index < bytes.count { bytes[word + index] = UInt8(truncatingIfNeeded: number >> UInt32(8 * index)) }
        default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
    }

    /// What of a difference has no reason; nil if all has.
    private static func complaint(_ own: FileReading, _ libpcaps: FileReading, _ bytes: [UInt8]) -> String? {
        let problem = libpcaps.problem ?? ""
        // Pcapng files of several link types, snap lengths or byte orders libpcap refuses.
        let reads = ["an interface has a type", "an interface has a snapshot length", "the file has sections with different byte orders"]
        // A section of the other byte order has a length that it does not understand.
        let isOfTwoOrders = problem.contains("has a length of") || problem.contains("pcapng block size")
        let mayGoOn = reads.contains(where: problem.hasPrefix) || isOfTwoOrders && hasSections(of: bytes)
        for (place, frames) in zip(own.frames, libpcaps.frames).enumerated() {
            var (one, other) = frames
            guard one != other else { continue }
            // Times beyond 2038, and fractions of 2³¹ units, libpcap takes for negative in files of the machine's byte order.
            let seconds = Int64(1) << 32 &* 1_000_000_000
            let steps = [0, seconds].flatMap { [$0, $0 &+ 1 << 32, $0 &+ 1 << 32 &* 1000] }
            if steps.contains(one.time &- other.time) || hasFineClock(bytes) { one.time = other.time }
            if one != other { return "frame \(place) of \(own.frames.count)" }
        }
        if own.frames.count > libpcaps.frames.count, !mayGoOn { return "frames that libpcap has not: \(problem)" }
        if own.frames.count < libpcaps.frames.count {
            let refusal = own.problem ?? ""
            // Lengths beyond all frames' it takes where the snap length is beyond them, too.
            if refusal.contains("bigger than maximum of 262144") { return nil }
            // It does not look at sections before the first interface.
            let isOfSection = ["the file has a section with", "unknown pcapng savefile major", "block of type 168627466"].contains(where: refusal.hasPrefix)
            return isOfSection && own.frames.isEmpty ? nil : "frames that libpcap has: \(refusal)"
        }
        if mayGoOn { return nil }
        if (own.problem == nil) != (libpcaps.problem == nil) { return "\(own.problem ?? "-") and \(problem)" }
        // Both refuse it, at the same place; of two things wrong one may be named first.
        return nil
    }

    private static func hasSections(of bytes: [UInt8]) -> Bool {
        func count(_ pattern: [UInt8]) -> Int { bytes.indices.count { bytes[$0...].starts(with: pattern) } }
        return count([0x1a, 0x2b, 0x3c, 0x4d]) > 0 && count([0x4d, 0x3c, 0x2b, 0x1a]) > 0
    }

    /// Of 2⁻³⁵ s or finer, where libpcap's arithmetic overflows.
    private static func hasFineClock(_ bytes: [UInt8]) -> Bool {
        bytes.indices.contains { place in
            guard place + 4 < bytes.count, bytes[place + 4] > 0x80 + 34 else { return false }
            return [[9, 0, 1, 0], [0, 9, 0, 1]].contains(Array(bytes[place..<place + 4]))
        }
    }
}
