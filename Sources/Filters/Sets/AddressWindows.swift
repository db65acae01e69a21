/// Refuses most addresses that are in no range, by one bit: whether a range reaches into the address's window, its leading bits.
///
/// What a table of 100,000 addresses costs is the cache lines that a packet touches in it, and the branches that are guessed wrongly. So one bit of a table
/// of 64 for each range goes first, which is one line of at most 2 MB, and almost always "no": addresses of strangers, as most are.
///
/// IPv4 windows are found by their leading bits: neighbours lie in one line, as traffic's addresses do. IPv6 uses so little of its space that the leading 64
/// bits, or as many as the ranges have, are spread by a multiplication; whoever finds addresses that fall into used windows gains a few steps of an exact
/// look-up by it, so it needs no secret.
struct AddressWindows {
    private let words: UnsafeMutablePointer<UInt64>
    private let mask: UInt64
    private let factor: UInt64
    /// From 64 bits to a bit's number.
    private let shift: UInt64

    init<Number: AddressNumber>(_ ranges: AddressRanges<Number>) {
        var leading: [ClosedRange<UInt64>] = []
        ranges.forEachMember { leading.append($0.lowerBound.leading...$0.upperBound.leading) }
        let bits = min(max(Int.bitWidth - leading.count.leadingZeroBitCount + 6, 6), 24)
        shift = UInt64(64 - bits)
        words = .allocate(capacity: 1 << (bits - 6))
        words.initialize(repeating: 0, count: 1 << (bits - 6))
        if Number.bitWidth == 32 {
            (mask, factor) = (.max, 1)
            for range in leading { set(range.lowerBound >> shift...range.upperBound >> shift) }
        } else {
            let length = Self.windowLength(leading)
            (mask, factor) = (length == 0 ? 0 : ~0 << UInt64(64 - length), 0x9e37_79b9_7f4a_7c15)
            let step: UInt64 = length == 0 ? 0 : 1 << UInt64(64 - length)
            for range in leading {
                var window = range.lowerBound & mask
                set(slot(window)...slot(window))
                while window != range.upperBound & mask {
                    window += step
                    set(slot(window)...slot(window))
                }
            }
        }
    }

    func deallocate() { words.deallocate() }

    /// As many leading bits as there may be without that ranges have too many windows: 0...64.
    private static func windowLength(_ ranges: [ClosedRange<UInt64>]) -> Int {
        let most = 4 * ranges.count + 1024
        for length in (1...64).reversed() {
            let shift = UInt64(64 - length)
            var count = 0
            for range in ranges {
                let more = (range.upperBound >> shift) - (range.lowerBound >> shift)
                count += more < most ? Int(more) + 1 : most + 1
                if count > most { break }
            }
            if count <= most { return length }
        }
        return 0
    }

    private func set(_ slots: ClosedRange<UInt64>) {
        for word in slots.lowerBound >> 6...slots.upperBound >> 6 {
            let from = word == slots.lowerBound >> 6 ? slots.lowerBound & 63 : 0, through = word == slots.upperBound >> 6 ? slots.upperBound & 63 : 63
            words[Int(word)] |= ~0 << from & ~0 >> (63 - through)
        }
    }

    @inline(__always)
    private func slot(_ leading: UInt64) -> UInt64 { ((leading & mask) &* factor) &>> shift }

    /// False when no range has the address. True does not say that one has.
    @inline(__always)
    func mayContain(_ leading: UInt64) -> Bool {
        let slot = slot(leading)
        return words[Int(truncatingIfNeeded: slot >> 6)] >> (slot & 63) & 1 != 0
    }
}
