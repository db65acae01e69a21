/// Reads the header blocks of a direction, RFC 7541: piece by piece, as frames and segments bring them. What is kept between pieces is the beginning of one
/// header.
///
///     | 1 | index                          |                                   a header of the tables
///     | 0 1 | name's index, or 0 and a name | value |                          one that is added to the dynamic table
///     | 0 0 0 n | name's index, or 0 and a name | value |                      one that is not
///     | 0 0 1 | size |                                                         the dynamic table's, before the first header only
struct HPACKDecoder {
    /// What a name or a value may take in a block. A longer one could be in no table here, and is more than servers take.
    static let longestString = 64 << 10

    private(set) var table = HPACKTable()
    /// What a size update may ask for: what the other side's settings allow, once this side has acknowledged them. Nil while that is not known.
    var sizeLimit: Int?
    /// Where a header begins whose rest is to come, and how many bytes it takes at least.
    private var pending: [UInt8] = []
    private var needed = 0
    /// A header's name and value, one behind the other.
    private var header: [UInt8] = []

    var heldBytes: Int { table.heldBytes + pending.capacity + header.capacity }

    /// Takes the next piece of a block.
    ///
    /// - Returns: nil, or what is wrong with it: from then on nothing can be read any more.
    mutating func feed(_ piece: RawSpan, _ block: inout HTTP2HeaderBlock, into list: inout HTTP2HeaderList) -> ParserFailure? {
        guard !pending.isEmpty else { return take(piece, &block, into: &list) }
        piece.withUnsafeBytes { pending.append(contentsOf: $0) }
        guard pending.count >= needed else { return nil }
        let bytes = pending
        pending = []
        return take(bytes.span.bytes, &block, into: &list)
    }

    /// A block is over; false if it ended within a header.
    mutating func finishBlock() -> Bool {
        defer { dropPending() }
        return pending.isEmpty
    }

    /// Part of a block will not come, or the beginning was not seen.
    mutating func lose() {
        table.lose()
        dropPending()
    }

    private mutating func dropPending() {
        pending = []
        if header.capacity > 4096 { header = [] }
    }

    // MARK: Headers

    private enum Step {
        case took(Int)
        /// So many bytes at least.
        case needs(Int)
        case failed(ParserFailure)
    }

    private mutating func take(_ bytes: RawSpan, _ block: inout HTTP2HeaderBlock, into list: inout HTTP2HeaderList) -> ParserFailure? {
        var place = 0
        while place < bytes.byteCount {
            let rest = bytes.extracting(place...)
            switch step(rest, &block, into: &list) {
            case .took(let count): place += count
            case .failed(let failure): return failure
            case .needs(let count):
                needed = count
                pending = rest.copied
                return nil
            }
        }
        return nil
    }

    private mutating func step(_ bytes: RawSpan, _ block: inout HTTP2HeaderBlock, into list: inout HTTP2HeaderList) -> Step {
        let first = bytes.byte(0)
        if first & 0x80 != 0 { return takeIndexed(bytes, &block, into: &list) }
        if first & 0xe0 == 0x20 { return resize(bytes, block) }
        let isAdded = first & 0xc0 == 0x40
        var reader = HPACKReader(bytes)
        guard let index = reader.integer(prefix: isAdded ? 6 : 4) else { return reader.step }
        var name: RawSpan?
        var nameIsCoded = false
        if index == 0 {
            guard let string = reader.string(&nameIsCoded) else { return reader.step }
            name = string
        }
        var valueIsCoded = false
        guard let value = reader.string(&valueIsCoded) else { return reader.step }

        // The name is copied first: to add the header may evict what has it.
        header.removeAll(keepingCapacity: true)
        if let name {
            guard append(name, isCoded: nameIsCoded) else { return .failed(.malformed) }
        } else {
            guard appendName(index) else { return .failed(.malformed) }
        }
        let nameLength = header.count
        guard append(value, isCoded: valueIsCoded) else { return .failed(.malformed) }
        if index > 0, nameLength == 0 {
            block.missHeader()
            if isAdded { table.addUnknown() }
            return .took(reader.place)
        }
        let isSound = HTTP2HeaderBlock.isSound(header.span.bytes.extracting(..<nameLength), header.span.bytes.extracting(nameLength...))
        block.take(header.span.bytes.extracting(..<nameLength), header.span.bytes.extracting(nameLength...), isSound: isSound, into: &list)
        if isAdded { table.add(header, name: nameLength, isSound: isSound) }
        return .took(reader.place)
    }

