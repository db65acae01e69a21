import Packets

/// The packets of a pcapng file (IETF draft-ietf-opsawg-pcapng): blocks, each between two copies of its length.
///
///     block     type 4 | length 4 | … | length 4                   section header, interface, packet, or to be skipped
///     section   byte order 4 | version 2 2 | length 8 | options    everything behind it in its byte order, until the next
///     interface link type 2 | 0 2 | snap length 4 | options        numbered from 0 in its section
///     packet    interface 4 | time 8 | captured length 4 | length on the wire 4 | bytes | options
///
/// Frames point into the block of the file that was read. What libpcap refuses though it could be read is read: interfaces of several link types or
/// snap lengths, sections of several byte orders, the time of resolutions finer than 2⁻³⁴ s.
struct PcapngReader: ~Copyable {
    static let magic: UInt32 = 0x0a0d_0d0a
    private static let byteOrderMagic: UInt32 = 0x1a2b_3c4d
    /// As libpcap has it.
    private static let longestBlock = 16 << 20
    /// The old packet block can name no more of them; beyond are attacks on memory.
    private static let mostInterfaces = 1 << 16

    private enum BlockType {
        static let section = PcapngReader.magic
        static let interface: UInt32 = 1
        static let oldPacket: UInt32 = 2
        static let simplePacket: UInt32 = 3
        static let packet: UInt32 = 6
    }

    private var blocks: FileBlocks
    private var isSwapped = false
    /// Those of the section.
    private var interfaces: [PcapngInterface] = []

    /// - Parameter file: one that begins with `magic`.
    init(_ file: Int32, blockSize: Int) { blocks = FileBlocks(of: file, at: 0, blockSize: blockSize) }

    var position: Int { blocks.position }

    var blocksAhead: BlocksAhead { blocks.blocksAhead }

    mutating func carryOn(in memory: UnsafeMutableRawPointer, _ ahead: BlocksAhead.Block?) { blocks.carryOn(in: memory, ahead) }

    /// Fills in the next frames, as many as there are at once; 0 at the end of the file. Their bytes are valid until the file is read on.
    ///
    /// - Parameter readsOn: false for frames of what has been read; 0 when there are no more.
    mutating func read(into frames: UnsafeMutablePointer<Frame>, capacity: Int, readsOn: Bool) throws(CaptureDamage) -> Int {
        var count = 0
        do throws(CaptureDamage) {
            while count < capacity {
                // To read on would overwrite what frames point to.
                guard let hasFrame = try takeBlock(frames + count, mayReadOn: readsOn && count == 0) else { break }
                count &+= hasFrame ? 1 : 0
            }
        } catch where count > 0 {
            // What is wrong is still there for the next call.
        }
        return count
    }

    /// Takes a block. Leaves everything as it was when it throws.
    ///
    /// - Returns: whether it had a frame; nil: there is no other one, or none that can be had now.
    @inline(__always)
    private mutating func takeBlock(_ frame: UnsafeMutablePointer<Frame>, mayReadOn: Bool) throws(CaptureDamage) -> Bool? {
        guard try has(8, mayReadOn) else {
            if !mayReadOn || blocks.count == 0 { return nil }
            throw .truncated(8, got: blocks.count, format: "pcapng ")
        }
        let type = number(0)
        let wasSwapped = isSwapped
        if type == BlockType.section, try has(12, mayReadOn) { try readByteOrder() }
        do throws(CaptureDamage) {
            guard let length = try blockLength(mayReadOn) else {
                isSwapped = wasSwapped
                return nil
            }
            let hasFrame = try read(type, length, frame)
            blocks.skip(length)
            return hasFrame
        } catch {
            isSwapped = wasSwapped
            throw error
        }
    }

    /// Whether so many bytes lie in one piece, if need be after reading on.
    @inline(__always)
    private mutating func has(_ count: Int, _ mayReadOn: Bool) throws(CaptureDamage) -> Bool {
        while blocks.count < count {
            guard mayReadOn, try blocks.readOn() else { return false }
        }
        return true
    }

    /// The length of the block that begins here, of which as much as can be lies in one piece now. Nil: not now.
    @inline(__always)
    private mutating func blockLength(_ mayReadOn: Bool) throws(CaptureDamage) -> Int? {
        let length = Int(number(4))
        guard length >= 12 else { throw CaptureDamage("block in pcapng dump file has a length of \(length) < 12") }
        guard length % 4 == 0 else { throw CaptureDamage("block in pcapng dump file has a length of \(length) that is not a multiple of 4") }
        guard length <= Self.longestBlock else { throw CaptureDamage("pcapng block size \(length) > maximum \(Self.longestBlock)") }
        let piece = min(length, FileBlocks.longestPiece)
        guard try has(piece, mayReadOn) else {
            if mayReadOn { throw lack(of: length) }
            return nil
        }
        let trailer: UInt32
        if length == piece {
            trailer = number(length - 4)
        } else {
            guard let value = try blocks.peek(at: length - 4) else { throw lack(of: length) }
            trailer = isSwapped ? value.byteSwapped : value
        }
        // At the file's first block libpcap does not look.
        guard trailer == length || blocks.position == 0 else { throw CaptureDamage("block total length in header and trailer don't match") }
        return length
    }

