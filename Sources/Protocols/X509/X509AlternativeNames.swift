import Packets

/// Other names of a certificate's subject, RFC 5280 4.2.1.6, in the order in which they stand: at most 1024 of them.
public struct X509AlternativeNames: Equatable, Sendable {
    public static let mostNames = 1024

    public private(set) var dnsNames: [String] = []
    public private(set) var emails: [String] = []
    public private(set) var uris: [String] = []
    public private(set) var addresses: [IPAddress] = []
    /// Whether there are names of other kinds.
    public private(set) var hasOthers = false

    /// - Parameter content: what the extension's octet string holds.
    init?(_ content: RawSpan) {
        var outer = DERReader(content)
        guard let list = outer.next(DERTag.sequence) else { return nil }
        var names = DERReader(list)
        var count = 0
        while count < Self.mostNames, let name = names.next() {
            count += 1
            switch name.tag {
            case 0x81: emails.append(name.content.text)
            case 0x82: dnsNames.append(name.content.text)
            case 0x86: uris.append(name.content.text)
            case 0x87: if let address = Self.address(name.content) { addresses.append(address) } else { hasOthers = true }
            default: hasOthers = true
            }
        }
    }

    /// All of them as text.
    public var texts: [String] { dnsNames + emails + uris + addresses.map(\.description) }

    private static func address(_ content: RawSpan) -> IPAddress? {
        var reader = ByteReader(content)
        switch content.byteCount {
        case 4: return reader.uint32().map(IPAddress.init(ipv4:))
        case 16:
            guard let high = reader.uint64(), let low = reader.uint64() else { return nil }
            return IPAddress(high, low, isIPv4: false)
        default: return nil
        }
    }
}
