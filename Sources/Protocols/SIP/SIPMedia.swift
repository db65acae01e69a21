import Packets

/// A stream that a session description offers or takes, RFC 8866 5.14: an `m=` line, and the address of the `c=` line that holds for it. Nothing else of a
/// description is kept: keys may stand in it.
public struct SIPMedia: Equatable, Sendable {
    public enum Kind: UInt8, Sendable {
        case audio, video, text, application, message, image, other
    }

    public let kind: Kind
    /// Where its sender wants to get it; nil for what is no address, which may be a name.
    public internal(set) var address: IPAddress?
    /// 0 refuses the stream.
    public let port: UInt16

    /// Streams of a description that are told.
    private static let most = 16

    /// - Parameter description: whose type is application/sdp.
    static func read(_ description: RawSpan) -> [SIPMedia] {
        var (media, common, place): ([SIPMedia], IPAddress?, Int) = ([], nil, 0)
        while place < description.byteCount {
            let line = description.extracting(place...).firstLine
            place = description.firstPlace(of: HTTPByte.lineFeed, from: place).map { $0 + 1 } ?? description.byteCount
            if line.begins(with: "c=IN IP") {
                let address = address(line)
                if media.isEmpty { common = address } else { media[media.count - 1].address = address }
            } else if line.begins(with: "m="), let stream = SIPMedia(line, common) {
                guard media.count < most else { return media }
                media.append(stream)
            }
        }
        return media
    }

    /// `m=audio 49170/2 RTP/AVP 0`
    private init?(_ line: RawSpan, _ address: IPAddress?) {
        guard let blank = line.firstPlace(of: HTTPByte.blank, from: 2) else { return nil }
        var end = blank + 1
        while end < line.byteCount, HTTPByte.isDigit(line.byte(end)) { end += 1 }
        guard let number = line.extracting(blank + 1..<end).unsignedDecimal, let port = UInt16(exactly: number) else { return nil }
        (self.port, self.address) = (port, address)
        let word = line.extracting(2..<blank)
        kind = Self.kinds.first { word.equals($0.name) }?.kind ?? .other
    }

    private static let kinds: [(kind: Kind, name: StaticString)] = [
        (.audio, "audio"), (.video, "video"), (.text, "text"), (.application, "application"), (.message, "message"), (.image, "image"),
    ]

    /// `c=IN IP4 192.0.2.1`, of several to all with `/127` behind it.
    private static func address(_ line: RawSpan) -> IPAddress? {
        guard let blank = line.firstPlace(of: HTTPByte.blank, from: 5) else { return nil }
        let rest = line.extracting(line.trimmed(blank..<line.byteCount))
        return IPAddress(rest.extracting(0..<(rest.firstPlace(of: HTTPByte.slash) ?? rest.byteCount)).text)
    }
}