    private mutating func takeIndexed(_ bytes: RawSpan, _ block: inout HTTP2HeaderBlock, into list: inout HTTP2HeaderList) -> Step {
        var reader = HPACKReader(bytes)
        guard let index = reader.integer(prefix: 7) else { return reader.step }
        guard index > 0 else { return .failed(.malformed) }
        if index <= HPACKStaticTable.count {
            block.take(HPACKStaticTable.place(index), in: HPACKStaticTable.bytes, into: &list)
        } else if let place = table.place(index - HPACKStaticTable.count - 1) {
            if place.nameLength == 0 { block.missHeader() } else { block.take(place, in: table.bytes, into: &list) }
        } else {
            guard table.isPartial else { return .failed(.malformed) }
            block.missHeader()
        }
        return .took(reader.place)
    }

    private mutating func resize(_ bytes: RawSpan, _ block: HTTP2HeaderBlock) -> Step {
        var reader = HPACKReader(bytes)
        guard let size = reader.integer(prefix: 5) else { return reader.step }
        guard !block.hasHeaders, sizeLimit.map({ size <= $0 }) ?? true else { return .failed(.malformed) }
        table.resize(size)
        return .took(reader.place)
    }

    private mutating func append(_ string: RawSpan, isCoded: Bool) -> Bool {
        if isCoded { return HPACKHuffman.decode(string, into: &header) }
        string.withUnsafeBytes { header.append(contentsOf: $0) }
        return true
    }

    /// Nothing where the name is not known; false where there can be none.
    private mutating func appendName(_ index: Int) -> Bool {
        if index <= HPACKStaticTable.count {
            header.append(contentsOf: HPACKStaticTable.bytes[HPACKStaticTable.place(index).name])
        } else if let place = table.place(index - HPACKStaticTable.count - 1) {
            header.append(contentsOf: table.bytes[place.name])
        } else {
            return table.isPartial
        }
        return true
    }

    /// Reads integers and strings, RFC 7541 5. What it cannot read is too short, or no header.
    private struct HPACKReader: ~Escapable {
        private let bytes: RawSpan
        private(set) var place = 0
        private(set) var step = Step.needs(0)

        @_lifetime(copy bytes)
        init(_ bytes: RawSpan) { self.bytes = bytes }

        /// Its first bits stand in what is left of the byte at hand.
        mutating func integer(prefix: UInt8) -> Int? {
            guard place < bytes.byteCount else { return needs(place + 1) }
            let most = UInt8(1) << prefix - 1
            let first = bytes.byte(place) & most
            place += 1
            guard first == most else { return Int(first) }
            var value = Int(most)
            // Nothing here is as large as 2^28.
            for shift in stride(from: 0, to: 28, by: 7) {
                guard place < bytes.byteCount else { return needs(place + 1) }
                let byte = bytes.byte(place)
                place += 1
                value += Int(byte & 0x7f) << shift
                if byte & 0x80 == 0 { return value }
            }
            step = .failed(.malformed)
            return nil
        }

        @_lifetime(copy self)
        mutating func string(_ isCoded: inout Bool) -> RawSpan? {
            guard place < bytes.byteCount else {
                step = .needs(place + 1)
                return nil
            }
            isCoded = bytes.byte(place) & 0x80 != 0
            guard let length = integer(prefix: 7) else { return nil }
            guard length <= HPACKDecoder.longestString else {
                step = .failed(.tooLong)
                return nil
            }
            guard length <= bytes.byteCount - place else {
                step = .needs(place + length)
                return nil
            }
            defer { place += length }
            return bytes.extracting(place..<place + length)
        }

        private mutating func needs(_ count: Int) -> Int? {
            step = .needs(count)
            return nil
        }
    }
}
