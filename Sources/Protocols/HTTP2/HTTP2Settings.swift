/// What one side has said of how it wants to be spoken to, RFC 9113 6.5.
final class HTTP2Settings {
    /// Frames that wait for their acknowledgement.
    private static let mostPending = 32

    private var longestFrame: Int?
    /// Of HPACK's table, as acknowledged.
    private var tableSize = HPACKTable.initial
    private var announced: Int?
    private var pending: [Int?] = []
    /// Acknowledgements that were seen before what they acknowledge.
    private var ahead = 0
    private var isKnown = true

    func take(_ setting: HTTP2Setting) {
        switch setting.identifier {
        case HTTP2Setting.headerTableSize: announced = Int(setting.value)
        case HTTP2Setting.maxFrameSize: longestFrame = max(longestFrame ?? 0, Int(setting.value))
        default: break
        }
    }

    /// A frame of them is over.
    func announce() {
        longestFrame = longestFrame ?? HTTP2FrameHeader.initialMost
        pending.append(announced)
        announced = nil
        if ahead > 0 {
            ahead -= 1
            acknowledgeOne()
        }
        // More are not kept: what is acknowledged is not known any more.
        if pending.count > Self.mostPending { lose() }
    }

    func acknowledge() { if pending.isEmpty { ahead = min(ahead + 1, Self.mostPending) } else { acknowledgeOne() } }

    private func acknowledgeOne() {
        let size = pending.removeFirst()
        if let size { tableSize = size }
    }

    func lose() { (isKnown, pending) = (false, []) }

    /// What the other side's frames may have; nil if not known.
    var frameLimit: Int? { isKnown ? longestFrame : nil }
    /// What the other side's table may be; nil if not known.
    var tableLimit: Int? { isKnown && ahead == 0 ? tableSize : nil }
}
