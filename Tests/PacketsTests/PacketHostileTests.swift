@testable import Packets
import TestSupport
import Testing

extension Packet {
    /// All that a packet says, stored or computed; not what its unused words hold.
    fileprivate var meaning: [String] {
        [
            "\(timestamp)", "\(capturedLength) of \(wireLength) bytes", "\(source) to \(destination)", "ports \(sourcePort), \(destinationPort)",
            "ports \(ports)", "addresses \(addresses.0)", isIPv4 ? "" : "addresses \(addresses.1) \(addresses.2) \(addresses.3)", "VLANs \(vlans)",
            "sequence \(sequence) of \(numbers)", "acknowledgment \(acknowledgment)", "\(flags)", "window \(window)", "IP length \(ipLength)",
            "payload at \(payloadOffset), \(payloadCaptured) of \(payloadLength)", "context \(context)", "\(kind)", "\(problem)",
            "EtherType \(etherType)", "headers at \(networkOffset), \(transportOffset)", "\(key)", "\(senderIsB)", "\(isIPv4) \(transport)",
            "tunnel \(tunnel.map { "\($0)" } ?? "-") \(tunnelID)",
            outer.map { "in \($0.transport) \($0.source):\($0.sourcePort) > \($0.destination):\($0.destinationPort)" } ?? "",
        ]
    }
}

@Suite struct `Packet: hostile frames` {
    /// What holds of a packet whatever its frame was.
    private func expectSound(_ packet: Packet, _ frame: Frame, _ comment: Comment, at place: SourceLocation = #_sourceLocation) {
        let sound =
            UInt64(packet.payloadOffset) + UInt64(packet.payloadCaptured) <= UInt64(frame.length)
            && packet.payloadCaptured <= packet.payloadLength
            && packet.capturedLength == frame.length && packet.wireLength >= packet.capturedLength
            && (packet.kind == .malformed) == (packet.problem != .none)
            && (packet.kind.hasPorts || packet.kind == .fragment || packet.key == FlowKey())
        if !sound { Issue.record(comment, sourceLocation: place) }
        // What else looks at the bytes stays within them, too.
        var (packet, frame, datagram) = (packet, frame, packet)
        _ = Packet.quotedFlow(of: &packet, in: &frame)
        datagram.readDatagram(&frame, inside: packet)
        if UInt64(datagram.payloadOffset) + UInt64(datagram.payloadCaptured) > UInt64(frame.length) { Issue.record(comment, sourceLocation: place) }
    }

    @Test(arguments: headerStacks.indices) func `reads every truncation of every header stack`(index: Int) {
        let (name, link, bytes) = headerStacks[index]
        let memory = GuardedMemory(room: bytes.count)
        let kind: Packet.Kind = name.hasSuffix("later fragment") ? .fragment : name.hasSuffix("fragment") ? .firstFragment : .flow
        #expect(Packet(memory.frame(bytes, linkType: link)).kind == kind, "\(name)")
        for length in 0...bytes.count {
            for wireLength in [length, bytes.count, bytes.count + 40] {
                let frame = memory.frame(bytes.prefix(length), wireLength: wireLength, linkType: link)
                expectSound(Packet(frame), frame, "\(name), \(length) of \(wireLength) bytes")
            }
        }
    }

