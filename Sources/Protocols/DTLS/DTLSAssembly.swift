import Packets

/// Puts one message together again from its fragments, which may come late, doubled, overlapping, and cut anew when they are sent again.
struct DTLSAssembly {
    /// The longest hello that is kept. Nobody sends half of that over UDP.
    static let longest = 1 << 14
    /// Pieces apart from each other, at most; further ones are dropped, and come again. Every second one of 64 KiB of certificates in common datagrams.
    static let mostPieces = 32

    var sender: Direction
    let type: UInt8
    let sequence: UInt16
    private var body: [UInt8]
    /// What has come: ascending, and with room between them.
    private var pieces: [Range<Int>] = []

    /// - Parameter length: at most `longest`, and of certificates what is kept of them.
    init(_ sender: Direction, type: UInt8, sequence: UInt16, length: Int) {
        (self.sender, self.type, self.sequence) = (sender, type, sequence)
        body = [UInt8](repeating: 0, count: length)
    }

    var byteCount: Int { body.count }

    /// Whether a fragment may be one of the message's.
    func fits(_ fragment: borrowing DTLSFragment) -> Bool { fragment.type == type && fragment.sequence == sequence && fragment.length == body.count }

    /// Takes a fragment that fits; the message when it was the last, of which the first bytes to come are kept.
    mutating func take(_ fragment: borrowing DTLSFragment) -> [UInt8]? {
        let range = fragment.offset..<fragment.offset + fragment.bytes.byteCount
        guard pieces.count < Self.mostPieces || pieces.contains(where: { $0.lowerBound <= range.upperBound && range.lowerBound <= $0.upperBound }) else {
            return nil
        }
        let bytes = fragment.bytes.copied
        var place = range.lowerBound
        var merged = range
        var others: [Range<Int>] = []
        for piece in pieces {
            guard piece.lowerBound <= range.upperBound, range.lowerBound <= piece.upperBound else {
                others.append(piece)
                continue
            }
            fill(place..<max(place, min(piece.lowerBound, range.upperBound)), bytes, from: range.lowerBound)
            place = max(place, piece.upperBound)
            merged = min(merged.lowerBound, piece.lowerBound)..<max(merged.upperBound, piece.upperBound)
        }
        fill(place..<max(place, range.upperBound), bytes, from: range.lowerBound)
        others.append(merged)
        pieces = others.sorted { $0.lowerBound < $1.lowerBound }
        return merged == 0..<body.count ? body : nil
    }

    private mutating func fill(_ range: Range<Int>, _ bytes: [UInt8], from start: Int) {
        for place in range where place - start < bytes.count { body[place] = bytes[place - start] }
    }
}
