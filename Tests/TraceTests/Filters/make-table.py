#!/usr/bin/env python3
"""Writes selected.tsv: which connections tshark's display filters select in captures (needs apt's tshark, 4.0 or later).

usage: Tests/TraceTests/Filters/make-table.py ../shared/traces/open

filters.tsv names the filters, one a line: a letter, Fovea's text, tshark's. A connection is selected when the display filter selects one of its
packets. Where Fovea's filter speaks of a packet and of a session, which may be of another packet, tshark's is in two parts, with " & " between them: a
connection is selected when each part selects one of its packets.

selected.tsv has a line a connection: the capture, "transport end end" with the lesser end first, and the letters of the filters that select it.

tshark puts together IP fragments, and TCP streams also out of order; a datagram's ports stand in its last fragment then. Left out are frames
without TCP, UDP or ICMP, and ICMP errors: tshark takes the header that an error quotes for the packet's own.
"""
import ipaddress, pathlib, subprocess, sys

HERE = pathlib.Path(__file__).parent
CAPTURES = """
    dns-mdns-v4-v6 dns-udp-tcp-edns-ecs-v6 ip4-fragments-50 ip6-atomic-frag-ext-headers l2-qinq-http l2-same-tuple-other-vlans l2-vlan-mpls-mixed
    mixed-netflix-6999 quic-and-tls-browsing tcp-handshake-variants-synthetic tcp-keepalive-115 tcp-zero-window-57 tls-100-fingerprints
    tls10-three-streams-loss tls12-73-cipher-suites tls12-smtp-starttls tls13-clienthello-split tls13-hello-retry-request
""".split()
OPTIONS = ["-n", "-o", "ip.defragment:TRUE", "-o", "tcp.desegment_tcp_streams:TRUE", "-o", "tcp.reassemble_out_of_order:TRUE"]
NO_ERRORS = "not (icmp.type in {3..5, 11, 12} or icmpv6.type in {1..4})"
FIELDS = ["frame.number", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport"]


def tshark(capture, display_filter, fields):
    command = ["tshark", "-r", capture, *OPTIONS, "-Y", display_filter, "-T", "fields", "-E", "occurrence=f"]
    for field in fields:
        command += ["-e", field]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def connections(capture):
    """The connection of each frame by its number."""
    found = {}
    for line in tshark(capture, f"(tcp or udp or icmp or icmpv6) and {NO_ERRORS}", FIELDS):
        number, protocols, ip_source, ip_destination, v6_source, v6_destination, *ports = line.split("\t")
        transport = next(name for name in protocols.split(":") if name in ("tcp", "udp", "icmp", "icmpv6"))
        at = {"tcp": 0, "udp": 2}.get(transport)
        # A frame that is cut before its ports belongs to no connection.
        if at is not None and "" in ports[at:at + 2]:
            continue
        addresses = [ip_source or v6_source, ip_destination or v6_destination]
        ends = sorted((ipaddress.ip_address(a).packed, int(ports[at + i]) if at is not None else 0, a) for i, a in enumerate(addresses))
        text = [f"[{a}]:{port}" if ":" in a else f"{a}:{port}" for _, port, a in ends]
        found[number] = " ".join(["icmp" if transport.startswith("icmp") else transport, *text])
    return found


def main():
    filters = [line.split("\t") for line in (HERE / "filters.tsv").read_text().splitlines() if line and not line.startswith("#")]
    with open(HERE / "selected.tsv", "w") as table:
        for name in CAPTURES:
            capture = str(pathlib.Path(sys.argv[1]) / f"{name}.pcap")
            connection = connections(capture)
            letters = {text: "" for text in connection.values()}
            for letter, _, theirs in filters:
                parts = [tshark(capture, f"({part}) and {NO_ERRORS}", ["frame.number"]) for part in theirs.split(" & ")]
                for text in set.intersection(*({connection[n] for n in part if n in connection} for part in parts)):
                    letters[text] += letter
            for text in sorted(letters):
                table.write(f"{name}\t{text}\t{letters[text]}\n")


main()
