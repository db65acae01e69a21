import Crypto
import Foundation
import Packets

extension ConnectionRecord {
    /// The flow's Community ID, version 1 (<https://github.com/corelight/community-id-spec>): the same in every tool that knows it, for both directions.
    ///
    ///     "1:" base64( SHA-1( seed · address · address · protocol · 0 · port · port ) )     the smaller endpoint first
    ///
    /// The ports of ICMP are its types, and type and code of a message that has no answer; such a flow keeps its direction. Other protocols than TCP, UDP,
    /// ICMP and SCTP have none. Tunnels and VLANs are no part of it.
    ///
    /// - Parameter seed: a network's own, so that equal addresses of two networks differ; 0 by the specification's default.
    public func communityID(seed: UInt16 = 0) -> String {
        var (first, second) = (originator, responder)
        if !isOneWayICMP, second.place < first.place { swap(&first, &second) }
        var hash = Insecure.SHA1()
        hash.update(seed)
        for party in [first, second] { party.address.forEachWord { hash.update($0) } }
        hash.update(transport.rawValue)
        hash.update(UInt8(0))
        switch transport {
        case .tcp, .udp, .sctp, .icmp, .icmpv6:
            hash.update(first.port)
            hash.update(second.port)
        default: break
        }
        return "1:" + Data(hash.finalize()).base64EncodedString()
    }
}

extension ConnectionRecord {
    /// Messages without an answer: (type, code) stand where the ports do, and mean nothing the other way round.
    private var isOneWayICMP: Bool {
        guard transport == .icmp || transport == .icmpv6 else { return false }
        return !ICMPPorts.hasCounterpart(type: UInt8(truncatingIfNeeded: originator.port), isIPv6: transport == .icmpv6)
    }
}

extension ConnectionRecord.Party {
    /// What endpoints are ordered by.
    fileprivate var place: (UInt64, UInt64, UInt16) { (address.high, address.low, port) }
}

extension IPAddress {
    /// In network order, as 4 or 16 bytes.
    fileprivate func forEachWord(_ body: (any FixedWidthInteger) -> Void) {
        if isIPv4 { return body(UInt32(truncatingIfNeeded: low)) }
        body(high)
        body(low)
    }
}

extension Insecure.SHA1 {
    /// Takes in a number in network order.
    fileprivate mutating func update(_ number: some FixedWidthInteger) {
        var bytes = number.bigEndian
        withUnsafeBytes(of: &bytes) { update(bufferPointer: $0) }
    }
}
