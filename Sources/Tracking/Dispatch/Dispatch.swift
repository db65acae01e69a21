/// On which core a subscription's callbacks run.
///
/// Callbacks that look something up, search whole bodies or ask a model take longer than a packet may. Such a subscription asks for another core: what it is
/// to be told goes there through a ring, one for each core that captures, and the capturing core never waits for it. The price is a copy of what is told, and
/// that things can get lost when the ring is full; see `DispatchedSubscriber`.
public enum Dispatch: Equatable, Sendable {
    /// On the core that polled the packet.
    case inline
    /// On another core. So many bytes may be on their way there, from each core that captures; rounded up to a power of two.
    case otherCore(ring: Int = Dispatch.ringSize)

    /// The default: some thousand sessions or full packets.
    public static var ringSize: Int { 8 << 20 }
    /// In the smallest the longest frame finds room.
    public static var ringSizes: ClosedRange<Int> { 256 << 10...1 << 36 }
}
