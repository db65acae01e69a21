import CPcap
import Glibc
import Packets

/// The frames of whatever libpcap reads: pipes, and pcap files of old or modified kinds. Its bytes are gone with its next call, so they are copied.
struct LibpcapReader: ~Copyable {
    /// Of a burst's frames; filled up to where the longest might not fit.
    private static let room = 512 << 10

    private let file: OpaquePointer
    private let linkType: LinkType
    private var memory: UnsafeMutableRawPointer
    private let ownMemory: UnsafeMutableRawPointer
    /// Set at the end of the file, where libpcap is asked no more.
    private var hasEnded = false
    private var damage: CaptureDamage?

    /// - Parameter file: from shim_pcap_open; closed when the value goes away.
    init(_ file: OpaquePointer, linkType: LinkType) {
        self.file = file
        self.linkType = linkType
        memory = .allocate(byteCount: Self.room, alignment: 64)
        ownMemory = memory
    }

    deinit {
        shim_pcap_close(file)
        ownMemory.deallocate()
    }

    var position: Int { Int(shim_pcap_position(file)) }

    /// Frames lie in other memory from now on, of `FileBlocks.byteCount` bytes.
    mutating func carryOn(in other: UnsafeMutableRawPointer) { memory = other }

    /// Fills in the next frames; 0 at the end of the file. Their bytes are valid until the next call.
    mutating func read(into frames: UnsafeMutablePointer<Frame>, capacity: Int) throws(CaptureDamage) -> Int {
        var count = 0, used = 0
        while count < capacity, used <= Self.room - Int(CaptureFile.longestFrame), let record = next() {
            // None that Fovea reads is longer; whatever else libpcap takes is cut.
            let length = min(record.length, CaptureFile.longestFrame)
            memcpy(memory + used, record.bytes, Int(length))
            frames[count] = Frame(
                bytes: memory + used, timestamp: Timestamp(nanoseconds: record.timestamp), length: length,
                wireLength: max(record.wire_length, record.length), linkType: linkType)
            used += Int(length)
            count += 1
        }
        if count == 0, let damage { throw damage }
        return count
    }

    private mutating func next() -> shim_pcap_record? {
        guard !hasEnded else { return nil }
        var record = shim_pcap_record(bytes: UnsafeRawPointer(file), timestamp: 0, length: 0, wire_length: 0)
        let answer = shim_pcap_next(file, &record)
        if answer == 1 { return record }
        hasEnded = true
        if answer != 0 { damage = CaptureDamage(String(cString: shim_pcap_last_error(file))) }
        return nil
    }
}
