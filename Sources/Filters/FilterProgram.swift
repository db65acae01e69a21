import Packets

/// A filter made ready for the packet path: a match allocates nothing, counts no references and calls through no pointer.
///
/// The filter becomes a graph of tests, each of which names the next test for either answer, as in BPF: `tcp.port == 443`
/// is one test, and whatever is decided early ends early. Tests may also have no answer yet. Kleene's connectives are
/// monotone (minimum and maximum of no < unknown < yes), so the three-valued answer follows from two walks of two values:
/// one where every open question goes in the filter's favour, one where it goes against it. If they agree, that is the
/// answer. They part at the first open question; before it, and when there is none, one walk is both.
public struct FilterProgram: ~Copyable, @unchecked Sendable {
    private let instructions: UnsafeMutablePointer<Instruction>
    private let start: Target
    /// Whether the answer is yes whatever comes.
    public var isEverything: Bool { start == .yes }
    /// Whether the answer is no whatever comes.
    public var isNothing: Bool { start == .no }

    public init(_ filter: Filter) {
        var compiler = FilterCompiler()
        start = compiler.compile(filter)
        instructions = .allocate(capacity: max(1, compiler.instructions.count))
        instructions.initialize(from: compiler.instructions, count: compiler.instructions.count)
    }

    deinit {
        instructions.deallocate()
    }

    /// What the filter says of a packet: `match(&packet, …)`.
    ///
    /// - `source`: the endpoint that counts as the source; nil asks for both directions at once, and what holds for one of
    ///   them only is unknown. For a packet by itself it is the packet's sender.
    /// - `service`: the connection's application protocol; nil while it is not known, which matters to TCP only.
    ///
    /// A packet that is not IP, or whose headers do not hold together, is matched by `everything`, `arp` and negations; a
    /// fragment by these and by its addresses and protocol, never by a port or service.
    @inline(__always)
    public func match(_ packet: UnsafePointer<Packet>, source: Endpoint?, service: Service?) -> Match {
        walk(FilterSubject(packet), source, service)
    }

    /// What the filter says of a connection, by its key.
    @inline(__always)
    public func match(_ key: UnsafePointer<FlowKey>, source: Endpoint?, service: Service?) -> Match {
        walk(FilterSubject(key), source, service)
    }

    @inline(__always)
    private func walk(_ subject: FilterSubject, _ source: Endpoint?, _ service: Service?) -> Match {
        var target = start
        while !target.isAnswer {
            let instruction = UnsafePointer(instructions + target.index)
            switch instruction.test(subject, source, service) {
            case .yes: target = instruction.pointee.onYes
            case .no: target = instruction.pointee.onNo
            case .unknown: return walkBothWays(from: instruction, subject, source, service)
            }
        }
        return target == .yes ? .yes : .no
    }

    @inline(never)
    private func walkBothWays(
        from instruction: UnsafePointer<Instruction>, _ subject: FilterSubject, _ source: Endpoint?, _ service: Service?
    ) -> Match {
        func answer(inFavour: Bool) -> Target {
            var target = instruction.pointee.onUnknown(inFavour: inFavour)
            while !target.isAnswer {
                let instruction = UnsafePointer(instructions + target.index)
                switch instruction.test(subject, source, service) {
                case .yes: target = instruction.pointee.onYes
                case .no: target = instruction.pointee.onNo
                case .unknown: target = instruction.pointee.onUnknown(inFavour: inFavour)
                }
            }
            return target
        }
        if answer(inFavour: true) == .no { return .no }
        return answer(inFavour: false) == .yes ? .yes : .unknown
    }
}

/// Where a program goes on: at an instruction, or with the answer.
struct Target: Equatable {
    private let rawValue: Int32

    private init(rawValue: Int32) { self.rawValue = rawValue }
    init(index: Int) { rawValue = Int32(index) }

    static let yes = Target(rawValue: -1)
    static let no = Target(rawValue: -2)

    @inline(__always) var isAnswer: Bool { rawValue < 0 }
    /// Of an instruction.
    @inline(__always) var index: Int { Int(rawValue) }
}
