import CDPDK
import Synchronization

/// The mbufs of one port: a pool a NUMA socket (rte_pktmbuf_pool_create), and a small one of jumbo mbufs for the frames that do not fit
/// the others. Gives its memory back when the value goes away. Whoever is filled from it must be gone by then, which is why a `Port` owns
/// its own.
public struct Mempools: ~Copyable {
    /// What a pool is made of.
    public struct Shape: Equatable, Sendable {
        /// Mbufs in a socket's pool.
        public var capacity: Int
        /// Mbufs that an lcore keeps for itself, 0...512; at most two thirds of the capacity.
        public var cache: Int
        /// Bytes of frame that an mbuf holds, at most `longestFrame`.
        public var room: Int

        public init(capacity: Int, cache: Int, room: Int) {
            self.capacity = capacity
            self.cache = min(cache, capacity * 2 / 3, 512)
            self.room = min(max(room, 128), Mempools.longestFrame)
        }

        /// Memory of a socket's pool and the jumbo pool, in bytes, for `EAL.start`.
        public var bytes: Int { capacity * Self.bytes(ofRoom: room) + Mempools.jumboCapacity * Self.bytes(ofRoom: Mempools.longestFrame) + 4 << 20 }

        /// Of an mbuf: the room, DPDK's headroom and the mbuf itself, mempool's header and rounding. Ordinary pages lie anywhere in physical memory, so that
        /// no mbuf may cross from one to the next that fits into one (rte_mempool_op_calc_mem_size_default).
        private static func bytes(ofRoom room: Int) -> Int {
            let (bytes, page) = (room + 512, 4096)
            return bytes > page ? (bytes + page - 1) / page * page : page / (page / bytes)
        }
    }

    /// The longest frame that comes in one piece; of longer ones the first so many bytes come, and they count as cut.
    public static let longestFrame = 65_407
    static let jumboCapacity = 128
    private static let poolsMade = Atomic(0)

    /// By socket.
    private let pools: [(socket: Int, pool: UnsafeMutableRawPointer)]
    let jumbo: UnsafeMutableRawPointer
    public let shape: Shape

    /// - Throws: `DPDKError` of rte_pktmbuf_pool_create; ENOMEM when the memory given to EAL is used up.
    public init(_ shape: Shape, sockets: Set<Int>) throws(DPDKError) {
        var made: [(socket: Int, pool: UnsafeMutableRawPointer)] = []
        do {
            for socket in sockets.sorted() { made.append((socket, try Self.create(shape, socket))) }
            jumbo = try Self.create(Shape(capacity: Self.jumboCapacity, cache: 0, room: Self.longestFrame), sockets.min() ?? 0)
        } catch {
            for entry in made { shim_pool_free(entry.pool) }
            throw error
        }
        pools = made
        self.shape = shape
    }

    deinit {
        for entry in pools { shim_pool_free(entry.pool) }
        shim_pool_free(jumbo)
    }

    private static func create(_ shape: Shape, _ socket: Int) throws(DPDKError) -> UnsafeMutableRawPointer {
        let name = "fovea_\(poolsMade.wrappingAdd(1, ordering: .relaxed).newValue)"
        var pool: UnsafeMutableRawPointer?
        let answer = shim_pool_create(name, UInt32(shape.capacity), UInt32(shape.cache), UInt16(shape.room), Int32(socket), &pool)
        try dpdk("rte_pktmbuf_pool_create", of: "a pool of \(shape.capacity) mbufs of \(shape.room) bytes", answer)
        return pool!
    }

    /// The pool nearest to a socket.
    func pool(on socket: Int) -> UnsafeMutableRawPointer { (pools.first { $0.socket == socket } ?? pools[0]).pool }

    /// Mbufs of all pools that nobody holds.
    public var available: Int { pools.reduce(Int(shim_pool_available(jumbo))) { $0 + Int(shim_pool_available($1.pool)) } }
    /// Mbufs of all pools.
    public var capacity: Int { pools.count * shape.capacity + Self.jumboCapacity }
}
