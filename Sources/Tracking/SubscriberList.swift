import Filters

/// A core's subscribers by number, for use on the packet path: reading an element of an array of references would count references
/// for each packet.
struct SubscriberList: ~Copyable {
    private let owners: [Subscriber]
    private let references: UnsafeMutablePointer<Unmanaged<Subscriber>>
    /// Each one's filter program, side by side.
    private let programs: UnsafeMutablePointer<UnsafePointer<FilterProgram>>
    let count: Int

    init(_ subscribers: [Subscriber]) {
        owners = subscribers
        count = subscribers.count
        references = .allocate(capacity: max(1, count))
        programs = .allocate(capacity: max(1, count))
        for (number, subscriber) in subscribers.enumerated() {
            references[number] = .passUnretained(subscriber)
            programs[number] = subscriber.program
        }
    }

    deinit {
        references.deallocate()
        programs.deallocate()
    }

    /// Calls one of them, without a reference counted.
    @inline(__always)
    func with<Answer>(_ number: Int, _ body: (Subscriber) -> Answer) -> Answer { references[number]._withUnsafeGuaranteedRef(body) }

    @inline(__always)
    func program(_ number: Int) -> UnsafePointer<FilterProgram> { programs[number] }
}
