/// Bytes of a stream came twice and were not the same: a broken host, or somebody who means to hide something from whoever reads along.
///
/// Held bytes are compared one by one. Of bytes already given out only hashes are kept, of the last four segments a direction: a repeat that begins
/// where one of them began is compared with it in full if it is as long or longer, else by its first sixteen bytes. Other repeats are not compared.
public struct StreamConflict: Equatable, Sendable {
    /// Where the overlap begins: bytes from the stream's first.
    public var offset: Int
    /// Bytes that overlap; not all of them need differ.
    public var byteCount: Int
    /// Whose bytes the stream has.
    public var kept: Copy

    public enum Copy: Sendable {
        /// Those that came first.
        case earlier
        case later
    }
}
