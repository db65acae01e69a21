import Packets

/// Finds what SSH shows before it is encrypted: the banners, and what either side offers for the key exchange (RFC 4253 4.2 and 7.1). One session a connection.
///
/// Each direction is followed on its own, for implementations send what they offer before they have seen the other's banner. The session is there with the
/// second offer, in version 1 with the second banner; where a side cannot be followed, once the other has been to its end.
public struct SSHParser: SessionParser {
    public static let service = Service.ssh
    public static var beginsLater: Bool { true }

    /// Bytes that a side sends behind all that is looked at, after which nobody waits for the other: it is not captured.
    private static let patience: UInt32 = 1 << 20

    private var originator = SSHSide()
    private var responder = SSHSide()
    private var progress = ParserProgress.wantsMore
    private var isGiven = false

    public init() {}

    public mutating func feed(_ bytes: RawSpan, from sender: Direction) -> ParserProgress {
        guard progress == .wantsMore else { return progress }
        switch sender {
        case .originator: originator.feed(bytes, peer: (responder.banner != nil, responder.speaksVersion1))
        case .responder: responder.feed(bytes, peer: (originator.banner != nil, originator.speaksVersion1))
        }
        return advance()
    }

    public mutating func skip(_ byteCount: Int, from sender: Direction) -> ParserProgress {
        guard progress == .wantsMore else { return progress }
        switch sender {
        case .originator: originator.skip(byteCount)
        case .responder: responder.skip(byteCount)
        }
        return advance()
    }

    public mutating func reverseRoles() { swap(&originator, &responder) }

    public mutating func finish() {
        if progress == .wantsMore { progress = .done }
    }

    public var heldBytes: Int { originator.heldBytes + responder.heldBytes }

    public mutating func nextSession() -> SSHHandshake? {
        guard progress != .wantsMore, progress != .failed(.otherProtocol), !isGiven, originator.banner != nil || responder.banner != nil else { return nil }
        isGiven = true
        defer { (originator, responder) = (SSHSide(), SSHSide()) }
        return SSHHandshake(
            clientBanner: originator.banner, serverBanner: responder.banner, clientKeyExchange: originator.keyExchange,
            serverKeyExchange: responder.keyExchange, problem: problem)
    }

    private var isVersion1: Bool { originator.speaksVersion1 || responder.speaksVersion1 }

    /// Version 1 has other packets: what is wrong with them as version 2's says nothing.
    private var problem: SSHProblem? {
        isVersion1 && originator.banner != nil && responder.banner != nil ? nil : originator.problem ?? responder.problem
    }

    private mutating func advance() -> ParserProgress {
        if originator.isOtherProtocol || responder.isOtherProtocol {
            progress = .failed(.otherProtocol)
        } else if isVersion1, originator.banner != nil, responder.banner != nil {
            progress = .done
        } else if let failure = problem?.failure, failure == .tooLong {
            progress = .failed(failure)
        } else if originator.isOver && responder.isOver {
            progress = problem?.failure.map { .failed($0) } ?? .done
        } else if originator.isOver && originator.passed > Self.patience || responder.isOver && responder.passed > Self.patience {
            progress = .done
        }
        return progress
    }
}

// MARK: Recognising

extension SSHParser {
    /// A banner; or a server's lines before it, where they come together with it.
    public static func probe(_ bytes: RawSpan) -> ProbeAnswer {
        let start: StaticString = "SSH-"
        for place in 0..<min(bytes.byteCount, start.utf8CodeUnitCount) where bytes.byte(place) != start.utf8Start[place] {
            return place == 0 && endsWithBanner(bytes) ? .mine : .notMine
        }
        guard bytes.byteCount > 4 else { return .unsure }
        guard bytes.byte(4) == UInt8(ascii: "2") || bytes.byte(4) == UInt8(ascii: "1") else { return .notMine }
        guard bytes.byteCount > 5 else { return .unsure }
        return bytes.byte(5) == UInt8(ascii: ".") ? .mine : .notMine
    }

    /// A whole banner, with nothing or a packet behind it: after CONNECT, or lines that were looked at before.
    public static func probeLater(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount >= 8, bytes.byte(0) == UInt8(ascii: "S"), bytes.byte(3) == UInt8(ascii: "-") else { return false }
        return isBanner(bytes, at: 0)
    }

    private static func isBanner(_ bytes: RawSpan, at start: Int) -> Bool {
        let rest = bytes.extracting(start..<bytes.byteCount)
        guard rest.begins(with: "SSH-2.") || rest.begins(with: "SSH-1."), let end = rest.firstPlace(of: UInt8(ascii: "\n")), end < SSHBanner.longest,
            let dash = rest.firstPlace(of: UInt8(ascii: "-"), from: 6), dash < 10
        else { return false }
        return end + 1 == rest.byteCount || rest.byte(end + 1) == 0
    }

    /// Lines of text, not the headers of a request or an answer, and then a banner with nothing or a packet behind it.
    private static func endsWithBanner(_ bytes: RawSpan) -> Bool {
        let head = bytes.extracting(0..<min(bytes.byteCount, 4096))
        var start = 0
        while let end = head.firstPlace(of: UInt8(ascii: "\n"), from: start) {
            let line = head.extracting(start..<end)
            guard line.firstPlace(of: 0) == nil, start > 0 || !isProtocolLine(line) else { return false }
            start = end + 1
            if start < bytes.byteCount, bytes.byte(start) == UInt8(ascii: "S"), isBanner(bytes, at: start) { return true }
        }
        return false
    }

    /// Whether a first line is another protocol's: a request's or a status line, or a server's reply.
    private static func isProtocolLine(_ line: RawSpan) -> Bool {
        if line.byteCount > 3, (0..<3).allSatisfy({ 0x30...0x39 ~= line.byte($0) }) { return true }
        var start = 0
        while let slash = line.firstPlace(of: UInt8(ascii: "/"), from: start) {
            if slash + 1 < line.byteCount, 0x30...0x39 ~= line.byte(slash + 1), slash > 2, line.byte(slash - 1) == UInt8(ascii: "P") { return true }
            start = slash + 1
        }
        return false
    }
}
