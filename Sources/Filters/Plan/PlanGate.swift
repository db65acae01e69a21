import Packets

/// Whether a packet is worth tracking: all filters of a plan together, asked at the packet stage, where facts are not known.
///
/// Few filters are asked one after the other. Of many, those that hang on protocols alone are one look at a table, and the rest is found by ports and
/// addresses. Plain pointers, so that copying it costs nothing; the plan keeps what they point to.
public struct PlanGate: @unchecked Sendable {
    /// One filter that wants everything stands alone; none is one that wants nothing.
    private let first: UnsafePointer<FilterProgram>
    private let hasMore: Bool
    /// Whether it is open for all packets of a flow or for none.
    public let asksFlowsAlone: Bool
    private let table: Unmanaged<GateTable>

    init(_ gate: GateTable) {
        first = gate.asked[0]
        hasMore = gate.askedCount > 1 || gate.index != nil
        asksFlowsAlone = gate.asksFlowsAlone
        table = .passUnretained(gate)
    }

    // Generic, so that it is compiled into its caller's module, as `FilterProgram.match` is.
    @inline(__always)
    public func opens<Subject: FilterSubject>(for packet: UnsafePointer<Subject>) -> Bool {
        if first.pointee.match(packet, source: nil, service: nil) != .no { return true }
        return hasMore && opensForOthers(packet)
    }

    @inline(never)
    private func opensForOthers<Subject: FilterSubject>(_ packet: UnsafePointer<Subject>) -> Bool {
        table._withUnsafeGuaranteedRef { $0.opensForOthers(packet) }
    }
}

/// What a gate points to.
final class GateTable {
    /// Those to be asked one after the other, at least one.
    fileprivate let asked: UnsafeMutablePointer<UnsafePointer<FilterProgram>>
    fileprivate let askedCount: Int
    fileprivate let asksFlowsAlone: Bool
    private let nothing: UnsafeMutablePointer<FilterProgram>
    /// The plan's.
    fileprivate let index: Unmanaged<MemberIndex>?
    private let programs: UnsafePointer<FilterProgram>
    /// Whether one of those that hang on protocols alone may want it, by `ProtocolClass`.
    private let isOpen: UnsafeMutablePointer<Bool>

    /// - Parameters:
    ///   - index: nil when all are to be asked.
    ///   - isOpen: by protocol class, where there is an index.
    init(_ programs: UnsafePointer<FilterProgram>, count: Int, index: MemberIndex?, isOpen open: (ProtocolClass) -> Bool) {
        self.programs = programs
        self.index = index.map { .passUnretained($0) }
        asksFlowsAlone = (0..<count).allSatisfy { programs[$0].asksFlowsAlone }
        nothing = .allocate(capacity: 1)
        nothing.initialize(to: FilterProgram(.nothing))
        isOpen = .allocate(capacity: ProtocolClass.count)
        for number in 0..<ProtocolClass.count { (isOpen + number).initialize(to: index != nil && open(ProtocolClass(number))) }
        let all = index.map { $0.walkers.map { programs + $0 } } ?? (0..<count).map { programs + $0 }
        var asked = all.first { $0.pointee.isEverything }.map { [$0] } ?? all
        if asked.isEmpty { asked = [UnsafePointer(nothing)] }
        self.asked = .allocate(capacity: asked.count)
        self.asked.initialize(from: asked, count: asked.count)
        askedCount = asked.count
    }

    deinit {
        nothing.deinitialize(count: 1)
        nothing.deallocate()
        asked.deallocate()
        isOpen.deallocate()
    }

    /// After the first has been asked.
    fileprivate func opensForOthers<Subject: FilterSubject>(_ packet: UnsafePointer<Subject>) -> Bool {
        if index != nil, isOpen[ProtocolClass(packet.pointee.context).number] { return true }
        for number in 1..<askedCount where asked[number].pointee.match(packet, source: nil, service: nil) != .no { return true }
        guard let index else { return false }
        return index._withUnsafeGuaranteedRef { $0.anyCandidate(packet) { programs[$0].match(packet, source: nil, service: nil) != .no } }
    }
}

/// IP version and protocol, as a number: 0 for what is not IP.
struct ProtocolClass: Hashable {
    static let count = 513
    let number: Int

    init(_ number: Int) { self.number = number }

    /// - Parameter context: a flow key's word 5.
    @inline(__always)
    init(_ context: UInt64) {
        let version = context >> 56
        number = version == 0 ? 0 : 1 + Int(context >> 48 & 0xff) + (version == 6 ? 256 : 0)
    }

    /// A flow key's word 5 of such a flow.
    var context: UInt64 {
        number == 0 ? 0 : UInt64(number > 256 ? 6 : 4) << 56 | UInt64((number - 1) & 0xff) << 48
    }
}