    /// Changes a few bytes, cuts or pads, and lies about the lengths.
    private func mutate(_ bytes: Octets, _ generator: inout SeededGenerator) -> (bytes: Octets, wireLength: Int) {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0...2, using: &generator) {
            case 0: bytes[place] = .random(in: 0...255, using: &generator)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            default: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator)!
            }
        }
        switch Int.random(in: 0...5, using: &generator) {
        case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
        case 1: bytes += Octets(repeating: 0, count: Int.random(in: 0...40, using: &generator))
        default: break
        }
        let wireLength =
            switch Int.random(in: 0...5, using: &generator) {
            case 0: bytes.count + Int.random(in: 0...2000, using: &generator)
            case 1: Int.random(in: 0...bytes.count, using: &generator)
            case 2: 0xffff_ffff
            default: bytes.count
            }
        return (bytes, wireLength)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `survives random changes`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let memory = GuardedMemory(room: 4096)
        for round in 0..<1000 {
            let stack = headerStacks.randomElement(using: &generator)!
            let (bytes, wireLength) = mutate(stack.bytes, &generator)
            let link = Int.random(in: 0...9, using: &generator) == 0 ? headerStacks.randomElement(using: &generator)!.link : stack.link
            let frame = memory.frame(bytes, wireLength: wireLength, linkType: link)
            expectSound(Packet(frame), frame, "\(stack.name), seed \(seed), round \(round)")
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `survives noise`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let memory = GuardedMemory(room: 4096)
        for round in 0..<1000 {
            let bytes = Octets((0..<Int.random(in: 0...200, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) })
            for type in [0, 1, 101, 12, 14, 108, 113, 276, 228, 229, 147] as [UInt32] {
                let frame = memory.frame(bytes, linkType: LinkType(rawValue: type))
                expectSound(Packet(frame), frame, "link type \(type), seed \(seed), round \(round)")
            }
        }
    }

    /// The short way for plain frames and the one through the layers are two pieces of code for one meaning.
    @Test(arguments: 0..<20 as Range<UInt64>) func `the short way reads what the long way reads`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let memory = GuardedMemory(room: 4096)
        var short = 0
        var seen: Set<String> = []
        for round in 0..<2000 {
            let size = Int.random(in: 0...60, using: &generator)
            let segment =
                Bool.random(using: &generator)
                ? tcp(Octets(repeating: 1, count: size), options: Octets(repeating: 1, count: 4 * Int.random(in: 0...10, using: &generator)))
                : udp(Octets(repeating: 1, count: size))
            let protocolNumber: UInt8 = [6, 17].randomElement(using: &generator)!
            let (type, packet) = Bool.random(using: &generator) ? (0x0800, ipv4(protocolNumber, segment)) : (0x86dd, ipv6(protocolNumber, segment))
            func tagged(_ depth: Int, _ type: Int, _ packet: Octets) -> (Int, Octets) {
                depth == 0 ? (type, packet) : tagged(depth - 1, [0x8100, 0x88a8].randomElement(using: &generator)!, tag(Int.random(in: 0..<4096, using: &generator), type, packet))
            }
            let (outerType, content) = tagged(Int.random(in: 0...3, using: &generator), type, packet)
            let (bytes, wireLength) = mutate(ethernet(outerType, content), &generator)
            var frame = memory.frame(bytes, wireLength: wireLength)
            var plain = Packet()
            guard frame.length <= frame.wireLength,
                plain.readPlain(&frame, captured: frame.length, onWire: frame.wireLength)
                    || plain.readNearlyPlain(&frame, captured: frame.length, onWire: frame.wireLength)
            else { continue }
            short += 1
            seen.insert("\(plain.isIPv4) \(plain.networkOffset)")
            var layered = Packet()
            layered.readLayers(&frame)
            var read = Packet()
            read.read(&frame)
            if read.meaning != layered.meaning { Issue.record("round \(round), read: \(bytes)\n\(read.meaning)\n\(layered.meaning)") }
            if plain.meaning != layered.meaning { Issue.record("round \(round): \(bytes)\n\(plain.meaning)\n\(layered.meaning)") }
        }
        #expect(short > 200)
        // Without a tag, with one and with two.
        #expect(seen == ["true 14", "true 18", "true 22", "false 14", "false 18", "false 22"])
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func `nothing remains of the packet read before`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let memory = GuardedMemory(room: 4096)
        var used = Packet()
        for _ in 0..<500 {
            let stack = headerStacks.randomElement(using: &generator)!
            let (bytes, wireLength) = mutate(stack.bytes, &generator)
            var frame = memory.frame(bytes, wireLength: wireLength, linkType: stack.link)
            used.read(&frame)
            #expect(used.meaning == Packet(frame).meaning)
        }
    }

    /// Swaps addresses and ports, which stand at the same place in frames that differ in nothing else.
    @Test(arguments: 0..<4 as Range<UInt64>) func `both directions of a flow have one key`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func number(_ bits: Int) -> Int { Int.random(in: 0..<1 << bits, using: &generator) }
        for _ in 0..<500 {
            // Few values, so that equal addresses and equal ports come up.
            let (from, to) = number(1) == 0 ? (number(32), number(32)) : (number(1), number(1))
            let (source, destination) = number(1) == 0 ? (number(16), number(16)) : (number(1), number(1))
            let vlan = number(12)
            func packet(_ from: Int, _ to: Int, _ source: Int, _ destination: Int) -> [Packet] {
                [
                    read(ethernet(0x0800, ipv4(6, tcp(from: source, to: destination), from: from, to: to))),
                    read(ethernet(0x8100, tag(vlan, 0x0800, ipv4(17, udp(from: source, to: destination), from: from, to: to)))),
                    read(ethernet(0x86dd, ipv6(6, tcp(from: source, to: destination), from: from, to: to))),
                ]
            }
            for (there, back) in zip(packet(from, to, source, destination), packet(to, from, destination, source)) {
                #expect(there.key == back.key)
                if (from, source) == (to, destination) {
                    #expect(!there.senderIsB && !back.senderIsB)
                } else {
                    #expect(there.senderIsB != back.senderIsB)
                }
                #expect((there.sourcePort, there.destinationPort) == (UInt16(source), UInt16(destination)))
                #expect((there.source, there.destination) == (back.destination, back.source))
            }
        }
    }
}
