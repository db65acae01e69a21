import Packets

/// A filter made ready for the packet path: a match allocates nothing, counts no references and calls through no pointer.
///
/// The filter becomes a graph of tests, each of which names the next test for either answer, as in BPF: `tcp.port == 443`
/// is one test, and whatever is decided early ends early. Tests may also have no answer yet. Kleene's connectives are
/// monotone (minimum and maximum of no < unknown < yes), so the three-valued answer follows from two walks of two values:
/// one where every open question goes in the filter's favour, one where it goes against it. If they agree, that is the
/// answer. They part at the first open question; before it, and when there is none, one walk is both.
public struct FilterProgram: ~Copyable, @unchecked Sendable {
    /// Protocols without which the answer is no: most packets that a filter does not want go no further.
    private let required: ProtocolMask
    /// Where it goes on when they fit.
    private let start: Target
    private let remainder: Remainder
    private let instructions: UnsafeMutablePointer<Instruction>
    private let count: Int
    /// Kept for the instructions.
    private let tables: ProgramTables

    /// Whether the answer is yes whatever comes.
    public var isEverything: Bool { start == .yes && required == .any }
    /// Whether the answer is no whatever comes.
    public var isNothing: Bool { start == .no }

    /// Whether the answer is the same for all packets of a flow, of either way, where no source is named and no facts are known.
    let asksFlowsAlone: Bool

    /// Whether the answer may be other than no for what is of this IP version and protocol.
    /// - Parameter context: a flow key's word 5.
    func canWant(_ context: UInt64) -> Bool { start != .no && required.fits(context) }

    public init(_ filter: Filter) {
        var compiler = FilterCompiler()
        start = compiler.compile(filter)
        required = compiler.required
        remainder = compiler.remainder
        tables = compiler.tables
        let code = compiler.instructions
        count = code.count
        asksFlowsAlone = !code.contains { $0.kind == .packet }
        instructions = UnsafeMutableRawPointer.allocate(byteCount: max(1, code.count) * MemoryLayout<Instruction>.stride, alignment: 64)
            .bindMemory(to: Instruction.self, capacity: code.count)
        instructions.initialize(from: code, count: code.count)
    }

    deinit {
        instructions.deallocate()
    }

    /// What the filter says of a packet, or of a connection by its key: `match(&packet, …)`.
    ///
    /// - `source`: the endpoint that counts as the source; nil asks for both directions at once, and what holds for one of
    ///   them only is unknown. For a packet by itself it is the packet's sender.
    /// - `service`: the connection's application protocol; nil while it is not known, which matters to TCP only.
    /// - `facts`: answers by number to what a plan has found out about the connection.
    ///
    /// A packet that is not IP, or whose headers do not hold together, is matched by `everything`, `arp` and negations; a
    /// fragment by these and by its addresses, protocol and VLANs, never by a port or service.
    ///
    /// Takes a pointer so that nothing is copied, and is generic so that it is compiled into its callers' modules:
    /// cross-module optimisation leaves out functions of this size that are not.
    @inline(__always)
    public func match<Subject: FilterSubject>(
        _ subject: UnsafePointer<Subject>, source: Endpoint?, service: Service?, facts: UnsafePointer<Match>? = nil
    ) -> Match {
        guard required.fits(subject.pointee.context) else { return .no }
        if start.isAnswer { return start.answer }
        switch remainder {
        case .port: return UnsafePointer(instructions).testPort(subject)
        case .service: return UnsafePointer(instructions).testService(subject, service)
        case .services: return Self.testServices(instructions, count: count, subject, service)
        case .walk: return Self.walk(instructions, from: start, subject, source, service, facts)
        }
    }

    /// As `walk` would, of tests that follow each other and of which one must say yes. Not inlined: the packet path's loop is full.
    @inline(never)
    private static func testServices<Subject: FilterSubject>(
        _ instructions: UnsafePointer<Instruction>, count: Int, _ subject: UnsafePointer<Subject>, _ service: Service?
    ) -> Match {
        var answer = Match.no
        for place in 0..<count where instructions[place].protocols.fits(subject.pointee.context) {
            switch (instructions + place).testService(subject, service) {
            case .yes: return .yes
            case .unknown: answer = .unknown
            case .no: break
            }
        }
        return answer
    }

    // Static, so that a call passes the instructions alone and not the program, field by field.

    @inline(never)
    private static func walk<Subject: FilterSubject>(
        _ instructions: UnsafePointer<Instruction>, from start: Target, _ subject: UnsafePointer<Subject>, _ source: Endpoint?, _ service: Service?,
        _ facts: UnsafePointer<Match>?
    ) -> Match {
        let open = firstOpen(instructions, from: start, subject, source, service, facts)
        if open.isAnswer { return open.answer }
        return open.instruction(in: instructions).pointee.isLast ? .unknown : walkBothWays(instructions, from: open, subject, source, service, facts)
    }

    @inline(never)
    private static func walkBothWays<Subject: FilterSubject>(
        _ instructions: UnsafePointer<Instruction>, from start: Target, _ subject: UnsafePointer<Subject>, _ source: Endpoint?, _ service: Service?,
        _ facts: UnsafePointer<Match>?
    ) -> Match {
        func answer(inFavour: Bool) -> Match {
            var target = start
            while !target.isAnswer {
                let decided = target.instruction(in: instructions).pointee.onUnknown(inFavour: inFavour)
                target = firstOpen(instructions, from: decided, subject, source, service, facts)
            }
            return target.answer
        }
        if answer(inFavour: true) == .no { return .no }
        return answer(inFavour: false) == .yes ? .yes : .unknown
    }

    /// The first test on the way that has no answer yet, or where the way ends.
    @inline(__always)
    private static func firstOpen<Subject: FilterSubject>(
        _ instructions: UnsafePointer<Instruction>, from start: Target, _ subject: UnsafePointer<Subject>, _ source: Endpoint?, _ service: Service?,
        _ facts: UnsafePointer<Match>?
    ) -> Target {
        var target = start
        while !target.isAnswer {
            let instruction = target.instruction(in: instructions)
            switch instruction.test(subject, source, service, facts) {
            case .yes: target = instruction.pointee.onYes
            case .no: target = instruction.pointee.onNo
            case .unknown: return target
            }
        }
        return target
    }
}

/// What there is to do when the protocols fit and are not the answer. Single tests are compiled into the caller.
enum Remainder: UInt8 {
    /// One test of either port: `tcp.port == 443`.
    case port
    /// One test of the service: `tls`.
    case service
    /// Several, or for several transports: `dns`, `tls or ssh`.
    case services
    case walk
}

/// Where a program goes on: at an instruction, or with the answer.
struct Target: Equatable {
    /// Of an instruction: its offset in bytes.
    private let rawValue: Int32

    private init(rawValue: Int32) { self.rawValue = rawValue }
    init(index: Int) { rawValue = Int32(index * MemoryLayout<Instruction>.stride) }

    static let yes = Target(rawValue: -1)
    static let no = Target(rawValue: -2)

    @inline(__always) var isAnswer: Bool { rawValue < 0 }
    /// Of an answer.
    @inline(__always) var answer: Match { self == .yes ? .yes : .no }

    @inline(__always)
    func instruction(in instructions: UnsafePointer<Instruction>) -> UnsafePointer<Instruction> {
        UnsafeRawPointer(instructions).advanced(by: Int(rawValue)).assumingMemoryBound(to: Instruction.self)
    }
}
