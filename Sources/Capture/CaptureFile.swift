import CDPDK
import CPcap
import Glibc
import Packets

/// A capture file: pcap or pcapng, micro- or nanoseconds, read with libpcap. Closes it when the value goes away.
public struct CaptureFile: ~Copyable {
    public let path: String
    public let linkType: LinkType
    /// The file's length in bytes; 0 for what has none, such as a pipe.
    public let byteCount: Int
    private let file: OpaquePointer

    /// - Parameter path: "-" is standard input.
    /// - Throws: `CaptureFileError`: missing, unreadable, not a capture, or of a link type that Fovea does not read.
    public init(path: String) throws(CaptureFileError) {
        (file, byteCount) = try Self.open(path)
        linkType = LinkType(rawValue: shim_pcap_link_type(file))
        self.path = path
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
        let linkType = shim_pcap_link_type(file)
        guard LinkType(rawValue: linkType).isKnown else {
            shim_pcap_close(file)
            let name = shim_pcap_link_type_name(linkType).map { String(cString: $0) } ?? "?"
            throw CaptureFileError(
                path: path, message: "link type \(linkType) (\(name)) is not one that Fovea reads: Ethernet, raw IP, Linux SLL and SLL2, loopback")
        }
        return (file, Int(status.st_size))
    }

    deinit { shim_pcap_close(file) }

    /// The next record's frame. Its bytes are libpcap's own until the next call. Nil at the end of the file.
    ///
    /// - Throws: `CaptureFileError` when the file is cut or broken at this point; nothing can be read beyond.
    public mutating func next() throws(CaptureFileError) -> Frame? {
        var record = shim_pcap_record(bytes: UnsafeRawPointer(file), timestamp: 0, length: 0, wire_length: 0)
        switch shim_pcap_next(file, &record) {
        case 1:
            return Frame(
                bytes: record.bytes, timestamp: Timestamp(nanoseconds: record.timestamp), length: record.length, wireLength: record.wire_length,
                linkType: linkType)
        case 0: return nil
        default: throw CaptureFileError(path: path, message: String(cString: shim_pcap_last_error(file)))
        }
    }

    /// Bytes read so far.
    public var position: Int { Int(shim_pcap_position(file)) }
}

/// What is wrong with a capture file.
public struct CaptureFileError: Error, Equatable, CustomStringConvertible {
    public var path: String
    public var message: String
    public var description: String { "\(path): \(message)" }
}

/// A capture file whose frames are copied into mbufs: what an lcore polls offline. Bursts filled from it must be gone before it.
public struct FileQueue: ~Copyable {
    public private(set) var file: CaptureFile
    public let mempools: Mempools
    /// Frames lost because the pool was empty: held by others for too long.
    public private(set) var noBuffer = 0

    public init(_ file: consuming CaptureFile, _ shape: Mempools.Shape, lcore: Int) throws(DPDKError) {
        mempools = try Mempools(shape, sockets: [EAL.socket(of: lcore)])
        self.file = file
    }

    /// Reads a burst from the file.
    public mutating func fill(_ burst: inout Burst) -> CaptureState {
        burst.free()
        do {
            while burst.count < Burst.capacity {
                guard let frame = try file.next() else { return .ended }
                guard burst.append(frame, pool: mempools.pool(on: 0), jumboPool: mempools.jumbo) else {
                    // One is lost, not all to the file's end: what the burst holds may be what is missing.
                    noBuffer += 1
                    return .open
                }
            }
            return .open
        } catch {
            return .failed(error.description)
        }
    }
}
