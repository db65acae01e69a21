import Packets

/// The TCP state machine: what a packet does to its connection's states, sequence numbers, history and phase.
extension UnsafeMutablePointer<Connection> {
    /// Follows one TCP packet of `sender`. The side's counters do not include it yet.
    ///
    /// - Returns: what changed that the tracker must act on.
    @inline(__always)
    func followTCP(_ packet: UnsafePointer<Packet>, from sender: Endpoint) -> TCPChange {
        let flags = packet.pointee.flags
        let side = side(sender)
        // Most packets: no SYN, FIN or RST between ends that have both been heard of.
        if flags.isDisjoint(with: .ofHandshakes), pointee.stateA.isOpen && pointee.stateB.isOpen || changesNoState(sender) {
            followData(packet, side, sender)
            return .none
        }
        return followControl(packet, side, sender)
    }

    /// What begins and ends connections: mostly as it should.
    @inline(never)
    private func followControl(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) -> TCPChange {
        let control = packet.pointee.flags.intersection(.ofHandshakes)
        if control == .syn, opensPlainly(packet, side, sender) { return .none }
        if control == .fin, let change = closesPlainly(packet, side, sender) { return change }
        return followHandshake(packet, side, sender)
    }

    /// Whether a packet without SYN, FIN or RST leaves the states as they are: it is no part of a handshake.
    @inline(__always)
    private func changesNoState(_ sender: Endpoint) -> Bool {
        let mine = state(sender)
        return mine != .inactive && mine != .synSent && !(mine == .established && state(sender.other) == .synAckSent)
    }

    /// Sequence and acknowledgment numbers, and the letters for what a segment carries that has none of `TCPFlags.ofHandshakes`.
    @inline(__always)
    func followData(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) {
        // Most sides have sent such numbers before.
        let known = side.pointee.seen
        let (flags, window) = (packet.pointee.flags, packet.pointee.window)
        guard known.isSuperset(of: [.sequenceKnown, .acknowledgmentKnown]), flags.contains(.ack), window != 0 else {
            return followUnusual(packet, side, sender)
        }
        let length = packet.pointee.payloadLength
        let end = packet.pointee.sequence + Int(length)
        if length > 0 { note(.data, as: .data, side, sender) } else { note(.pureAck, as: .pureAck, side, sender) }
        if end - side.pointee.next > 0 {
            side.pointee.next = end
        } else if length > 0, !known.contains(.retransmitted) {
            note(.retransmission, as: .retransmitted, side, sender)
        }
        side.pointee.window = window
        let acknowledgment = packet.pointee.acknowledgment
        guard acknowledgment - side.pointee.acknowledged > 0 else { return }
        side.pointee.acknowledged = acknowledgment
        if acknowledgment - self.side(sender.other).pointee.next > 0 { noteGap(sender.other) }
    }

    /// The same of any segment.
    @inline(never)
    private func followUnusual(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) {
        let (flags, window, length) = (packet.pointee.flags, packet.pointee.window, Int(packet.pointee.payloadLength))
        let known = side.pointee.seen
        let end = packet.pointee.sequence + length
        let hasSequence = known.contains(.sequenceKnown)
        let news = hasSequence ? end - side.pointee.next : 1
        if length > 0 {
            if !flags.contains(.fin), !known.contains(.data) { note(.data, as: .data, side, sender) }
            if news <= 0, !known.contains(.retransmitted) { note(.retransmission, as: .retransmitted, side, sender) }
        } else if !known.contains(.pureAck), flags.contains(.ack), !flags.contains(.fin) {
            note(.pureAck, as: .pureAck, side, sender)
        }
        if news > 0 {
            side.pointee.next = end
            if !hasSequence { side.pointee.seen.insert(.sequenceKnown) }
        }
        side.pointee.window = window
        guard flags.contains(.ack) else { return }
        if window == 0 { note(.zeroWindow, as: .zeroWindow, side, sender) }
        acknowledge(packet.pointee.acknowledgment, side, sender)
    }

    /// The capture lost what was acknowledged, and never seen.
    @inline(never)
    private func noteGap(_ sender: Endpoint) {
        let side = side(sender)
        if side.pointee.seen.contains(.sequenceKnown) { note(.gap, as: .gap, side, sender) }
    }

    @inline(__always)
    private func advance(_ side: UnsafeMutablePointer<Connection.Side>, to end: SequenceNumber) {
        if !side.pointee.seen.contains(.sequenceKnown) || end - side.pointee.next > 0 {
            side.pointee.next = end
            side.pointee.seen.insert(.sequenceKnown)
        }
    }

    @inline(__always)
    private func acknowledge(_ number: SequenceNumber, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) {
        let isFirst = !side.pointee.seen.contains(.acknowledgmentKnown)
        if isFirst || number - side.pointee.acknowledged > 0 {
            side.pointee.acknowledged = number
            if isFirst { side.pointee.seen.insert(.acknowledgmentKnown) }
            // Acknowledged, and never seen: the capture lost it.
            let peer = self.side(sender.other)
            if peer.pointee.seen.contains(.sequenceKnown), number - peer.pointee.next > 0 { note(.gap, as: .gap, peer, sender.other) }
        }
    }

