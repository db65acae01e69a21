import Packets

/// What a connection's state says about its end: how long it may be silent, when a full table gives it up, what ends it.
extension UnsafeMutablePointer<Connection> {
    /// How long the connection may be silent, nanoseconds.
    func timeout(_ options: UnsafePointer<TrackerOptions>) -> Int64 {
        switch pointee.phase {
        case .closedByFin, .closedByReset: return options.pointee.tcpClosingTimeout
        case .tombstone: return options.pointee.tcpTombstoneTimeout
        case .new, .open: break
        }
        switch pointee.transport {
        case .tcp: return pointee.rank == .attempt ? options.pointee.tcpEstablishTimeout : options.pointee.tcpInactivityTimeout
        case .udp: return options.pointee.udpInactivityTimeout
        default: return options.pointee.otherInactivityTimeout
        }
    }

    /// Where it stands among those that a full table gives up.
    var currentRank: Rank { pointee.phase == .open ? rankBeforeClose : .closed }

    /// Whether it came to be used by both ends: a TCP handshake was completed, or both sides of one that was picked up later were heard; of anything else,
    /// there was an answer.
    var hasBeenEstablished: Bool { rankBeforeClose == .established }

    private var rankBeforeClose: Rank {
        let isOneSided = pointee.sideA.packets == 0 || pointee.sideB.packets == 0
        guard pointee.transport == .tcp else { return isOneSided ? .unanswered : .established }
        let seen = side(pointee.originator).pointee.seen
        let hasAttempted = seen.contains(.syn) || pointee.originatorEvidence == .synAck
        // Opened, and never used by the one who opened it.
        if hasAttempted, isOneSided || seen.isDisjoint(with: [.pureAck, .data, .fin]) { return .attempt }
        return isOneSided ? .unanswered : .established
    }

    /// The reason to report when something else than a close ends it.
    func endReason(otherwise reason: EndReason) -> EndReason {
        switch pointee.phase {
        case .closedByFin: .fin
        case .closedByReset: .rst
        default: reason
        }
    }

    /// Whether a packet opens another connection of the same tuple, of a closed one: a SYN with another sequence number.
    func isOpenedAnew(by packet: UnsafePointer<Packet>, from sender: Endpoint) -> Bool {
        let flags = packet.pointee.flags
        guard flags.contains(.syn), flags.isDisjoint(with: [.ack, .rst, .fin]) else { return false }
        let side = side(sender)
        return side.pointee.seen.contains(.syn) ? side.pointee.initial != packet.pointee.sequence : !begins(packet, side)
    }

    /// Whether a SYN is the beginning of what its side was seen to send before it: packets change places on their way, and in captures.
    func begins(_ syn: UnsafePointer<Packet>, _ side: UnsafeMutablePointer<Connection.Side>) -> Bool {
        guard side.pointee.seen.contains(.sequenceKnown) else { return false }
        let distance = side.pointee.next - syn.pointee.sequence
        // SYN and FIN count, too.
        return distance > 0 && distance <= Int(clamping: side.pointee.payloadBytes) &+ 2
    }
}
