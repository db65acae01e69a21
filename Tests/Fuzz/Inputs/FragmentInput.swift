import Packets
import Tracking

/// A schedule of fragments of UDP datagrams: two bytes with the length that UDP's header says, then five bytes a fragment: of which datagram, with which
/// of two contents; how much time passed; its offset and whether more follow; its length.
///
/// Each byte says by its value at which place of the datagram it may stand, so that whatever was put together can be checked.
enum FragmentInput {
    static func complaint(_ reader: inout InputReader) -> String? {
        let notes = FuzzNotes()
        return FuzzNotes.$current.withValue(notes) {
            var options = TrackerOptions()
            options.maxConnections = 4
            options.fragmentMemory = 80 << 10
            options.timeoutResolution = 10_000_000_000
            var pipeline = Pipeline(options, subscribers: [try! FuzzDatagrams._makeSubscriber(SubscriberOrder(options))], seed: HashSeed(1))
            let length = reader.word()
            var time: Int64 = 1_700_000_000_000_000_000
            var fed: UInt64 = 0
            while !reader.isAtEnd {
                let control = reader.byte()
                time &+= [0, 0, 1_000_000, 1_000_000_000, 16_000_000_000, 31_000_000_000, -1_000_000_000, -31_000_000_000][Int(reader.byte() & 7)]
                let offset = reader.word()
                // Units of 8 bytes, or not.
                let count = Int(reader.byte()) * (control & 0x20 == 0 ? 8 : 1)
                let place = Int(offset & 0x1fff) * 8
                let payload = payload(place..<place + count, length, control & 0x10 != 0)
                let fragment = offset & 0x1fff | (offset & 0x8000 == 0 ? 0x2000 : 0)
                let bytes = control & 0x08 == 0 ? ipv4(control & 7, fragment, payload) : ipv6(control & 7, fragment, payload)
                bytes.withUnsafeBytes { bytes in
                    let block = ExactBlock(bytes)
                    let frame = Frame(
                        bytes: block.bytes.baseAddress!, timestamp: Timestamp(nanoseconds: time), length: UInt32(bytes.count),
                        wireLength: UInt32(bytes.count), linkType: .raw)
                    withUnsafePointer(to: frame) { pipeline.process(UnsafeBufferPointer(start: $0, count: 1)) }
                }
                fed += 1
                if let complaint = notes.complaint ?? pipeline.imbalance { return complaint }
                // Or room for one datagram, if that is more.
                if pipeline.counters.fragmentsPeak > UInt64(options.fragmentMemory) { return "\(pipeline.counters.fragmentsPeak) bytes held" }
            }
            pipeline.drain()
            if pipeline.counters.packets != fed { return "\(fed) packets fed, \(pipeline.counters.packets) counted" }
            return notes.complaint ?? pipeline.imbalance
        }
    }

    /// The datagram's: UDP's header, and then by place.
    private static func payload(_ places: Range<Int>, _ length: UInt16, _ isOther: Bool) -> [UInt8] {
        guard places.lowerBound == 0 else { return Array(StreamCheck.bytes(places, isOther)) }
        let header: [UInt8] = [7, 7, 7, 7, UInt8(length >> 8), UInt8(length & 0xff), 0, 0]
        return Array((header + StreamCheck.bytes(8..<max(8, places.upperBound), isOther)).prefix(places.count))
    }

    private static func ipv4(_ number: UInt8, _ fragment: UInt16, _ payload: [UInt8]) -> [UInt8] {
        let length = 20 + payload.count
        let start: [UInt8] = [0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, number, UInt8(fragment >> 8), UInt8(fragment & 0xff)]
        return start + [64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2] + payload
    }

    private static func ipv6(_ number: UInt8, _ fragment: UInt16, _ payload: [UInt8]) -> [UInt8] {
        let length = 8 + payload.count, field = fragment << 3 | (fragment & 0x2000 == 0 ? 0 : 1)
        let start: [UInt8] = [0x60, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xff), 44, 64]
        let addresses = [UInt8](repeating: 1, count: 16) + [UInt8](repeating: 2, count: 16)
        return start + addresses + [17, 0, UInt8(field >> 8), UInt8(field & 0xff), 0, 0, 0, number] + payload
    }
}
