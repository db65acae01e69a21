import Packets

/// Hashes a text byte by byte, so that there is a hash of each of its beginnings, or of its ends when it goes backwards.
///
/// Seeded (folded 64 × 64 → 128 bit products, as wyhash does): nobody outside can choose texts that collide.
struct TextHash {
    private(set) var value: UInt64
    private let factor: UInt64

    @inline(__always)
    init(_ seed: HashSeed) {
        value = seed.words.0
        factor = seed.words.1 | 1
    }

    @inline(__always)
    mutating func add(_ byte: UInt8) {
        let product = (value ^ UInt64(byte)).multipliedFullWidth(by: factor)
        value = product.high ^ product.low
    }
}
