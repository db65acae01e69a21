import Containers
import Packets

/// Puts IPv4 and IPv6 datagrams together from their fragments, one core's.
///
/// Bytes go to pages of a pool of fixed size, each at its place in the datagram, and a bit says of each 8 bytes, the unit that fragments are cut by,
/// whether they are there: a fragment costs its own length, whatever the order, and a datagram is whole when all bytes before its end are counted once.
///
///     datagram ──▶ pages  [ 0 ..< 2048 ][ none ][ 4096 ..< 6144 ] …     32 at most
///                            bits 1111 0011…                            present; a fragment starts here
///
/// - Overlaps: of IPv4's bytes those that came first stay, as with TCP; IPv6 drops the datagram, and what still comes of it (RFC 5722, RFC 8200), but for
///   exact copies of a fragment. A second end, or bytes behind the end, drop the datagram in both: nobody knows which is right.
/// - A first fragment without the whole header chain is taken all the same: RFC 7112 lets hosts drop it, and many do not.
/// - Time is the fragments' own. A datagram has `timeout` from its first fragment on, be that forwards or back; what comes later is another's.
/// - When pages or entries run out the oldest datagram is given up.
///
/// DPDK's rte_ip_frag cannot do this: it wants mbufs, of which captures have none, and pins them while they wait; takes eight fragments a datagram; has
/// time-outs in cycles of the machine's clock; and says nothing of overlaps and losses.
struct Fragments: ~Copyable {
    /// Bytes of a page. A datagram has 32 pages at most.
    static let pageSize = 2048
    /// Of an IPv4 packet, and of an IPv6 packet's payload.
    static let maxLength = 65_535
    /// Room for the largest datagram and its header.
    private static let datagramRoom = 65_600
    /// Expired datagrams looked for, a fragment: more than it can make.
    private static let expiriesPerFragment = 32

    /// A datagram of which something is missing. All zero is one of which nothing has come.
    struct Waiting: BitwiseCopyable {
        /// What there is to say of all its fragments.
        var sum: FragmentSum
        /// The payload's length; 0: the last fragment has not come.
        var length: UInt32
        /// How far those fragments reach that are not the last.
        var reach: UInt32
        /// Bytes that are there.
        var count: UInt32
        /// IPv6: the header that the payload begins with.
        var next: UInt8
        var hasHeader: Bool
        /// Dropped: stays, so that what still comes of it begins no new datagram.
        var isGivenUp: Bool
        /// The first fragment's IP header without options.
        var header: InlineArray<40, UInt8>
        /// By place, plus one; 0: none of its bytes has come.
        var pages: InlineArray<32, UInt32>
    }

    struct Page: BitwiseCopyable {
        /// Bits of units of 8 bytes: which are there, and at which a fragment starts.
        var present: InlineArray<4, UInt64>
        var starts: InlineArray<4, UInt64>
        /// In the free list, plus one; 0: none.
        var next: UInt32
    }

    typealias Table = LinkedHashTable<FlowKey, Waiting>

    let isOn: Bool
    /// Nanoseconds.
    private let timeout: UInt64
    var table: Table
    let pages: UnsafeMutablePointer<Page>
    let bytes: UnsafeMutableRawPointer
    private let pageCount: UInt32
    private var used: UInt32 = 0
    private var free: UInt32 = 0
    private(set) var heldPages = 0
    private let pageMemory: RawMemory
    private let byteMemory: RawMemory
    private let datagramMemory: RawMemory
    /// Datagrams completed in this part of a burst, by the place of the packet that completed them, and which there are.
    let datagrams: UnsafeMutablePointer<Datagram>
    var completed: UInt64 = 0

    /// - Parameter isOn: false for one that takes nothing and has no memory.
    init(_ options: TrackerOptions, isOn: Bool, seed: HashSeed) {
        self.isOn = isOn
        timeout = UInt64(max(1, options.fragmentTimeout))
        // What a datagram of one page takes in all, its share of the table included.
        let share = Self.pageSize + MemoryLayout<Page>.stride + MemoryLayout<FlowKey>.stride + MemoryLayout<Waiting>.stride + 48
        pageCount = isOn ? UInt32(clamping: max(Self.maxLength / Self.pageSize + 1, options.fragmentMemory / share)) : 1
        // One more, for the table gives one up as soon as it is full.
        table = Table(capacity: Int(pageCount) + 1, seed: seed)
        pageMemory = RawMemory(byteCount: (Int(pageCount) + 1) * MemoryLayout<Page>.stride)
        pages = pageMemory.bound(to: Page.self)
        byteMemory = RawMemory(byteCount: (Int(pageCount) + 1) * Self.pageSize)
        bytes = byteMemory.start
        datagramMemory = RawMemory(byteCount: Pipeline.width * Self.datagramRoom)
        datagrams = .allocate(capacity: Pipeline.width)
    }

    deinit { datagrams.deallocate() }

    /// Bytes reserved.
    var byteCount: Int { table.byteCount + pageMemory.byteCount + byteMemory.byteCount + datagramMemory.byteCount }

    // MARK: Taking fragments

