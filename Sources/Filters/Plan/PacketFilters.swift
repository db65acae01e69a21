/// The filters of subscriptions that want single packets, whatever connection they belong to.
public final class PacketFilters {
    private let programs: UnsafeMutablePointer<FilterProgram>
    private let count: Int

    public init(_ filters: [Filter]) {
        count = filters.count
        programs = .allocate(capacity: max(1, count))
        for (number, filter) in filters.enumerated() { (programs + number).initialize(to: FilterProgram(filter)) }
    }

    deinit { programs.deinitialize(count: count).deallocate() }

    /// Whether a filter lets a packet pass. What a packet alone cannot tell is no reason to keep it back.
    public func matches(_ number: Int, _ packet: FramedPacket) -> Bool {
        withUnsafePointer(to: packet) { programs[number].match($0, source: .a, service: nil) != .no }
    }
}
