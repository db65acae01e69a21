import Crypto
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
        String(unsafeUninitializedCapacity: Self.communityIDLength) { writeCommunityID($0.baseAddress!, seed: seed) }
    }

    package static var communityIDLength: Int { 30 }

    /// - Parameter text: has room for `communityIDLength` bytes.
    /// - Returns: their number.
    package func writeCommunityID(_ text: UnsafeMutablePointer<UInt8>, seed: UInt16 = 0) -> Int {
        var (first, second) = (originator, responder)
        if !isOneWayICMP, second.place < first.place { swap(&first, &second) }
        // The longest is a flow's of IPv6.
        return withUnsafeTemporaryAllocation(byteCount: 40, alignment: 8) { bytes in
            var count = 0
            func add(_ number: some FixedWidthInteger) {
                bytes.storeBytes(of: number.bigEndian, toByteOffset: count, as: type(of: number))
                count += number.bitWidth / 8
            }
            func add(_ address: IPAddress) {
                if address.isIPv4 { return add(UInt32(truncatingIfNeeded: address.low)) }
                add(address.high)
                add(address.low)
            }
            add(seed)
            add(first.address)
            add(second.address)
            add(transport.rawValue)
            add(UInt8(0))
            switch transport {
            case .tcp, .udp, .sctp, .icmp, .icmpv6:
                add(first.port)
                add(second.port)
            default: break
            }
            var hash = Insecure.SHA1()
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            text[0] = UInt8(ascii: "1")
            text[1] = UInt8(ascii: ":")
            return 2 + hash.finalize().withUnsafeBytes { $0.writeBase64(text + 2) }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// RFC 4648, section 4. Not Foundation's, with which writing 125,000 connection records took a tenth more of a run's time.
    ///
    /// - Parameter text: has room for four bytes for each three, or begun three.
    /// - Returns: their number.
    fileprivate func writeBase64(_ text: UnsafeMutablePointer<UInt8>) -> Int {
        let digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var (place, end) = (0, 0)
        while place < count {
            var bits = UInt32(self[place]) << 16
            if place + 1 < count { bits |= UInt32(self[place + 1]) << 8 }
            if place + 2 < count { bits |= UInt32(self[place + 2]) }
            for digit in 0..<4 { text[end + digit] = digits.utf8Start[Int(bits >> UInt32(18 - 6 * digit) & 63)] }
            // What of the last group there is nothing of.
            if place + 1 >= count { text[end + 2] = UInt8(ascii: "=") }
            if place + 2 >= count { text[end + 3] = UInt8(ascii: "=") }
            (place, end) = (place + 3, end + 4)
        }
        return end
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
