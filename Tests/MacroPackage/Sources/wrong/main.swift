import Fovea

let name = "example.org"

let filters: [Filter] = [
    #filter("tcp.prt == 443"),
    #filter("tcp\u{20}\t and nope"),
    #filter(#"tcp.port == \"#),
    #filter(
        """
        tcp and
            udp or tcp.port ==
        """),
    #filter("tcp.port == 70000"),
    #filter("tls.sni == \(name)"),
    #filter(name),
    #filter("tls.sni == \"\u{e9}\" and tls.sni == 443"),
    #filter("ip.addr in $bad"),
]
