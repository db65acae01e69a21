import CPcap
import Glibc
import Packets

/// A capture file: pcap or pcapng, micro- or nanoseconds. Closes it when the value goes away.
///
/// libpcap opens it, which knows what is wrong with what is no capture. What comes then of regular files is read by readers of our own, whose frames
/// lie where the file was read to; pipes and odd kinds of pcap are libpcap's to the end.
public struct CaptureFile: ~Copyable {
    /// The longest frame, in bytes: as libpcap has it (MAXIMUM_SNAPLEN). A record that claims more is damaged, and ends the reading.
    public static let longestFrame: UInt32 = 262_144

    public let path: String
    /// Of all frames, or of the first interface of a file that has several.
    public let linkType: LinkType
    /// The file's length in bytes; 0 for what has none, such as a pipe.
    public let byteCount: Int

    // One of them. Not an enum, because Swift cannot change an enum's payload in place.
    private var pcap: PcapReader?
    private var pcapng: PcapngReader?
    private var libpcap: LibpcapReader?

    /// - Parameter path: "-" is standard input.
    /// - Throws: `CaptureFileError`: missing, unreadable, not a capture, or of a link type that Fovea does not read.
    public init(path: String) throws(CaptureFileError) { try self.init(path: path, onlyLibpcap: false) }

    /// - Parameters:
    ///   - onlyLibpcap: for tests that hold our own readers against it.
    ///   - blockSize: bytes to be read at once.
    package init(path: String, onlyLibpcap: Bool, blockSize: Int = FileBlocks.blockSize) throws(CaptureFileError) {
        let (file, byteCount) = try Self.open(path)
        self.path = path
        self.byteCount = byteCount
        linkType = LinkType(rawValue: shim_pcap_link_type(file))
        pcap = nil
        pcapng = nil
        libpcap = nil
        guard !onlyLibpcap, path != "-", let descriptor = Self.regularFile(of: file) else {
            libpcap = LibpcapReader(file, linkType: linkType)
            return
        }
        var header = [UInt8](repeating: 0, count: PcapHeader.byteCount)
        // What libpcap took for a capture has as many bytes.
        _ = pread(descriptor, &header, header.count, 0)
        header.withUnsafeBytes { header in
            if header.load(as: UInt32.self) == PcapngReader.magic {
                pcapng = PcapngReader(descriptor, blockSize: blockSize)
            } else if let header = PcapHeader(header.baseAddress!) {
                pcap = PcapReader(descriptor, header, linkType: linkType, snapLength: shim_pcap_snap_length(file), blockSize: blockSize)
            }
        }
        if pcap == nil, pcapng == nil {
            close(descriptor)
            libpcap = LibpcapReader(file, linkType: linkType)
        } else {
            shim_pcap_close(file)
        }
    }

    private static func open(_ path: String) throws(CaptureFileError) -> (OpaquePointer, byteCount: Int) {
        var status = stat()
        if path != "-" {
            guard stat(path, &status) == 0 else { throw CaptureFileError(path: path, message: String(cString: strerror(errno))) }
            guard status.st_mode & S_IFMT != S_IFDIR else { throw CaptureFileError(path: path, message: "is a folder, not a capture file") }
        }
        var text = [CChar](repeating: 0, count: Int(shim_pcap_error_size))
        guard let file = shim_pcap_open(path, &text) else {
            // libpcap begins some of its texts with the path.
            var message = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if message.hasPrefix("\(path): ") { message.removeFirst(path.count + 2) }
            if path != "-", status.st_size == 0 { message = "is empty: not even a capture file's header" }
            throw CaptureFileError(path: path, message: message)
        }
        let linkType = LinkType(rawValue: shim_pcap_link_type(file))
        guard linkType.isKnown else {
            shim_pcap_close(file)
            throw CaptureFileError(path: path, message: refusal(of: linkType))
        }
        return (file, Int(status.st_size))
    }

