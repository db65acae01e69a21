import Filters
import Packets

/// What follows when the originator turns out to be the other endpoint. Which endpoint is `a` (the key's order) and who opened the connection are two
/// facts; only the second can be wrong: a SYN or a SYN-ACK that comes after other packets corrects it (`OriginatorEvidence`). Counters, states and
/// letters are kept by endpoint and need no change; whoever was told roles is told anew, here.
extension ConnTracker {
    /// Tells the parser and the subscriptions, and asks the filters that look at directions again.
    @inline(never)
    mutating func reorient(_ slot: Table.Slot, _ connection: UnsafeMutablePointer<Connection>) {
        let index = Int(slot.index)
        counters.correctedOriginators &+= 1
        if connection.pointee.parsing.isRunning { parsers.with(Int(connection.pointee.parser)) { $0.reverseRoles(index) } }

        let key = table.key(at: slot)
        let service = connection.pointee.parsing == .active || connection.pointee.parsing == .over ? connection.pointee.service : nil
        var starting = SubscriberSet()
        for number in 0..<subscribers.count {
            let before = match(number, key, connection, source: connection.pointee.originator.other, service: service)
            let after = match(number, key, connection, source: connection.pointee.originator, service: service)
            guard before != after else { continue }
            let member = SubscriberSet(member: number)
            connection.pointee.pending.remove(member)
            switch after {
            case .yes: starting.insert(member)
            case .unknown: connection.pointee.pending.insert(member)
            case .no: break
            }
            if before == .yes, connection.pointee.subscribed.contains(member) { drop(number, index, connection) }
        }
        ConnectionRecord.fill(record, key, connection, extras.known(index))
        for number in connection.pointee.subscribed { subscribers.with(number) { $0.reoriented(index, UnsafePointer(record)) } }
        if !starting.isEmpty { start(starting, key, index, connection) }
        updateWants(index, connection)
    }
}