    @inline(__always)
    private func note(_ letter: History.Letter, as flag: SideFlags, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) {
        if !side.pointee.seen.contains(flag) {
            side.pointee.seen.insert(flag)
            pointee.history.append(letter, by: sender)
        }
    }

    /// Follows the SYN that a connection begins with, and the answer to it, as nearly all are. False when there is anything else about the packet.
    @inline(__always)
    private func opensPlainly(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) -> Bool {
        guard side.pointee.seen.isEmpty, pointee.originatorEvidence == .syn else { return false }
        let peer = self.side(sender.other)
        let first = packet.pointee.sequence
        if packet.pointee.flags.contains(.ack) {
            let acknowledgment = packet.pointee.acknowledgment
            guard state(sender.other) == .synSent, peer.pointee.seen == [.syn, .sequenceKnown], acknowledgment == peer.pointee.next else { return false }
            side.pointee.acknowledged = acknowledgment
            side.pointee.seen = [.syn, .sequenceKnown, .acknowledgmentKnown]
            // Less than this will not come back.
            peer.pointee.acknowledged = first + 1
            peer.pointee.seen.insert(.acknowledgmentKnown)
            (pointee.stateA, pointee.stateB) = (.established, .established)
            pointee.history.append(.synAck, by: sender)
        } else {
            guard peer.pointee.seen.isEmpty else { return false }
            side.pointee.seen = [.syn, .sequenceKnown]
            setState(sender, .synSent)
            pointee.history.append(.syn, by: sender)
        }
        side.pointee.initial = first
        side.pointee.next = first + 1 + Int(packet.pointee.payloadLength)
        side.pointee.window = packet.pointee.window
        return true
    }

    /// Follows a side's first FIN while the other is open, or has closed. Nil when there is anything else about the packet.
    @inline(__always)
    private func closesPlainly(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) -> TCPChange? {
        let (known, peerState, window) = (side.pointee.seen, state(sender.other), packet.pointee.window)
        guard known.isSuperset(of: [.sequenceKnown, .acknowledgmentKnown]), !known.contains(.fin), packet.pointee.flags.contains(.ack), window != 0,
            state(sender).isOpen, peerState.isOpen || peerState == .closed
        else { return nil }
        let length = Int(packet.pointee.payloadLength)
        let end = packet.pointee.sequence + length
        let news = end - side.pointee.next
        guard news >= 0, length == 0 || news > 0 else { return nil }
        side.pointee.next = end + 1
        side.pointee.window = window
        acknowledge(packet.pointee.acknowledgment, side, sender)
        side.pointee.seen.insert(.fin)
        pointee.history.append(.fin, by: sender)
        if sender == .a { pointee.finA = end + 1 } else { pointee.finB = end + 1 }
        setState(sender, .closed)
        return peerState == .closed ? .closed : TCPChange.none
    }

    /// Everything but plain data between established ends.
    @inline(never)
    private func followHandshake(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) -> TCPChange {
        let flags = packet.pointee.flags
        let peerState = state(sender.other)
        if flags.contradict {
            if flags.isSuperset(of: [.fin, .rst]) {
                note(.inconsistent, as: .inconsistent, side, sender)
            } else {
                note(.multiFlag, as: .multiFlag, side, sender)
            }
        }

        if flags.contains(.syn), pointee.originatorEvidence != .syn { correctOriginator(flags, sender) }
        if flags.contains(.rst) { return followReset(packet, side, sender) }

        if flags.contains(.syn) {
            let isNew = !side.pointee.seen.contains(.syn) || side.pointee.initial != packet.pointee.sequence
            if isNew, !flags.contradict { pointee.history.append(flags.contains(.ack) ? .synAck : .syn, by: sender) }
            // A SYN with another number on an established connection changes nothing: a host would not believe it, either (RFC 5961).
            let isBelieved = !side.pointee.seen.contains(.syn) || state(sender) == .synSent || state(sender) == .synAckSent
            var change = TCPChange.none
            if isBelieved {
                if side.pointee.seen.contains(.syn), isNew, side.pointee.seen.isDisjoint(with: [.data, .pureAck, .fin]) { change = .beganAnew }
                let answered = self.side(sender.other)
                if flags.contains(.ack), peerState == .synSent, answered.pointee.seen.isDisjoint(with: [.data, .pureAck, .fin]),
                    packet.pointee.acknowledgment - answered.pointee.initial < 1 || packet.pointee.acknowledgment - answered.pointee.next > 0
                {
                    // The answer to an earlier SYN than the last.
                    answered.pointee.seen.remove(.sequenceKnown)
                    change = .peerBeganAnew
                }
                side.pointee.initial = packet.pointee.sequence
                if !begins(packet, side) { side.pointee.next = packet.pointee.sequence + 1 + Int(packet.pointee.payloadLength) }
                side.pointee.seen.formUnion([.syn, .sequenceKnown])
                openHandshake(flags, sender, peerState)
            }
            if flags.contains(.ack), isBelieved { acknowledge(packet.pointee.acknowledgment, side, sender) }
            side.pointee.window = packet.pointee.window
            if change != .none, !flags.contains(.fin) { return change }
        } else {
            followUnusual(packet, side, sender)
            // With a SYN-ACK to it, this is the third step of a handshake whose SYN was missed.
            if state(sender) == .inactive { setState(sender, flags.contains(.ack) && peerState == .synAckSent ? .established : .partial) }
            // The third step of a handshake whose SYN-ACK was missed, or came before the SYN.
            if state(sender) == .synSent, flags.contains(.ack), peerState.isOpen || peerState == .synAckSent { setState(sender, .established) }
            if state(sender) == .established, peerState == .synAckSent { setState(sender.other, .established) }
        }

        if flags.contains(.fin) { return followFin(packet, side, sender) }
        return .none
    }

