import Fovea

// Each checked text beside the same one that is read as the program runs.
let pairs: [(checked: Filter, text: String)] = [
    (#filter("tcp.port == 443 and not ip.src == 10.0.0.0/8"), "tcp.port == 443 and not ip.src == 10.0.0.0/8"),
    (#filter("tls.sni ends_with \".example.org\""), #"tls.sni ends_with ".example.org""#),
    (#filter(#"tls.sni matches "^www\." and tcp.port in {443, 8443}"#), #"tls.sni matches "^www\." and tcp.port in {443, 8443}"#),
    (
        #filter(
            """
            udp
                or ipv6.addr == 2001:db8::/32
            """), "udp or ipv6.addr == 2001:db8::/32"
    ),
]

for pair in pairs {
    let filter = try Filter(parsing: pair.text)
    guard pair.checked == filter else { fatalError("\(pair.checked) is not \(filter)") }
    print(pair.checked)
}
