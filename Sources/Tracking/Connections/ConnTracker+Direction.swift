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

        let (subscribed, pending) = (members.subscribed(index, connection), members.pending(index, connection))
        var view = view(index, connection)
        starting.removeAll()
        for number in 0..<subscribers.count {
            view.originator = connection.pointee.originator.other
            let before = decide(number, view)
            view.originator = connection.pointee.originator
            let after = decide(number, view)
            guard before != after else { continue }
            pending.remove(number)
            switch after {
            case .yes: if !subscribed.contains(number) { starting.insert(number) }
            case .unknown: if !subscribed.contains(number) { pending.insert(number) }
            case .no: break
            }
            if before == .yes, subscribed.contains(number) { drop(number, index, connection) }
        }
        ConnectionRecord.fill(record, connection, extras.known(index))
        for number in subscribed { subscribers.with(number) { $0.reoriented(index, UnsafePointer(record)) } }
        if !starting.isEmpty { start(starting, index, connection) }
        updateWants(index, connection)
    }
}