    /// Takes a fragment in. If it completes its datagram, that takes the packet's place, as if it had stood in the frame: its lengths are those of all
    /// its fragments. A datagram that is a fragment itself goes the same way; the reader counts how often (`Packet.maxLayers`).
    ///
    /// - Parameters:
    ///   - place: the packet's in its part of the burst; the datagram is to be found there.
    ///   - counters: fragments that wait have their outcome there; all of a datagram lose it when that is complete, to have the datagram's.
    /// - Returns: how many fragments the packet is made of now; 0 when the datagram is not complete.
    mutating func take(
        _ packet: UnsafeMutablePointer<Packet>, _ frame: UnsafePointer<Frame>, at place: Int, opening tunnels: TunnelKinds, _ counters: inout Counters
    ) -> UInt64 {
        let time = packet.pointee.timestamp.nanoseconds
        let datagram = datagrams + place
        let one = FragmentSum(
            fragments: 1, wireBytes: UInt64(packet.pointee.wireLength), ipBytes: UInt64(packet.pointee.ipLength), first: time, last: time)
        datagram.initialize(to: Datagram(frame: frame.pointee, sum: one))
        repeat {
            guard let slot = add(packet, datagram, &counters) else {
                counters.outcomes[PacketOutcome.fragment.rawValue] &+= 1
                return 0
            }
            let waiting = table.pointer(to: slot)
            let frame = assemble(waiting, isIPv4: packet.pointee.isIPv4, at: place, packet.pointee.timestamp)
            datagram.pointee = Datagram(frame: frame, sum: waiting.pointee.sum)
            release(waiting)
            table.remove(slot)
            counters.datagrams &+= 1
            let fragment = packet.pointee
            let notes = packet.pointee.readDatagram(UnsafePointer(datagram).frame, inside: fragment, opening: tunnels)
            if notes.contains(.unopenedTunnel) { counters.unopenedTunnels &+= 1 }
        } while packet.pointee.kind == .fragment || packet.pointee.kind == .firstFragment
        packet.pointee.wireLength = UInt32(clamping: datagram.pointee.sum.wireBytes)
        packet.pointee.ipLength = UInt32(clamping: datagram.pointee.sum.ipBytes)
        counters.outcomes[PacketOutcome.fragment.rawValue] &-= datagram.pointee.sum.fragments &- 1
        return datagram.pointee.sum.fragments
    }

    /// Puts a fragment into its datagram, and gives that if it is whole now.
    private mutating func add(_ packet: UnsafePointer<Packet>, _ piece: UnsafePointer<Datagram>, _ counters: inout Counters) -> Table.Slot? {
        let frame = piece.frame
        expire(at: packet.pointee.timestamp, atMost: Self.expiriesPerFragment, &counters)
        guard let header = FragmentHeader(packet, frame), isPossible(header, isIPv4: packet.pointee.isIPv4, &counters) else { return nil }
        let slot = find(Self.key(packet, header), piece, at: packet.pointee.timestamp, &counters)
        let waiting = table.pointer(to: slot)
        guard !waiting.pointee.isGivenUp else { return nil }
        guard header.payload.upperBound <= Int(frame.pointee.length) else { return giveUp(slot, .cut, &counters) }
        guard waiting.agrees(on: header) else { return giveUp(slot, .overlap, &counters) }
        guard reservePages(slot, header, &counters) else { return nil }

        let fragment = UnsafeRawBufferPointer(start: frame.pointee.bytes + header.payload.lowerBound, count: header.payload.count)
        let overlap = copy(fragment, to: waiting, at: header.offset)
        if overlap.isCopy, packet.pointee.isIPv4 || overlap.isOneFragment {
            counters.fragmentDuplicates &+= 1
        } else if overlap.isAny {
            guard packet.pointee.isIPv4 else { return giveUp(slot, .overlap, &counters) }
            if overlap.differs { counters.fragmentConflicts &+= 1 }
        }
        waiting.pointee.sum.add(piece.pointee.sum)
        if header.offset == 0, !waiting.pointee.hasHeader {
            waiting.keepHeader(UnsafeRawPointer(frame.pointee.bytes + header.network), next: header.transport, isIPv4: packet.pointee.isIPv4)
        }
        return waiting.pointee.count == waiting.pointee.length ? slot : nil
    }

    /// Refuses what can be no part of any datagram; hosts drop such a fragment by itself, and the datagram goes on without it.
    private func isPossible(_ header: FragmentHeader, isIPv4: Bool, _ counters: inout Counters) -> Bool {
        // RFC 8200, section 4.5; RFC 791 has the same unit.
        guard !header.payload.isEmpty, !header.moreFragments || header.payload.count % 8 == 0 else {
            counters.malformedFragments &+= 1
            return false
        }
        let headers = header.optionLength + (isIPv4 ? FragmentHeader.ipv4HeaderLength : 0)
        guard headers + header.offset + header.payload.count <= Self.maxLength else {
            counters.overlongFragments &+= 1
            return false
        }
        return true
    }