    /// A SYN, or an answer to one, says more than what the originator was told by.
    private func correctOriginator(_ flags: TCPFlags, _ sender: Endpoint) {
        let isAnswer = flags.contains(.ack)
        if isAnswer, pointee.originatorEvidence == .synAck { return }
        let originator = isAnswer ? sender.other : sender
        if pointee.originator != originator {
            pointee.originator = originator
            pointee.history.appendFlip()
            if !pointee.wants.contains(.beginning) { pointee.wants.insert(.reoriented) }
        }
        pointee.originatorEvidence = isAnswer ? .synAck : .syn
    }

    private func openHandshake(_ flags: TCPFlags, _ sender: Endpoint, _ peerState: TCPState) {
        guard flags.contains(.ack) else {
            if state(sender) == .inactive || state(sender) == .partial { setState(sender, .synSent) }
            return
        }
        // Who has ended does not begin because the packets changed places.
        let isOver = state(sender) == .closed || state(sender) == .reset
        switch peerState {
        case .synSent, .established:
            if !isOver { setState(sender, .established) }
            if peerState == .synSent { setState(sender.other, .established) }
        case .synAckSent:
            // Both sent SYN-ACK: the end of a simultaneous open (RFC 9293, figure 8).
            if !isOver { setState(sender, .established) }
            setState(sender.other, .established)
        default:
            if !isOver { setState(sender, .synAckSent) }
        }
    }

    private func followFin(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) -> TCPChange {
        let end = packet.pointee.sequence + (packet.pointee.flags.contains(.syn) ? 1 : 0) + Int(packet.pointee.payloadLength) + 1
        let known = sender == .a ? pointee.finA : pointee.finB
        if !side.pointee.seen.contains(.fin) || known != end {
            side.pointee.seen.insert(.fin)
            if !packet.pointee.flags.contradict { pointee.history.append(.fin, by: sender) }
            if sender == .a { pointee.finA = end } else { pointee.finB = end }
        }
        advance(side, to: end)
        if state(sender) != .reset { setState(sender, .closed) }
        return pointee.stateA == .closed && pointee.stateB == .closed ? .closed : .none
    }

    /// A RST ends the connection only if the other side would believe it (RFC 9293 section 3.5.3, RFC 5961 section 3): before the handshake is
    /// over it must acknowledge the SYN, later its number must lie where the receiver expects bytes.
    private func followReset(_ packet: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>, _ sender: Endpoint) -> TCPChange {
        if packet.pointee.flags.contradict { side.pointee.seen.insert(.reset) } else { note(.reset, as: .reset, side, sender) }
        let peer = self.side(sender.other)
        let believed: Bool
        if peer.pointee.packets > 0, peer.pointee.seen.contains(.syn), !side.pointee.seen.contains(.sequenceKnown) {
            // An answer to the SYN, from a side that has sent nothing else.
            believed = packet.pointee.flags.contains(.ack) && packet.pointee.acknowledgment - peer.pointee.initial > 0
                && packet.pointee.acknowledgment - peer.pointee.next <= 0
        } else if !side.pointee.seen.contains(.sequenceKnown) {
            believed = true  // nothing is known that it could contradict
        } else {
            let expected = side.pointee.next
            let lowest = peer.pointee.seen.contains(.acknowledgmentKnown) && expected - peer.pointee.acknowledged > 0 ? peer.pointee.acknowledged : expected
            let highest = expected + Int(peer.pointee.window)
            believed = packet.pointee.sequence - lowest >= 0 && packet.pointee.sequence - highest <= 0
        }
        guard believed else { return .refusedReset }
        setState(sender, .reset)
        return .reset
    }
}

extension TCPFlags {
    /// Those that begin and end connections.
    static let ofHandshakes: TCPFlags = [.syn, .fin, .rst]

    /// More than one of SYN, FIN and RST: no host sends that.
    fileprivate var contradict: Bool {
        let control = intersection([.syn, .fin, .rst]).rawValue
        return control & (control &- 1) != 0
    }
}

/// What a TCP packet changed that the tracker must act on.
enum TCPChange {
    case none
    /// Both sides have sent FIN.
    case closed
    case reset
    /// The sender, or its peer, begins at another sequence number than its first SYN said.
    case beganAnew
    case peerBeganAnew
    /// A RST that the receiver would not believe.
    case refusedReset
}
