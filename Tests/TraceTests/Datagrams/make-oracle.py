#!/usr/bin/env python3
"""Writes dhcp.tsv and ntp.tsv: what tshark reads in the DHCP and NTP messages of captures (needs apt's tshark, 4.0 or later).

usage: Tests/TraceTests/Datagrams/make-oracle.py FOLDER…

A line a message, in the order of the capture: the capture's name, then the message's ends, the lesser first, those of the innermost header; then its fields, "-"
where it has none. Lines that come several times in a row have their number at the end. Left out are messages that an ICMP error quotes.
"""
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as tree

HERE = pathlib.Path(__file__).parent
# As they are written, or by their octets (tshark turns seconds round that look as if they were); of options that may come several times all.
DHCP = [
    ("dhcp.option.dhcp", "show"), ("dhcp.id", "value"), ("dhcp.secs", "value"), ("dhcp.ip.client", "show"), ("dhcp.ip.your", "show"), ("dhcp.ip.server", "show"),
    ("dhcp.ip.relay", "show"), ("dhcp.hw.mac_addr", "show"), ("dhcp.option.hostname", "value"), ("dhcp.option.domain_name", "value"),
    ("dhcp.option.vendor_class_id", "value"), ("dhcp.option.requested_ip_address", "show"), ("dhcp.option.ip_address_lease_time", "value"),
    ("dhcp.option.dhcp_server_id", "show"), ("dhcp.fqdn.name", "show"), ("dhcp.option.message", "value"), ("dhcp.option.request_list_item", "value"),
]
NTP = [
    ("ntp.flags", "value"), ("ntp.stratum", "value"), ("ntp.ppoll", "value"), ("ntp.precision", "value"), ("ntp.rootdelay", "value"),
    ("ntp.rootdispersion", "value"), ("ntp.refid", "value"), ("ntp.reftime", "value"), ("ntp.org", "value"), ("ntp.rec", "value"), ("ntp.xmt", "value"),
    ("ntp.ctrl.flags2.opcode", "show"), ("ntp.priv.reqcode", "show"), ("ntp.ext.type", "value"), ("ntp.keyid", "value"),
]


def packets(capture, name):
    command = ["tshark", "-n", "-r", capture, "-Y", f"{name} and not icmp and not icmpv6", "-T", "pdml", "-o", "ip.defragment:TRUE"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            for _, element in tree.iterparse(process.stdout):
                if element.tag == "packet":
                    yield element
                    element.clear()
        except tree.ParseError as error:
            print(f"{capture}: {error}", file=sys.stderr)


def lines(capture, name, fields):
    for packet in packets(capture, name):
        addresses, ports = None, None
        for layer in packet.findall("proto"):
            found = {}
            for field in layer.iter("field"):
                found.setdefault(field.get("name"), []).append(field)
            kind = layer.get("name")
            if kind in ("ip", "ipv6"):
                addresses = [found[f"{kind}.{end}"][0].get("show") for end in ("src", "dst")]
            elif kind == "udp":
                ports = [int(found[f"udp.{end}"][0].get("show")) for end in ("srcport", "dstport")]
            elif kind == name:
                ends = sorted(zip(addresses, ports))
                row = []
                for field, attribute in fields:
                    values = [one.get(attribute) or "" for one in found.get(field, [])]
                    # A client's identifier has a hardware address, too.
                    if field == "dhcp.hw.mac_addr":
                        values = values[:1]
                    row.append("".join(values) if field == "dhcp.option.request_list_item" else values[0] if values else "")
                yield " ".join(f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address, port in ends), [one or "-" for one in row]


for name, fields in ("dhcp", DHCP), ("ntp", NTP):
    rows = []
    for folder in map(pathlib.Path, sys.argv[1:]):
        for capture in sorted(folder.glob("*.pcap*")):
            for ends, row in lines(capture, name, fields):
                row = [capture.stem, ends] + row
                if rows and rows[-1][0] == row:
                    rows[-1][1] += 1
                else:
                    rows.append([row, 1])
    head = "\t".join(["capture", "ends"] + [field for field, _ in fields] + ["times"])
    (HERE / f"{name}.tsv").write_text("\n".join([head] + ["\t".join(row + [str(times)]) for row, times in rows]) + "\n")