    /// Six words as in a flow's key, but directed, and with the identification where the ports are: the same identification in another VLAN, tunnel
    /// or protocol is another datagram. IPv6 names no protocol that would count (RFC 8200, section 4.5).
    private static func key(_ packet: UnsafePointer<Packet>, _ header: FragmentHeader) -> FlowKey {
        let (source, destination) = (packet.pointee.source, packet.pointee.destination)
        let context = packet.pointee.context & ~(0xff << 48)
        let transport = packet.pointee.isIPv4 ? UInt64(header.transport.rawValue) << 48 : 0
        var key = FlowKey()
        let place = UInt64(header.identification) << 32 | UInt64(packet.pointee.vlans)
        key.words = (source.high, source.low, destination.high, destination.low, place, context | transport)
        return key
    }

    /// The fragment's datagram, or a new one.
    private mutating func find(
        _ key: FlowKey, _ piece: UnsafePointer<Datagram>, at time: Timestamp, _ counters: inout Counters
    ) -> Table.Slot {
        let hash = table.hash(of: key)
        if let slot = table.find(key, hash: hash) {
            guard isExpired(slot, at: time) else { return slot }
            giveUp(slot, .timeout, &counters)
        }
        let slot = table.findOrInsert(key, hash: hash, order: Table.Order(0))!.slot
        table[slot].sum.first = piece.pointee.sum.first
        table[slot].sum.last = piece.pointee.sum.last
        if table.isFull, let oldest = table.front() { giveUp(oldest, isExpired(oldest, at: time) ? .timeout : .full, &counters) }
        return slot
    }

    // MARK: Giving up

    private func isExpired(_ slot: Table.Slot, at time: Timestamp) -> Bool { (time.nanoseconds &- table[slot].sum.first).magnitude >= timeout }

    /// Gives up datagrams whose time has passed, the oldest first.
    mutating func expire(at time: Timestamp, atMost limit: Int, _ counters: inout Counters) {
        for _ in 0..<limit {
            guard let slot = table.front(), isExpired(slot, at: time) else { return }
            giveUp(slot, .timeout, &counters)
        }
    }

    /// Gives up all: the run is over.
    mutating func drain(_ counters: inout Counters) {
        while let slot = table.front() { giveUp(slot, .drained, &counters) }
    }

    /// Gives a datagram up; it stays for what still comes of it when that would be as wrong as the rest. Nil, for the caller to return.
    @discardableResult
    private mutating func giveUp(_ slot: Table.Slot, _ reason: DatagramLoss, _ counters: inout Counters) -> Table.Slot? {
        let waiting = table.pointer(to: slot)
        if !waiting.pointee.isGivenUp { counters.datagramLosses[Int(reason.rawValue)] &+= 1 }
        release(waiting)
        waiting.pointee.isGivenUp = true
        if reason != .overlap, reason != .cut { table.remove(slot) }
        return nil
    }

    // MARK: Pages

    /// Sees to it that the datagram has all pages that the fragment needs; false when it was given up for want of them.
    private mutating func reservePages(_ slot: Table.Slot, _ header: FragmentHeader, _ counters: inout Counters) -> Bool {
        let waiting = table.pointer(to: slot)
        for place in header.offset / Self.pageSize...(header.offset + header.payload.count - 1) / Self.pageSize where waiting.pointee.pages[place] == 0 {
            while free == 0, used == pageCount {
                guard let oldest = table.front() else { return false }
                giveUp(oldest, .full, &counters)
                if oldest == slot { return false }
            }
            var page = free
            if page == 0 {
                used &+= 1
                page = used
            } else {
                free = pages[Int(page)].next
                pages[Int(page)] = Page(present: InlineArray(repeating: 0), starts: InlineArray(repeating: 0), next: 0)
            }
            waiting.pointee.pages[place] = page
            heldPages &+= 1
        }
        counters.fragmentsPeak = max(counters.fragmentsPeak, UInt64(heldPages * Self.pageSize))
        return true
    }

    private mutating func release(_ waiting: UnsafeMutablePointer<Waiting>) {
        for place in 0..<32 where waiting.pointee.pages[place] != 0 {
            let page = waiting.pointee.pages[place]
            pages[Int(page)].next = free
            free = page
            waiting.pointee.pages[place] = 0
            heldPages &-= 1
        }
    }

    // MARK: Whole datagrams

    /// The datagram in one piece: an IP header without options or extension headers before the fragment header, and the payload.
    private func assemble(_ waiting: UnsafeMutablePointer<Waiting>, isIPv4: Bool, at place: Int, _ time: Timestamp) -> Frame {
        let start = datagramMemory.start + place * Self.datagramRoom
        let length = Int(waiting.pointee.length)
        let headerLength = waiting.writeHeader(to: start, isIPv4: isIPv4)
        for offset in stride(from: 0, to: length, by: Self.pageSize) {
            let page = bytes + Int(waiting.pointee.pages[offset / Self.pageSize]) * Self.pageSize
            (start + headerLength + offset).copyMemory(from: page, byteCount: min(Self.pageSize, length - offset))
        }
        let count = UInt32(headerLength + length)
        return Frame(bytes: start, timestamp: time, length: count, wireLength: count, linkType: .raw)
    }
}
