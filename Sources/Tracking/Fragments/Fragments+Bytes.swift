import Packets

/// A waiting datagram's bytes and header.
extension Fragments {
    /// What a fragment repeats of what was there.
    struct Overlap {
        /// Whether some of its bytes were there, and whether some were not.
        var isAny = false
        var isNew = false
        /// Whether some of those that were there are others.
        var differs = false
        /// Whether all of it lies where a single fragment lies; means something only if all of it was there.
        var isOneFragment = true

        /// All of it was there, and the same.
        var isCopy: Bool { isAny && !isNew && !differs }
    }

    /// Copies those of a fragment's bytes that are not there yet. Its pages are.
    func copy(_ fragment: UnsafeRawBufferPointer, to waiting: UnsafeMutablePointer<Waiting>, at offset: Int) -> Overlap {
        var overlap = Overlap()
        let end = offset + fragment.count
        let units = offset / 8..<(end + 7) / 8
        // 64 units, a word of bits, at a time.
        var word = units.lowerBound / 64
        while word * 64 < units.upperBound {
            let part = units.clamped(to: word * 64..<word * 64 + 64)
            let mask = (UInt64.max >> (64 - part.count)) << (part.lowerBound % 64)
            let number = Int(waiting.pointee.pages[word / 4])
            let there = pages[number].present[word % 4] & mask
            // Places in the page are those in the datagram modulo its size.
            func room(_ unit: Int) -> UnsafeMutableRawPointer { bytes + number * Self.pageSize + unit * 8 % Self.pageSize }
            func source(_ range: Range<Int>) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: fragment[range.lowerBound * 8 - offset..<min(range.upperBound * 8, end) - offset])
            }
            if there == 0 {
                let source = source(part)
                room(part.lowerBound).copyMemory(from: source.baseAddress!, byteCount: source.count)
                waiting.pointee.count &+= UInt32(source.count)
                overlap.isNew = true
            } else {
                for unit in part {
                    let source = source(unit..<unit + 1)
                    if there >> (unit % 64) & 1 == 0 {
                        room(unit).copyMemory(from: source.baseAddress!, byteCount: source.count)
                        waiting.pointee.count &+= UInt32(source.count)
                        overlap.isNew = true
                    } else if !source.elementsEqual(UnsafeRawBufferPointer(start: room(unit), count: source.count)) {
                        overlap.differs = true
                    }
                }
                overlap.isAny = true
                let first = UInt64(word * 64 <= units.lowerBound ? 1 : 0) << (units.lowerBound % 64)
                if pages[number].starts[word % 4] & mask != first { overlap.isOneFragment = false }
            }
            pages[number].present[word % 4] |= mask
            word += 1
        }
        if !isBorder(units.upperBound, waiting) { overlap.isOneFragment = false }
        pages[Int(waiting.pointee.pages[units.lowerBound / 256])].starts[units.lowerBound / 64 % 4] |= 1 << (units.lowerBound % 64)
        return overlap
    }

    /// Whether no fragment reaches over the beginning of a unit.
    private func isBorder(_ unit: Int, _ waiting: UnsafeMutablePointer<Waiting>) -> Bool {
        guard unit / 256 < 32 else { return true }
        let page = Int(waiting.pointee.pages[unit / 256]), bit = UInt64(1) << (unit % 64)
        return page == 0 || pages[page].present[unit / 64 % 4] & bit == 0 || pages[page].starts[unit / 64 % 4] & bit != 0
    }
}

extension UnsafeMutablePointer<Fragments.Waiting> {
    /// Notes where the fragment says that the datagram ends, or that it goes on; false when that cannot be together with what others said.
    func agrees(on header: FragmentHeader) -> Bool {
        let end = UInt32(header.offset + header.payload.count)
        if header.moreFragments {
            pointee.reach = Swift.max(pointee.reach, end)
        } else {
            guard pointee.length == 0 || pointee.length == end else { return false }
            pointee.length = end
        }
        return pointee.length == 0 || pointee.reach < pointee.length
    }

    /// Keeps the first fragment's IP header, without options.
    func keepHeader(_ bytes: UnsafeRawPointer, next: TransportProtocol, isIPv4: Bool) {
        for index in 0..<(isIPv4 ? FragmentHeader.ipv4HeaderLength : FragmentHeader.ipv6HeaderLength) {
            pointee.header[index] = bytes.load(fromByteOffset: index, as: UInt8.self)
        }
        pointee.next = next.rawValue
        pointee.hasHeader = true
    }

    /// Writes the header of the datagram: the first fragment's, with the whole length, and as that of no fragment. Gives its length.
    func writeHeader(to start: UnsafeMutableRawPointer, isIPv4: Bool) -> Int {
        let count = isIPv4 ? FragmentHeader.ipv4HeaderLength : FragmentHeader.ipv6HeaderLength
        for index in 0..<count { start.storeBytes(of: pointee.header[index], toByteOffset: index, as: UInt8.self) }
        if isIPv4 {
            start.storeBytes(of: 0x45, as: UInt8.self)
            start.storeBytes(of: UInt16(count + Int(pointee.length)).bigEndian, toByteOffset: 2, as: UInt16.self)
            start.storeBytes(of: 0, toByteOffset: 6, as: UInt16.self)
            // None: it would have to be worked out again, and nobody looks at it.
            start.storeBytes(of: 0, toByteOffset: 10, as: UInt16.self)
        } else {
            start.storeBytes(of: UInt16(pointee.length).bigEndian, toByteOffset: 4, as: UInt16.self)
            start.storeBytes(of: pointee.next, toByteOffset: 6, as: UInt8.self)
        }
        return count
    }
}
