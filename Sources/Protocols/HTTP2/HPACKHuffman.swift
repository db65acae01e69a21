/// HPACK's Huffman code, RFC 7541 5.2 and appendix B. It is canonical: codes of one length are consecutive numbers, in the order of their symbols, so that the
/// lengths say all.
///
///     first eight bits ──▶ shortCodes: a symbol and how many bits it takes     (most: 5…8 bits)
///                      └─▶ else the first length whose codes reach so high     (10…30 bits)
enum HPACKHuffman {
    /// Bits of each symbol's code, 256 the end of a string.
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ]
    private static let longest = 30
    private static let endOfString: UInt16 = 256

    private struct Tables {
        /// By the first eight bits: the symbol, and above it the length; 0 where the code is longer.
        var shortCodes = [UInt16](repeating: 0, count: 256)
        /// By length: the first number, in the top bits of 32, that is no code of this length or a shorter one.
        var ends = [UInt64](repeating: 0, count: 31)
        /// By length: what is added to a code for its symbol's place in `symbols`.
        var offsets = [Int](repeating: 0, count: 31)
        /// In the order of their codes.
        var symbols: [UInt16] = []

        init() {
            var code: UInt64 = 0
            for length in 1...HPACKHuffman.longest {
                code <<= 1
                offsets[length] = symbols.count - Int(code)
                for symbol in 0..<HPACKHuffman.lengths.count where Int(HPACKHuffman.lengths[symbol]) == length {
                    symbols.append(UInt16(symbol))
                    if length <= 8 {
                        let first = Int(code) << (8 - length)
                        for place in first..<first + 1 << (8 - length) { shortCodes[place] = UInt16(length) << 8 | UInt16(symbol) }
                    }
                    code += 1
                }
                ends[length] = code << (32 - UInt64(length))
            }
        }
    }

    private static let tables = Tables()

    /// Adds what a string stands for; false when it is no such string: a code for its end within it, or padding that is longer than seven bits or not of ones.
    static func decode(_ string: RawSpan, into text: inout [UInt8]) -> Bool {
        // The shortest code has five bits.
        let most = string.byteCount * 8 / 5
        return string.withUnsafeBytes { string in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: most) { room in
                guard let count = decode(string, room) else { return false }
                text.append(contentsOf: UnsafeBufferPointer(rebasing: room[..<count]))
                return true
            }
        }
    }

    private static func decode(_ string: UnsafeRawBufferPointer, _ text: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        tables.shortCodes.withUnsafeBufferPointer { shortCodes in
            // The bits at hand stand at the top, ones behind the last of them.
            var (bits, count, place, written) = (UInt64(0), 0, 0, 0)
            while true {
                while count <= 56, place < string.count {
                    bits |= UInt64(string[place]) << UInt64(56 - count)
                    place += 1
                    count += 8
                }
                let padded = count < 64 ? bits | UInt64.max >> UInt64(count) : bits
                let short = shortCodes[Int(padded >> 56)]
                if short != 0 {
                    let length = Int(short >> 8)
                    guard length <= count else { return isPadding(bits, count) ? written : nil }
                    text[written] = UInt8(truncatingIfNeeded: short)
                    written += 1
                    bits <<= UInt64(length)
                    count -= length
                } else {
                    if count < 8, place == string.count { return isPadding(bits, count) ? written : nil }
                    guard let (symbol, length) = longCode(padded >> 32), length <= count, symbol != endOfString else { return nil }
                    text[written] = UInt8(truncatingIfNeeded: symbol)
                    written += 1
                    bits <<= UInt64(length)
                    count -= length
                }
            }
        }
    }

    /// Whether the bits left are the beginning of the end's code: ones, fewer than eight.
    private static func isPadding(_ bits: UInt64, _ count: Int) -> Bool { count < 8 && ~(bits | UInt64.max >> UInt64(count)) == 0 }

    @inline(never)
    private static func longCode(_ bits: UInt64) -> (symbol: UInt16, length: Int)? {
        for length in 9...longest where bits < tables.ends[length] {
            let place = Int(bits >> UInt64(32 - length)) + tables.offsets[length]
            return place >= 0 && place < tables.symbols.count ? (tables.symbols[place], length) : nil
        }
        return nil
    }
}
