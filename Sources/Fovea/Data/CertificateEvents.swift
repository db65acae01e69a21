import Packets
import Protocols

/// Certificates in events, in Suricata's names.
extension EventLine {
    /// What a tls event says of the server's own certificate and of the client's, beside names that lines have, too.
    mutating func addCertificates(of handshake: TLSHandshake) {
        if let certificate = handshake.serverCertificates?.first { for (key, value) in certificate.eventMembers { add(key, value) } }
        guard let certificate = handshake.clientCertificates?.first else { return }
        add(
            "client",
            object: { object in
                object.add("subject", certificate.subject)
                object.add("issuerdn", certificate.issuer)
                for (key, value) in certificate.eventMembers { object.add(key, value) }
            })
    }
}

extension X509Certificate {
    /// `fingerprint` is SHA-1, as Suricata has it.
    fileprivate var eventMembers: [(StaticString, FieldValue)] {
        var members: [(StaticString, FieldValue)] = []
        if let serialNumber { members.append(("serial", .text(serialNumber.inPairs))) }
        members.append(("fingerprint", .text(sha1.inPairs)))
        if let notBefore { members.append(("notbefore", .text(CivilTime(seconds: notBefore).dateTimeText))) }
        if let notAfter { members.append(("notafter", .text(CivilTime(seconds: notAfter).dateTimeText))) }
        if let names = alternativeNames?.texts, !names.isEmpty { members.append(("subjectaltname", .texts(names))) }
        return members
    }
}

extension EventMember {
    /// Of a certificate: digits two by two.
    static func pairs(_ key: StaticString) -> EventMember { .text(key) { $0.inPairs } }

    /// Whole seconds since 1970, as a date.
    static func date(_ key: StaticString) -> EventMember {
        EventMember { value, event in
            switch value {
            case .integer(let seconds): event.add(key, .text(CivilTime(seconds: Int64(clamping: seconds)).dateTimeText))
            default: event.add(key, value)
            }
        }
    }
}

extension String {
    /// `00D1` is `00:D1`.
    fileprivate var inPairs: String {
        var text = ""
        for (place, digit) in enumerated() {
            if place > 0, place % 2 == 0 { text.append(":") }
            text.append(digit)
        }
        return text
    }
}
