import Filters

/// Objects by number, for use on the packet path: reading an element of an array of references would count references for each packet.
struct ObjectList<Object: AnyObject>: ~Copyable {
    let objects: [Object]
    private let references: UncountedReferences
    let count: Int

    init(_ objects: [Object]) {
        self.objects = objects
        references = UncountedReferences(objects)
        count = objects.count
    }

    /// Calls one of them, without a reference counted.
    @inline(__always)
    func with<Answer>(_ number: Int, _ body: (Object) -> Answer) -> Answer {
        references.start[number]._withUnsafeGuaranteedRef { body(unsafeDowncast($0, to: Object.self)) }
    }
}

/// The array of references. Not generic, for its `deinit` must run (swiftlang/swift #89686).
private struct UncountedReferences: ~Copyable {
    let start: UnsafeMutablePointer<Unmanaged<AnyObject>>

    init(_ objects: [some AnyObject]) {
        start = .allocate(capacity: max(1, objects.count))
        for (number, object) in objects.enumerated() { (start + number).initialize(to: .passUnretained(object)) }
    }

    deinit { start.deallocate() }
}

typealias SubscriberList = ObjectList<Subscriber>