    /// The file ends within the block.
    private func lack(of length: Int) -> CaptureDamage { .truncated(length - 8, got: blocks.countToEnd() - 8, format: "pcapng ") }

    @inline(__always)
    private func number(_ offset: Int) -> UInt32 {
        let value = blocks.bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return isSwapped ? value.byteSwapped : value
    }

    @inline(__always)
    private func shortNumber(_ offset: Int) -> UInt16 {
        let value = blocks.bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return isSwapped ? value.byteSwapped : value
    }

    // MARK: Blocks

    @inline(__always)
    private mutating func read(_ type: UInt32, _ length: Int, _ frame: UnsafeMutablePointer<Frame>) throws(CaptureDamage) -> Bool {
        let isLongEnough: Bool
        switch type {
        case BlockType.packet, BlockType.oldPacket: isLongEnough = length >= 32
        case BlockType.simplePacket: isLongEnough = length >= 16
        case BlockType.interface: isLongEnough = length >= 20
        case BlockType.section: isLongEnough = length >= 28
        default: return false
        }
        guard isLongEnough else { throw Self.tooShort(type) }
        switch type {
        case BlockType.packet, BlockType.oldPacket:
            let id = type == BlockType.packet ? number(8) : UInt32(shortNumber(8))
            let time = UInt64(number(12)) << 32 | UInt64(number(16))
            let source = try interface(id)
            frame.pointee = try self.frame(at: 28, room: length - 32, captured: number(20), onWire: number(24), time, source, type)
            return true
        case BlockType.simplePacket:
            // It has neither a time nor an interface, and what was captured is what the snap length left.
            let source = try interface(0), onWire = number(8)
            frame.pointee = try self.frame(at: 12, room: length - 16, captured: min(onWire, source.snapLength), onWire: onWire, 0, source, type)
            return true
        case BlockType.interface:
            try readInterface(length)
            return false
        default:
            try readSection()
            return false
        }
    }

    @inline(__always)
    private func interface(_ id: UInt32) throws(CaptureDamage) -> PcapngInterface {
        guard id < interfaces.count else {
            throw CaptureDamage("a packet arrived on interface \(id), but there's no Interface Description Block for that interface")
        }
        return interfaces[Int(id)]
    }

    @inline(__always)
    private func frame(
        at offset: Int, room: Int, captured: UInt32, onWire: UInt32, _ time: UInt64, _ interface: PcapngInterface, _ type: UInt32
    ) throws(CaptureDamage) -> Frame {
        guard captured <= interface.longestFrame, captured <= room, interface.linkType.isKnown else { throw refusal(captured, interface, type) }
        return Frame(
            bytes: blocks.bytes + offset, timestamp: interface.clock.timestamp(time), length: captured, wireLength: max(onWire, captured),
            linkType: interface.linkType)
    }

    @inline(never)
    private func refusal(_ captured: UInt32, _ interface: PcapngInterface, _ type: UInt32) -> CaptureDamage {
        if captured > interface.snapLength {
            return CaptureDamage("invalid packet capture length \(captured), bigger than snaplen of \(interface.snapLength)")
        }
        if captured > CaptureFile.longestFrame {
            return CaptureDamage("invalid packet capture length \(captured), bigger than maximum of \(CaptureFile.longestFrame)")
        }
        return interface.linkType.isKnown ? Self.tooShort(type) : CaptureDamage(CaptureFile.refusal(of: interface.linkType))
    }

    private static func tooShort(_ type: UInt32) -> CaptureDamage { CaptureDamage("block of type \(type) in pcapng dump file is too short") }

    @inline(never)
    private mutating func readByteOrder() throws(CaptureDamage) {
        switch blocks.bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self) {
        case Self.byteOrderMagic: isSwapped = false
        case Self.byteOrderMagic.byteSwapped: isSwapped = true
        default: throw CaptureDamage("the file has a section with a bad byte order magic field")
        }
    }

    @inline(never)
    private mutating func readSection() throws(CaptureDamage) {
        let version = shortNumber(12)
        guard version == 1 else { throw CaptureDamage("unknown pcapng savefile major version number \(version)") }
        interfaces.removeAll(keepingCapacity: true)
    }

    @inline(never)
    private mutating func readInterface(_ length: Int) throws(CaptureDamage) {
        guard length <= FileBlocks.longestPiece else {
            throw CaptureDamage("Interface Description Block of \(length) bytes, longer than \(FileBlocks.longestPiece)")
        }
        guard interfaces.count < Self.mostInterfaces else { throw CaptureDamage("more than \(Self.mostInterfaces) interfaces in the file") }
        var interface = PcapngInterface(linkType: shortNumber(8), snapLength: number(12))
        try interface.readOptions(UnsafeRawBufferPointer(start: blocks.bytes + 16, count: length - 20), isSwapped: isSwapped)
        interfaces.append(interface)
    }
}
