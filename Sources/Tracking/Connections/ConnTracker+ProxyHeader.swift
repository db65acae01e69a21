import Packets
import Protocols

/// What a side's stream begins with may be a proxy's header, before anybody's protocol. It may come in pieces: until it is whole a connection's word of
/// candidates, which nobody needs before that, has what is known of it.
extension ConnTracker {
    @inline(__always)
    mutating func mayBeProxied(_ bytes: RawSpan, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) -> Bool {
        let seen = side(of: direction, connection).pointee.seen
        return !seen.contains(.probed) && (ProxyHeader.mayBegin(bytes) || seen.contains(.proxyHeader))
    }

    @inline(never)
    mutating func parseBehindProxy(_ bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        let side = side(of: direction, connection)
        var search = side.pointee.seen.contains(.proxyHeader) ? ProxyHeaderSearch(word: tentative(index).pointee) : ProxyHeaderSearch()
        let answer = search.advance(over: bytes)
        side.pointee.seen.remove(.proxyHeader)
        switch answer {
        case .more:
            side.pointee.seen.insert(.proxyHeader)
            tentative(index).pointee = search.word
            countProbe(index, connection)
        case .whole(bytes.byteCount): countProbe(index, connection)
        case .whole(let end): begin(with: bytes.extracting(end...), index, connection, direction)
        case .none(before: 0): begin(with: bytes, index, connection, direction)
        case .none(let before):
            // What came before is as it was told then: the stream's beginning, in a piece of its own.
            let opening = search.opening(before)
            begin(with: opening.span.bytes, index, connection, direction)
            parse(bytes, index, connection, direction)
        }
    }

    /// Asks whose a stream is that begins so, and gives it to them.
    private mutating func begin(with bytes: RawSpan, _ index: Int, _ connection: UnsafeMutablePointer<Connection>, _ direction: Direction) {
        probe(bytes, index, connection, direction)
        give(bytes, index, connection, direction)
    }
}
