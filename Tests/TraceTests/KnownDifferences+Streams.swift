/// Payload that Fovea reads otherwise than the oracle, and why: `Streams of captures`.
extension KnownDifferences {
    static func ofStreams(_ capture: String) -> Set<Difference> { Set(payloads.flatMap(\.differences).filter { $0.capture == capture }) }

    private static let payloads = [
        Entry(
            reason: "After a RST that its receiver believes, the connection brings nothing that had not been sent before; the oracle knows no end.",
            differences: [
                Difference(
                    capture: "mixed-enterprise-capture2", subject: "payload of tcp 192.168.1.2:4786 67.163.59.104:3777",
                    fovea: "12 fd5aa31fdfca3240 0+14 after its end e3b0c44298fc1c14",
                    oracle: "12 fd5aa31fdfca3240 14 f4d9f1820d9f99c6"),
                Difference(
                    capture: "quic-and-tls-browsing", subject: "payload of tcp 10.10.0.34:59760 172.217.27.164:443",
                    fovea: "1724 2a115f5e905ac9a6 1342+4008 after its end 0fe69bdf2fd9d3cc",
                    oracle: "1724 2a115f5e905ac9a6 5350 a3447b77e1b52276"),
                Difference(
                    capture: "quic-and-tls-browsing", subject: "payload of tcp 10.10.0.34:59768 172.217.27.164:443",
                    fovea: "1820 a89eb6a5fc7fa61a 1342+1342 after its end 734c75fb07989d8a",
                    oracle: "1820 a89eb6a5fc7fa61a 2684 cfd407f885074c97"),
                Difference(
                    capture: "tcp-keepalive-115", subject: "payload of tcp 10.0.0.1:55243 212.199.202.50:443",
                    fovea: "729 d6923052c94bc09f 226+27 after its end 38704b84ee5f2958",
                    oracle: "729 d6923052c94bc09f 253 a4729fcec705ce0f"),
                Difference(
                    capture: "tcp-keepalive-115", subject: "payload of tcp 10.0.0.1:55254 212.199.202.50:443",
                    fovea: "729 a40678f650eba2c3 226+27 after its end 94a9b91e9ff5cfb8",
                    oracle: "729 a40678f650eba2c3 253 6be719b39157b715"),
                Difference(
                    capture: "tcp-rst-injection", subject: "payload of tcp 1.2.0.2:2527 1.2.0.3:6649",
                    fovea: "25+150 after its end fc1d1259a36335ae 0 e3b0c44298fc1c14",
                    oracle: "175 2ae8d49b14388ab3 0 e3b0c44298fc1c14"),
                Difference(
                    capture: "tls10-heartbleed", subject: "payload of tcp 107.170.241.107:443 192.168.4.149:59676",
                    fovea: "399 85d9f19795314459 28475+27512 after its end 238cff667e8b1372",
                    oracle: "399 85d9f19795314459 55987 eae195f16cfe83a7"),
            ]),
        Entry(
            reason: "The FIN says that bytes before it never came: the gap is told. The oracle looks at the bytes that are there.",
            differences: [
                Difference(
                    capture: "mixed-enterprise-capture2", subject: "payload of tcp 192.168.1.2:2627 213.165.187.162:60229",
                    fovea: "6 4277aa6694361a4a 0+138 missing e3b0c44298fc1c14",
                    oracle: "6 4277aa6694361a4a 0 e3b0c44298fc1c14"),
                Difference(
                    capture: "tcp-gap-at-end", subject: "payload of tcp 192.168.122.230:60648 77.238.160.184:80",
                    fovea: "538 41fc6244868ea5a7 0+2902 missing e3b0c44298fc1c14",
                    oracle: "538 41fc6244868ea5a7 0 e3b0c44298fc1c14"),
            ]),
        Entry(
            reason: "One tuple in three VLANs is three connections; the oracle has the bytes of all of them in one place.",
            differences: [
                Difference(
                    capture: "l2-same-tuple-other-vlans", subject: "payload of tcp 141.142.228.5:59856 192.150.187.43:80",
                    fovea: "136 2bb0935aa9b1c1b3 5007 8e1f2b1949b51fbe, 136 2bb0935aa9b1c1b3 5007 8e1f2b1949b51fbe, 136 2bb0935aa9b1c1b3 5007 8e1f2b1949b51fbe",
                    oracle: "136 2bb0935aa9b1c1b3 5007 8e1f2b1949b51fbe"),
            ]),
    ]
}
