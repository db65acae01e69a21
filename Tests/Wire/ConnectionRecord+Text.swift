import Packets
import Tracking

extension ConnectionRecord {
    /// All that a record says, to compare it by.
    public var text: String {
        func party(_ party: Party) -> String {
            "\(party.address):\(party.port) \(party.packets)/\(party.frameBytes)/\(party.ipBytes)/\(party.payloadBytes) \(party.first.nanoseconds)-\(party.last.nanoseconds)"
        }
        return "\(uid) \(transport) \(vlans) \(party(originator)) \(party(responder)) \(state) \(history) \(service) \(originatorEvidence) \(endReason as Any)"
    }
}
