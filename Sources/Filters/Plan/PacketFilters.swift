import Packets

/// The filters of subscriptions that want single packets, whatever connection they belong to.
///
/// Few are asked one after the other. Of many, those that may want a packet are found by its ports and addresses, and by its protocol those for which
/// there are none.
public final class PacketFilters {
    private let programs: UnsafeMutablePointer<FilterProgram>
    private let count: Int
    /// What finds those to be asked; nil where all are.
    private let many: ManyPacketFilters?
    private let manyReference: Unmanaged<ManyPacketFilters>?

    public init(_ filters: [Filter]) {
        count = filters.count
        programs = .allocate(capacity: max(1, count))
        for (number, filter) in filters.enumerated() { (programs + number).initialize(to: FilterProgram(filter)) }
        many = count > FilterPlan.few ? ManyPacketFilters(filters, programs) : nil
        manyReference = many.map { .passUnretained($0) }
    }

    deinit { programs.deinitialize(count: count).deallocate() }

    /// Whether they are so many that `matches(_:)` finds them sooner than `matches(_:_:)` one by one.
    public var areMany: Bool { manyReference != nil }

    /// Whether a filter lets a packet pass. What a packet alone cannot tell is no reason to keep it back.
    public func matches(_ number: Int, _ packet: FramedPacket) -> Bool {
        withUnsafePointer(to: packet) { programs[number].match($0, source: .a, service: nil) != .no }
    }

    /// The packets of a burst that a filter lets pass: a bit each.
    ///
    /// - Parameter count: 1...64.
    public func matches(_ number: Int, _ packets: UnsafePointer<Packet>, _ frames: UnsafePointer<Frame>, _ count: Int) -> UInt64 {
        let all = UInt64.max >> UInt64(64 - count)
        if programs[number].isEverything { return all }
        var passed: UInt64 = 0
        for place in 0..<count where matches(number, FramedPacket(packets + place, frames + place)) { passed |= 1 << UInt64(place) }
        return passed
    }

    /// The filters that let a packet pass, where they are many; nil where there is none. Good until the next packet.
    public func matches(_ packet: FramedPacket) -> MemberSet? {
        guard let manyReference else { return nil }
        return manyReference._withUnsafeGuaranteedRef { many in withUnsafePointer(to: packet) { many.matches($0) } }
    }
}

private final class ManyPacketFilters {
    /// Whose programs they are keeps them alive.
    private let programs: UnsafePointer<FilterProgram>
    private let index: MemberIndex
    private let indexReference: Unmanaged<MemberIndex>
    /// Those that no port or address finds: by `ProtocolClass` the class of those that may want such a packet.
    private let walkersByProtocol: UnsafeMutablePointer<UInt32>
    private let walkers: MemberClasses
    private let walkersReference: Unmanaged<MemberClasses>
    private let chosen: MemberSet

    init(_ filters: [Filter], _ programs: UnsafePointer<FilterProgram>) {
        self.programs = programs
        index = MemberIndex(filters.enumerated().map { (number: $0.offset, filter: $0.element) })
        indexReference = .passUnretained(index)
        chosen = .allocate(wordCount: MemberSet.wordCount(of: filters.count))
        walkersByProtocol = .allocate(capacity: ProtocolClass.count)
        var builder = MemberClassBuilder()
        for number in 0..<ProtocolClass.count {
            let context = ProtocolClass(number).context
            let members = index.walkers.filter { programs[$0].canWant(context) }.map(Int32.init)
            (walkersByProtocol + number).initialize(to: builder.number(of: members))
        }
        walkers = builder.classes
        walkersReference = .passUnretained(walkers)
    }

    deinit {
        chosen.deallocate()
        walkersByProtocol.deallocate()
    }

    func matches(_ packet: UnsafePointer<FramedPacket>) -> MemberSet? {
        var isEmpty = true
        func ask(_ number: Int) {
            guard programs[number].match(packet, source: .a, service: nil) != .no else { return }
            // Most packets nobody wants, and nothing is cleared for them.
            if isEmpty { chosen.removeAll() }
            isEmpty = false
            chosen.insert(number)
        }
        let mayWant = walkersByProtocol[ProtocolClass(packet.pointee.context).number]
        if mayWant != 0 { walkersReference._withUnsafeGuaranteedRef { for number in $0[mayWant] { ask(Int(number)) } } }
        _ = indexReference._withUnsafeGuaranteedRef { index in
            index.anyCandidate(packet) { number in
                ask(number)
                return false
            }
        }
        return isEmpty ? nil : chosen
    }
}
