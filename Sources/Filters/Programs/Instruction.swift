import Packets

/// One test of a program, in one cache line: a flow's protocol first, which most tests begin with, then what `kind` says.
///
///      0                 16                          24       32                     64
///     +-----------------+---------------------------+--------+----------------------+
///     | protocol: mask, | kind, side, polarity,     | onYes, | address: mask, value |
///     |          value  | service, numbers          | onNo   |                      |
///     +-----------------+---------------------------+--------+----------------------+
struct Instruction {
    var protocols: ProtocolMask
    var kind = Kind.protocols
    var side = Side.either
    /// Whether an answer of yes speaks against the filter: the test stands below an odd number of `not`s.
    var isNegated = false
    var service = Service.none
    /// The range of ports or VLAN ids: its lower bound, and how far above that it goes.
    var lowerBound: UInt16 = 0
    var span: UInt16 = 0
    var onYes: Target
    var onNo: Target
    var highMask: UInt64 = 0
    var lowMask: UInt64 = 0
    var high: UInt64 = 0
    var low: UInt64 = 0

    /// Its table, kept alive by the program.
    @inline(__always)
    func table<Table: AnyObject>(_ type: Table.Type) -> Unmanaged<Table> {
        Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: UInt(low)).unsafelyUnwrapped)
    }

    enum Kind: UInt8 {
        case protocols, port, ipv4Address, ipv6Address, vlan, service, arp
        /// A `PortTable`, `AddressTable` or `PacketTest`, at the address that `low` is.
        case portSet, addressSet, packet
        /// The answer is found out by others, and `low` is its number.
        case fact
        /// Not to be answered here.
        case open
    }

    /// Whether the answer follows at once. It is never the same for yes and no.
    @inline(__always)
    var isLast: Bool { onYes.isAnswer && onNo.isAnswer }

    /// Where an open question leads when it is decided for the filter, or against it.
    @inline(__always)
    func onUnknown(inFavour: Bool) -> Target { inFavour != isNegated ? onYes : onNo }
}

/// Which flows' IP version and protocol fit: bits of a flow key's word 5.
struct ProtocolMask: Equatable {
    var mask: UInt64 = 0
    var value: UInt64 = 0

    static let any = ProtocolMask()
    static func ipVersion(_ version: UInt8) -> Self { Self(mask: 0xff << 56, value: UInt64(version) << 56) }
    static func transport(_ transport: TransportProtocol) -> Self { Self(mask: 0xff << 48, value: UInt64(transport.rawValue) << 48) }

    /// Nil when no flow fits both.
    func and(_ other: Self) -> Self? {
        (value ^ other.value) & mask & other.mask == 0 ? Self(mask: mask | other.mask, value: value | other.value) : nil
    }

    /// What fits either of them fits this.
    func or(_ other: Self) -> Self {
        let common = mask & other.mask & ~(value ^ other.value)
        return Self(mask: common, value: value & common)
    }

    @inline(__always)
    func fits(_ context: UInt64) -> Bool { context & mask == value }
}

extension UnsafePointer<Instruction> {
    @inline(__always)
    func test<Subject: FilterSubject>(
        _ subject: UnsafePointer<Subject>, _ source: Endpoint?, _ service: Service?, _ facts: UnsafePointer<Match>?
    ) -> Match {
        guard pointee.protocols.fits(subject.pointee.context) else { return .no }
        switch pointee.kind {
        case .protocols:
            return .yes
        case .port:
            guard subject.pointee.isFlow else { return .no }
            let ports = subject.pointee.portsOfEnds
            return oneOrBoth(contains(ports.a), contains(ports.b), source)
        case .ipv4Address:
            let ends = subject.pointee.ipv4Ends
            return oneOrBoth((ends.a ^ pointee.low) & pointee.lowMask == 0, (ends.b ^ pointee.low) & pointee.lowMask == 0, source)
        case .ipv6Address:
            let ends = subject.pointee.ipv6Ends
            return oneOrBoth(containsAddress(ends.a), containsAddress(ends.b), source)
        case .vlan:
            let vlans = subject.pointee.vlanIDs
            return contains(vlans.outer) || contains(vlans.inner) ? .yes : .no
        case .service:
            return testService(subject, service)
        case .arp:
            return subject.pointee.isARP ? .yes : .no
        case .portSet:
            guard subject.pointee.isFlow else { return .no }
            let ports = subject.pointee.portsOfEnds
            return pointee.table(PortTable.self)._withUnsafeGuaranteedRef { oneOrBoth($0.contains(ports.a), $0.contains(ports.b), source) }
        case .addressSet:
            return pointee.table(AddressTable.self)._withUnsafeGuaranteedRef { table in
                if subject.pointee.context >> 56 == 4 {
                    let ends = subject.pointee.ipv4Ends
                    return oneOrBoth(table.contains(ipv4: ends.a), table.contains(ipv4: ends.b), source)
                }
                let ends = subject.pointee.ipv6Ends
                return oneOrBoth(table.contains(ipv6: ends.a), table.contains(ipv6: ends.b), source)
            }
        case .packet:
            return pointee.table(PacketTest.self)._withUnsafeGuaranteedRef { subject.pointee.answer($0) }
        case .fact:
            return facts.map { $0[Int(pointee.low)] } ?? .unknown
        case .open:
            return .unknown
        }
    }

    /// The answer of a port test for either end, for what fits its protocols.
    @inline(__always)
    func testPort<Subject: FilterSubject>(_ subject: UnsafePointer<Subject>) -> Match {
        guard subject.pointee.isFlow else { return .no }
        let ports = subject.pointee.portsOfEnds
        return contains(ports.a) || contains(ports.b) ? .yes : .no
    }

    @inline(__always)
    func testService<Subject: FilterSubject>(_ subject: UnsafePointer<Subject>, _ service: Service?) -> Match {
        guard subject.pointee.isFlow else { return .no }
        guard let service else { return .unknown }
        return service == pointee.service ? .yes : .no
    }

    /// Whether a number lies in the instruction's range.
    @inline(__always)
    private func contains(_ number: UInt16) -> Bool { number &- pointee.lowerBound <= pointee.span }

    @inline(__always)
    private func containsAddress(_ address: (UInt64, UInt64)) -> Bool {
        (address.0 ^ pointee.high) & pointee.highMask | (address.1 ^ pointee.low) & pointee.lowMask == 0
    }

    /// The answer from those for the key's two endpoints.
    @inline(__always)
    private func oneOrBoth(_ a: Bool, _ b: Bool, _ source: Endpoint?) -> Match {
        if pointee.side == .either { return a || b ? .yes : .no }
        guard let source else { return a == b ? (a ? .yes : .no) : .unknown }
        return (source == .a) == (pointee.side == .source) ? (a ? .yes : .no) : (b ? .yes : .no)
    }
}