    static func refusal(of linkType: LinkType) -> String {
        let name = shim_pcap_link_type_name(linkType.rawValue).map { String(cString: $0) } ?? "?"
        return "link type \(linkType.rawValue) (\(name)) is not one that Fovea reads: Ethernet, raw IP, Linux SLL and SLL2, loopback"
    }

    /// A descriptor of the same open file, if it is a regular one.
    private static func regularFile(of file: OpaquePointer) -> Int32? {
        var status = stat()
        let descriptor = shim_pcap_descriptor(file)
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy >= 0 ? copy : nil
    }

    /// The next record's frame. Its bytes are valid until the next call. Nil at the end of the file.
    ///
    /// - Throws: `CaptureFileError` when the file is cut or broken at this point; nothing can be read beyond.
    public mutating func next() throws(CaptureFileError) -> Frame? {
        var frame = Frame(bytes: Self.nowhere, timestamp: .zero, length: 0, wireLength: 0)
        return try read(into: &frame, capacity: 1) == 1 ? frame : nil
    }

    private static var nowhere: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 1)! }

    /// Gives a burst the next frames, at most as many as it holds. Their bytes are valid until the next call.
    public mutating func fill(_ burst: inout Burst) -> CaptureState { fill(&burst, readsOn: true) }

    /// - Parameter readsOn: false for frames of what has been read; the burst is empty when there are no more of those, and bytes of bursts before stay valid.
    package mutating func fill(_ burst: inout Burst, readsOn: Bool) -> CaptureState {
        do throws(CaptureFileError) {
            return try burst.fill { frames, capacity throws(CaptureFileError) in
                try read(into: frames, capacity: capacity, readsOn: readsOn)
            } > 0 || !readsOn ? .open : .ended
        } catch {
            return .failed(error.description)
        }
    }

    /// Has the file read to other memory from now on, of `FileBlocks.byteCount` bytes: frames lie there until the next such call, and those from before where
    /// they were.
    ///
    /// - Parameter ahead: what `blocksAhead` has read into that memory.
    package mutating func carryOn(in memory: UnsafeMutableRawPointer, _ ahead: BlocksAhead.Block? = nil) {
        pcap?.carryOn(in: memory, ahead)
        pcapng?.carryOn(in: memory, ahead)
        libpcap?.carryOn(in: memory)
    }

    /// Reads blocks before it is their turn; nil when libpcap reads the file.
    package var blocksAhead: BlocksAhead? {
        switch pcap {
        case .some(let reader): return reader.blocksAhead
        case nil: break
        }
        switch pcapng {
        case .some(let reader): return reader.blocksAhead
        case nil: return nil
        }
    }

    /// Fills in the next frames: as many as there are at once, which is fewer where the file must be read on; 0 at its end.
    private mutating func read(into frames: UnsafeMutablePointer<Frame>, capacity: Int, readsOn: Bool = true) throws(CaptureFileError) -> Int {
        do throws(CaptureDamage) {
            if let count = try pcap?.read(into: frames, capacity: capacity, readsOn: readsOn) { return count }
            if let count = try pcapng?.read(into: frames, capacity: capacity, readsOn: readsOn) { return count }
            return readsOn ? try libpcap!.read(into: frames, capacity: capacity) : 0
        } catch {
            throw CaptureFileError(path: path, message: error.message)
        }
    }

    /// Whether libpcap reads it to its end.
    package var isLibpcaps: Bool {
        switch libpcap {
        case .some: true
        case nil: false
        }
    }

    /// Bytes of the file taken so far.
    public var position: Int {
        switch pcap {
        case .some(let reader): return reader.position
        case nil: break
        }
        switch pcapng {
        case .some(let reader): return reader.position
        case nil: break
        }
        switch libpcap {
        case .some(let reader): return reader.position
        case nil: return 0
        }
    }
}

/// What is wrong with a capture file.
public struct CaptureFileError: Error, Equatable, CustomStringConvertible {
    public var path: String
    public var message: String
    public var description: String { "\(path): \(message)" }
}
