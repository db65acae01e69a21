/// Tells NTP by what it is: 48 octets have hardly anything that is always so, and all of it is asked.
enum NTPProbe {
    static func judge(_ datagram: RawSpan) -> Bool {
        guard let message = NTPMessage(datagram) else { return false }
        switch message.content {
        case .time(let time): return judge(time, message.mode) && NTPTail(datagram.extracting(NTPMessage.headerLength..<datagram.byteCount)).isSound
        case .control(let operation, let isAnswer): return judgeControl(datagram, operation, isAnswer)
        case .privately(let request, let isAnswer, let count): return judgePrivate(datagram, request, isAnswer, Int(count))
        }
    }

    // MARK: Modes 1 to 5

    private static func judge(_ time: NTPTime, _ mode: UInt8) -> Bool {
        // Less than sixteen seconds to the clock; polled at most every 36 hours.
        guard time.stratum <= 16, time.rootDelay < 16 << 16, time.rootDispersion < 16 << 16 || time.stratum == 16 || time.leap == 3, 0...17 ~= time.poll
        else { return false }
        func isFit(_ timestamp: NTPTimestamp) -> Bool { timestamp.isZero || timestamp.isPlausible }
        switch mode {
        case 3:
            // Clients say little (chrony's precision is 32), and some have a number that means nothing in the place of when they sent it.
            guard -32...0 ~= time.precision || time.precision == 32, isFit(time.referenceTime), isFit(time.originTime), isFit(time.receiveTime)
            else { return false }
            return time.transmitTime.isPlausible || time.referenceTime.isZero && time.originTime.isZero && time.receiveTime.isZero && time.rootDelay == 0
        case 4:
            guard -32...0 ~= time.precision, isFit(time.referenceTime), isReferenceFit(time) else { return false }
            // A kiss of death may have no time.
            if time.stratum == 0 { return isFit(time.receiveTime) && isFit(time.transmitTime) }
            return time.transmitTime.isPlausible && time.receiveTime.isPlausible && isSoon(time.receiveTime, time.transmitTime)
        case 5:
            return -32...0 ~= time.precision && time.transmitTime.isPlausible && time.referenceTime.isPlausible && time.originTime.isZero
                && time.receiveTime.isZero
                && isReferenceFit(time)
        default:
            return -32...0 ~= time.precision && time.transmitTime.isPlausible && isFit(time.referenceTime) && isFit(time.originTime) && isFit(time.receiveTime)
        }
    }

    /// At stratum 0 and 1 it is letters, with zeros behind them.
    private static func isReferenceFit(_ time: NTPTime) -> Bool {
        guard time.stratum < 2 else { return true }
        var hasEnded = false
        for place in 0..<4 {
            let byte = UInt8(truncatingIfNeeded: time.referenceID >> (24 - 8 * place))
            if byte == 0 { hasEnded = true } else if hasEnded || !(0x20...0x7e ~= byte) { return false }
        }
        return time.stratum == 1 || time.referenceID != 0 || time.leap == 3
    }

    /// Whether a server answers within some seconds.
    private static func isSoon(_ one: NTPTimestamp, _ other: NTPTimestamp) -> Bool { 0...16 ~= other.seconds &- one.seconds }

    // MARK: Modes 6 and 7

    /// | version, 6 | answer, error, more, operation | sequence | status | association | offset | count | data, up to a multiple of four | MAC
    private static func judgeControl(_ datagram: RawSpan, _ operation: UInt8, _ isAnswer: Bool) -> Bool {
        guard datagram.byte(0) & 0xc0 == 0, 1...12 ~= operation || operation == 31 else { return false }
        let (status, offset, count) = (datagram.uint16(4), Int(datagram.uint16(8)), Int(datagram.uint16(10)))
        // A request has no status, no offset, and nothing of an answer's flags.
        guard isAnswer ? offset + count <= 0xffff && datagram.byte(1) & 0x60 != 0x60 : status == 0 && offset == 0 && datagram.byte(1) & 0x60 == 0
        else { return false }
        guard count <= 468 else { return false }
        let rest = datagram.byteCount - NTPMessage.controlLength
        guard [count, (count + 3) & ~3].contains(rest) || [20, 24].contains(rest - (count + 3) & ~3) || [20, 24].contains(rest - (count + 7) & ~7)
        else { return false }
        // Of an answer without data there would be nothing left to know it by.
        return !isAnswer || count > 0 && isText(datagram.extracting(NTPMessage.controlLength..<NTPMessage.controlLength + count), operation)
    }

    /// Variables are text; the state of peers is numbers, two of two octets each.
    private static func isText(_ data: RawSpan, _ operation: UInt8) -> Bool {
        if operation == 1, data.byteCount % 4 == 0, data.byte(0) < 0x7f { return true }
        for place in 0..<min(data.byteCount, 64) {
            guard 0x20...0x7e ~= data.byte(place) || [9, 10, 13].contains(data.byte(place)) else { return false }
        }
        return true
    }

    /// | answer, more, version, 7 | 0 | implementation | request | error, items | 0, their size | items
    private static func judgePrivate(_ datagram: RawSpan, _ request: UInt8, _ isAnswer: Bool, _ count: Int) -> Bool {
        let (implementation, error, size) = (datagram.byte(2), datagram.byte(4) >> 4, Int(datagram.uint16(6)))
        guard [0, 2, 3].contains(implementation), request <= 45, size < 0x1000, error <= 7, datagram.byte(0) >> 3 & 7 >= 2 else { return false }
        if isAnswer {
            guard datagram.byte(1) & 0x80 == 0, count > 0, size > 0 else { return false }
            return NTPMessage.privateLength + count * size == datagram.byteCount
        }
        guard datagram.byte(0) & 0xc0 == 0, datagram.byte(1) & 0x7f == 0, error == 0, request > 0 else { return false }
        // Those who have nothing to say beyond it fill it with zeros.
        guard count == 0 || count * size > 0 && NTPMessage.privateLength + count * size <= datagram.byteCount else { return false }
        guard count == 0 else { return true }
        guard size == 0, datagram.byteCount <= 256 else { return false }
        for place in NTPMessage.privateLength..<datagram.byteCount where datagram.byte(place) != 0 { return false }
        return true
    }
}
