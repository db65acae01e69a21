/// Types of records and questions, <https://www.iana.org/assignments/dns-parameters>.
public enum DNSType {
    static let a: UInt16 = 1, ns: UInt16 = 2, cname: UInt16 = 5, soa: UInt16 = 6, ptr: UInt16 = 12, mx: UInt16 = 15, txt: UInt16 = 16
    static let aaaa: UInt16 = 28, srv: UInt16 = 33, dname: UInt16 = 39, opt: UInt16 = 41, spf: UInt16 = 99

    static let names: [String: UInt64] = [
        "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "NULL": 10, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18, "SIG": 24, "KEY": 25,
        "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "CERT": 37, "DNAME": 39, "OPT": 41, "APL": 42, "DS": 43, "SSHFP": 44, "IPSECKEY": 45, "RRSIG": 46,
        "NSEC": 47, "DNSKEY": 48, "DHCID": 49, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "CDS": 59, "CDNSKEY": 60,
        "OPENPGPKEY": 61, "CSYNC": 62, "ZONEMD": 63, "SVCB": 64, "HTTPS": 65, "SPF": 99, "EUI48": 108, "EUI64": 109, "TKEY": 249, "TSIG": 250, "IXFR": 251,
        "AXFR": 252, "MAILB": 253, "ANY": 255, "URI": 256, "CAA": 257,
    ]
    private static let texts = Dictionary(uniqueKeysWithValues: names.map { (UInt16($0.value), $0.key) })

    /// `TYPE1234` where there is none (RFC 3597 5).
    public static func name(_ type: UInt16) -> String { texts[type] ?? "TYPE\(type)" }
}

public enum DNSClass {
    static let names: [String: UInt64] = ["IN": 1, "CH": 3, "HS": 4, "NONE": 254, "ANY": 255]
    private static let texts = Dictionary(uniqueKeysWithValues: names.map { (UInt16($0.value), $0.key) })

    public static func name(_ number: UInt16) -> String { texts[number] ?? "CLASS\(number)" }

    /// Those that are met with; multicast DNS sets the top bit.
    static func isKnown(_ number: UInt16) -> Bool { texts[number & 0x7fff] != nil || texts[number] != nil }
}

public enum DNSResponseCode {
    static let names: [String: UInt64] = [
        "NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5, "YXDOMAIN": 6, "YXRRSET": 7, "NXRRSET": 8, "NOTAUTH": 9,
        "NOTZONE": 10, "DSOTYPENI": 11, "BADVERS": 16, "BADKEY": 17, "BADTIME": 18, "BADMODE": 19, "BADNAME": 20, "BADALG": 21, "BADTRUNC": 22,
        "BADCOOKIE": 23,
    ]
    private static let texts = Dictionary(uniqueKeysWithValues: names.map { (UInt16($0.value), $0.key) })

    public static func name(_ code: UInt16) -> String { texts[code] ?? "RCODE\(code)" }
}
