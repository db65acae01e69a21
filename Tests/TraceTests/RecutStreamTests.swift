import Packets
import TestSupport
import Testing
import Tracking

/// What a stream's segments are is nobody's business: the same bytes cut otherwise, in disorder, twice, and one over the other, give the same sessions.
@Suite struct `Streams cut otherwise` {
    @Test(arguments: 0..<20 as Range<UInt64>) func `bring the same sessions`(tenth: UInt64) throws {
        let recording = try Recording(#require(CaptureFolder.own.files.first { $0.name == "tls" }))
        let expected = try sessions(recording)
        #expect(expected.count == 11)
        for seed in tenth * 10..<tenth * 10 + 10 {
            var random = SeededGenerator(seed: seed)
            let recut = recording.replacing { bytes, packet in Self.recut(Array(bytes), packet, &random) }
            #expect(recut.records.count > recording.records.count)
            #expect(try sessions(recut) == expected, "seed \(seed)")
        }
    }

    /// The hellos' own bytes, by connection.
    private func sessions(_ recording: Recording) throws -> [String] {
        try Replay(recording, .defaults, burst: 32).handshakes.map { "\($0.client) \($0.server) \($0.handshake)" }.sorted()
    }

    /// A segment's payload in pieces that touch or overlap, some of them twice, in any order.
    private static func recut(_ frame: [UInt8], _ packet: Packet, _ random: inout SeededGenerator) -> [[UInt8]] {
        let length = Int(packet.payloadLength)
        guard packet.transport == .tcp, length > 1, packet.flags.isDisjoint(with: [.syn, .rst]), Int(packet.payloadOffset) + length <= frame.count else {
            return [frame]
        }
        let borders = ([0, length] + (0..<Int.random(in: 1...6, using: &random)).map { _ in .random(in: 1..<length, using: &random) }).sorted()
        var pieces: [[UInt8]] = []
        for (start, end) in zip(borders, borders.dropFirst()) where start < end {
            let overlap = Bool.random(using: &random) ? Int.random(in: 0...20, using: &random) : 0
            let piece = segment(max(0, start - overlap)..<min(length, end + overlap), of: frame, packet)
            pieces += Int.random(in: 0..<4, using: &random) == 0 ? [piece, piece] : [piece]
        }
        return pieces.shuffled(using: &random)
    }

    /// A frame like this one with a part of its payload.
    private static func segment(_ range: Range<Int>, of frame: [UInt8], _ packet: Packet) -> [UInt8] {
        let payload = Int(packet.payloadOffset), network = Int(packet.networkOffset), transport = Int(packet.transportOffset)
        var bytes = Array(frame[..<payload] + frame[payload + range.lowerBound..<payload + range.upperBound])
        func put(_ number: some FixedWidthInteger, at offset: Int) {
            withUnsafeBytes(of: number.bigEndian) { for (index, byte) in $0.enumerated() { bytes[offset + index] = byte } }
        }
        if packet.isIPv4 { put(UInt16(bytes.count - network), at: network + 2) } else { put(UInt16(bytes.count - network - 40), at: network + 4) }
        put((packet.sequence + range.lowerBound).rawValue, at: transport + 4)
        if range.upperBound < Int(packet.payloadLength) { bytes[transport + 13] &= ~TCPFlags.fin.rawValue }
        return bytes
    }
}
