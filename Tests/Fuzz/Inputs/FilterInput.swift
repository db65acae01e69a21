import Filters
import Packets
import Tracking

/// A filter's text. What it parses to must print as text that parses to the same, and answer for any packet.
/// What it nests almost as deep as it may can print deeper than it may.
enum FilterInput {
    static func complaint(_ reader: inout InputReader) -> String? {
        let text = String(decoding: reader.bytes(.max), as: UTF8.self)
        let filter: Filter
        do {
            filter = try Filter(parsing: text, lists: lists)
        } catch {
            if error.description.isEmpty || error.column < 1 || error.column > text.count + 1 { return "column \(error.column) of \(text.count)" }
            return nil
        }
        do {
            let again = try Filter(parsing: filter.description, lists: lists)
            if again != filter { return "\(filter) became \(again)" }
        } catch {
            guard text.count(where: { $0 == "(" }) > 32 else { return "does not parse: \(filter): \(error)" }
        }
        let program = FilterProgram(filter), opposite = FilterProgram(!filter)
        for packet in packets {
            let (answer, inverse) = withUnsafePointer(to: packet) { packet in
                (program.match(packet, source: .a, service: .tls), opposite.match(packet, source: .a, service: .tls))
            }
            if (answer == .yes) != (inverse == .no) || (answer == .no) != (inverse == .yes) { return "\(filter): \(answer), and its opposite \(inverse)" }
            withUnsafePointer(to: packet) { _ = program.match($0, source: nil, service: nil) }
        }
        return nil
    }

    private static let lists: FilterLists = {
        var lists = FilterLists()
        lists.add("l", values: ["10.0.0.1", "192.0.2.0/24"])
        lists.add("n", file: "n", text: Array("443\n80..90 # web\n".utf8))
        return lists
    }()

    /// One of each kind.
    private static let packets: [Packet] = {
        let ports: [UInt8] = [0x01, 0xbb, 0x9c, 0x40] + [UInt8](repeating: 0, count: 8) + [0x50, 0x12] + [UInt8](repeating: 0, count: 6)
        let ipv4: [UInt8] = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 192, 0, 2, 1] + ports
        let ipv6: [UInt8] = [0x60, 0, 0, 0, 0, 20, 6, 64, 0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 1, count: 28) + ports
        let macs = [UInt8](repeating: 2, count: 12)
        let frames = [
            macs + [8, 0] + ipv4, macs + [0x81, 0, 0, 7, 8, 0] + ipv4, macs + [0x86, 0xdd] + ipv6, macs + [8, 6] + [UInt8](repeating: 0, count: 28), [],
        ]
        return frames.map { frame in
            frame.withUnsafeBytes { bytes in
                // An empty array's address is as good as any: nothing is read there.
                let start = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
                return Packet(Frame(bytes: start, timestamp: .zero, length: UInt32(bytes.count), wireLength: UInt32(bytes.count)))
            }
        }
    }()
}
