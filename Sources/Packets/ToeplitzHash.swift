/// The Toeplitz hash, by which network cards spread flows over their queues (Microsoft, "RSS hashing types"; DPDK's `rte_softrss`): every bit of the input
/// that is set adds, without carry, the 32 bits of a key that begin at its place.
///
///     key    0110 1101 0101 1010 0110 …
///     input  bit 0 ──▶ key[0 ..< 32]   bit 1 ──▶ key[1 ..< 33]   …
///
/// Not generic and in memory of its own, for it is asked for every packet: a look-up a byte.
public struct ToeplitzHash: ~Copyable {
    /// The key of Microsoft's definition, which most drivers have unless told otherwise.
    public static let microsoftKey: [UInt8] = [
        0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
        0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
    ]

    /// Addresses of IPv6, and ports.
    static let longestInput = 36

    /// What a byte adds, by its place in the input and its value.
    @usableFromInline let tables: UnsafeMutablePointer<UInt32>

    /// - Parameter key: 40 bytes or more, as cards have.
    public init(key: [UInt8] = Self.microsoftKey) {
        precondition(key.count >= Self.longestInput + 4, "a key of 40 bytes at least")
        tables = .allocate(capacity: 256 * Self.longestInput)
        for place in 0..<Self.longestInput {
            let window = key[place..<place + 5].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
            for byte in 0..<256 {
                tables[256 * place + byte] = (0..<8).reduce(0 as UInt32) { sum, bit in
                    byte >> (7 - bit) & 1 == 0 ? sum : sum ^ UInt32(truncatingIfNeeded: window >> UInt64(8 - bit))
                }
            }
        }
    }

    deinit { tables.deallocate() }

    /// - Parameter input: addresses, and ports if they are to count, in network order, the source's first; 36 bytes at most.
    public func hash(_ input: some Collection<UInt8>) -> UInt32 {
        precondition(input.count <= Self.longestInput, "longer than the key allows")
        return input.enumerated().reduce(0 as UInt32) { $0 ^ tables[256 * $1.offset + Int($1.element)] }
    }

    /// The same of eight bytes, from this place in the input on.
    @inlinable @inline(__always)
    func hash(_ word: UInt64, at place: Int) -> UInt32 {
        let tables = tables + 256 &* place
        // Two at a time do not wait for each other.
        let a = tables[Int(word &>> 56)] ^ tables[256 &+ Int(word &>> 48 & 255)]
        let b = tables[512 &+ Int(word &>> 40 & 255)] ^ tables[768 &+ Int(word &>> 32 & 255)]
        let c = tables[1024 &+ Int(word &>> 24 & 255)] ^ tables[1280 &+ Int(word &>> 16 & 255)]
        let d = tables[1536 &+ Int(word &>> 8 & 255)] ^ tables[1792 &+ Int(word & 255)]
        return (a ^ b) ^ (c ^ d)
    }
}

/// The hash of the two addresses of a flow, the smaller one first, so that both directions have the same; and of nothing else, so that a datagram's fragments
/// have it, too.
///
/// Cards, which cannot swap addresses, are given a key instead that repeats every 16 bits (0x6d5a; Woo and Park, "Scalable TCP Session Monitoring with
/// Symmetric Receive-side Scaling", 2012). With that all that counts is the sum without carry of the addresses' four 16-bit words: in captures whose
/// addresses were made anonymous or generated, one value of it may have a third of all packets.
extension ToeplitzHash {
    /// - Parameter addresses: of IPv4, the source's and the destination's side by side.
    @inlinable @inline(__always)
    public func hash(ipv4 addresses: UInt64) -> UInt32 {
        let turned = addresses &<< 32 | addresses &>> 32
        return hash(min(addresses, turned), at: 0)
    }

    /// Of a packet of the flow that the key is of.
    public func hash(addressesOf key: FlowKey) -> UInt32 {
        // The key's endpoints are in order.
        if key.isIPv4 { return hash(ipv4: key.words.1 << 32 | key.words.3) }
        return hash(key.words.0, at: 0) ^ hash(key.words.1, at: 8) ^ hash(key.words.2, at: 16) ^ hash(key.words.3, at: 24)
    }
}

extension UnsafePointer<Frame> {
    /// The source's and the destination's address side by side, of a frame whose flow's addresses can be told at a glance: plain Ethernet, IPv4 without
    /// options, TCP or UDP, no fragment, no tunnel. Nil for all others, which must be read. What is wrong with the headers behind is not looked at: such a
    /// packet has no flow.
    @inlinable @inline(__always)
    public func plainAddresses(opening tunnels: TunnelKinds) -> UInt64? {
        let bytes = pointee.bytes
        guard pointee.length >= 54, pointee.linkType == .ethernet else { return nil }
        let first = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
        guard first &>> 40 == 0x080045, bytes.loadUnaligned(fromByteOffset: 20, as: UInt16.self) & UInt16(bigEndian: 0x3fff) == 0 else { return nil }
        let number = bytes.load(fromByteOffset: 23, as: UInt8.self)
        guard number == 6 || number == 17 && !tunnels.haveUDPPorts(bytes.loadUnaligned(fromByteOffset: 34, as: UInt32.self)) else { return nil }
        return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 26, as: UInt64.self))
    }
}
