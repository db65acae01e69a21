#!/usr/bin/env python3
"""Makes the corpora's seeds from the captures in Tests/Traces and from hand-made headers; run from anywhere. Inputs that once broke something are kept."""
import pathlib
import struct

here = pathlib.Path(__file__).parent
traces = here.parent / "Traces"
corpus = here / "Corpus"
# Places in PacketInput.links by libpcap's number.
LINKS = {1: 0, 101: 1, 12: 1, 0: 2, 108: 3, 113: 4, 276: 5, 228: 6, 229: 7}


def write(target, name, data):
    (corpus / target).mkdir(parents=True, exist_ok=True)
    (corpus / target / name).write_bytes(data)


def frames(path):
    """Link type and frames of a pcap file of this machine's byte order."""
    data = path.read_bytes()
    link = struct.unpack_from("<I", data, 20)[0]
    place, found = 24, []
    while place + 16 <= len(data):
        length = struct.unpack_from("<I", data, place + 8)[0]
        found.append(data[place + 16:place + 16 + length])
        place += 16 + length
    return link, found


def record(frame, link=0, step=1, control=0):
    return bytes([control | link, step]) + struct.pack(">H", len(frame)) + frame


def ethernet(kind, rest, tags=b""):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + tags + struct.pack(">H", kind) + rest


def ipv4(protocol, rest, fragment=0, length=None, source=1, options=b""):
    words = 5 + len(options) // 4
    return struct.pack(">BBHHHBBHII", 0x40 | words, 0, length or 4 * words + len(rest), 7, fragment, 64, protocol, 0,
                       0x0A000000 + source, 0x0A000009 - source) + options + rest


def ipv6(header, rest, length=None):
    address = bytes.fromhex("20010db8000000000000000000000001")
    return struct.pack(">IHBB", 0x60000000, len(rest) if length is None else length, header, 64) + address + address[:-1] + b"\2" + rest


def udp(source, destination, rest, length=None):
    return struct.pack(">HHHH", source, destination, length or 8 + len(rest), 0) + rest


def tcp(flags, sequence, acknowledgment=0, rest=b"", ports=(40000, 443), offset=5):
    return struct.pack(">HHIIBBHHH", *ports, sequence, acknowledgment, offset << 4, flags, 1024, 0, 0) + rest


# Real traffic: the first frames of each capture that fit.
for path in sorted(traces.glob("*.pcap")):
    link, all_frames = frames(path)
    if link not in LINKS:
        continue
    seed = b""
    for number, frame in enumerate(all_frames):
        one = record(frame, LINKS[link], step=2, control=0x80 if number % 8 == 7 else 0)
        if len(seed) + len(one) > 6000:
            break
        seed += one
    if seed:
        write("packet", path.stem, seed)

# Headers that nobody should send.
inner = ipv4(17, udp(53, 53, b"abc"))
hostile = {
    "truncations": b"".join(record(ethernet(0x0800, ipv4(6, tcp(2, 1)))[:length]) for length in range(0, 55, 3)),
    "vlan-stack": record(ethernet(0x0800, inner, tags=b"\x81\0\0\5" * 40)),
    "ipv4-lengths": b"".join(record(ethernet(0x0800, ipv4(17, udp(1, 2, b"x"), length=length))) for length in (1, 19, 20, 27, 28, 600, 65535)),
    "udp-lengths": b"".join(record(ethernet(0x0800, ipv4(17, udp(1, 2, b"xyz", length=length)))) for length in (1, 7, 8, 9, 12, 65535)),
    "tcp-offsets": b"".join(record(ethernet(0x0800, ipv4(6, tcp(16, 1, rest=b"x" * 8, offset=offset)))) for offset in range(16)),
    "ipv6-chain": record(ethernet(0x86DD, ipv6(0, bytes([60, 0, 0, 0, 0, 0, 0, 0]) * 40 + bytes([6, 0, 0, 0, 0, 0, 0, 0]) + tcp(2, 1)))),
    "ipv6-fragments": record(ethernet(0x86DD, ipv6(44, bytes([17, 0, 0, 1, 0, 0, 0, 1]) + udp(1, 2, b"x" * 16))))
    + record(ethernet(0x86DD, ipv6(44, bytes([17, 0, 0, 16, 0, 0, 0, 1]) + b"y" * 8))),
    "ipv6-jumbo": record(ethernet(0x86DD, ipv6(0, bytes([6, 0, 0xC2, 4, 0, 1, 0, 0]) + tcp(2, 1), length=0))),
    "ipv4-fragments": record(ethernet(0x0800, ipv4(17, udp(1, 2, b"x" * 16), fragment=0x2000)))
    + record(ethernet(0x0800, ipv4(17, b"y" * 24, fragment=3))) + record(ethernet(0x0800, ipv4(17, b"z" * 24, fragment=0x1FFF))),
    "ipip": record(ethernet(0x0800, b"".join(ipv4(4, b"", length=20 * (30 - depth)) for depth in range(20)) + inner)),
    "gre": record(ethernet(0x0800, ipv4(47, b"\xb0\0\x65\x58" + b"\0" * 12 + ethernet(0x0800, inner)))),
    "vxlan": record(ethernet(0x0800, ipv4(17, udp(4000, 4789, b"\x08\0\0\0\0\0\x2a\0" + ethernet(0x0800, inner))))),
    "gtp": record(ethernet(0x0800, ipv4(17, udp(2152, 2152, b"\x34\xff\0\x20\0\0\0\1\0\0\0\x85\1\0\0\0" + inner)))),
    "mpls": record(ethernet(0x8847, b"\0\1\0\x40" * 20 + b"\0\1\1\x40" + inner)),
    "pppoe": record(ethernet(0x8864, b"\x11\0\0\1\0\x21\0\x21" + inner)),
    "icmp-error": record(ethernet(0x0800, inner)) + record(ethernet(0x0800, ipv4(1, b"\3\3\0\0\0\0\0\0" + inner[:28], source=2))),
    "wire-lengths": b"".join(record(ethernet(0x0800, inner), control=0x40, step=step) for step in range(15)),
    "handshakes": b"".join(
        record(ethernet(0x0800, ipv4(6, tcp(flags, sequence, acknowledgment, data, ports), source=source)), step=step)
        for flags, sequence, acknowledgment, data, ports, source, step in [
            (2, 99, 0, b"", (4000, 443), 1, 2), (18, 499, 100, b"", (443, 4000), 8, 2), (16, 100, 500, b"", (4000, 443), 1, 2),
            (24, 110, 500, b"later", (4000, 443), 1, 2), (24, 100, 500, b"x" * 10, (4000, 443), 1, 2), (17, 115, 500, b"", (4000, 443), 1, 4),
            (17, 500, 116, b"", (443, 4000), 8, 4), (2, 9999, 0, b"", (4000, 443), 1, 5), (4, 1, 0, b"", (443, 4000), 8, 5)]),
}
for name, seed in hostile.items():
    write("packet", name, seed)

# Segments: numbers, policy, then control, time, place, count.
segment = lambda control, time, place, count: bytes([control, time]) + struct.pack(">HB", place, count)
write("segments", "in-order", b"\0\0" + b"".join(segment(n % 2, 3, 20 * (n // 2), 20) for n in range(20)))
write("segments", "reversed", b"\1\0" + b"".join(segment(0, 3, 200 - 20 * n, 20) for n in range(11)))
# Novak and Sturges' schedule, as in HOSTILE cases: the second of two copies has other bytes.
novak = [(1, 3), (5, 2), (7, 3), (11, 1), (14, 2), (16, 3), (19, 2), (21, 2), (23, 1), (2, 4), (7, 3), (10, 3), (13, 3), (17, 1), (20, 1), (21, 1), (23, 2), (0, 1)]
for policy in range(6):
    write("segments", f"overlap-{policy}", bytes([policy % 6, policy]) + b"".join(
        segment(0x40 if number >= 9 else 0, 0, place, count) for number, (place, count) in enumerate(novak)))
write("segments", "hole-and-time", b"\2\0" + segment(0, 0, 10, 50) + segment(0, 4, 70, 50) + segment(0, 5, 200, 9) + segment(1, 5, 0, 9) + segment(0, 0, 0, 10))
write("segments", "budget", b"\0\1" + b"".join(segment(0x20, 0, 3000 * n + 1, 250) for n in range(20)) + segment(0, 0, 0, 1))
write("segments", "far", b"\3\0" + segment(0x80, 0, 65535, 9) + segment(0x80, 0, 4000, 200) + segment(0, 0, 0, 200))
write("segments", "close", b"\4\0" + segment(0, 0, 0, 9) + segment(62, 0, 12, 0) + segment(0, 0, 9, 3) + segment(63, 0, 0, 5) + segment(0, 0, 13, 5) + segment(60, 0, 13, 0))

# Fragments: UDP's length, then control, time, offset (its high bit: the last), count.
piece = lambda control, time, offset, count: bytes([control, time]) + struct.pack(">HB", offset, count)
last = 0x8000
for version in (0, 8):
    name = "v6" if version else "v4"
    write("fragments", f"in-order-{name}", b"\0\x40" + piece(version, 0, 0, 2) + piece(version, 2, 2, 4) + piece(version, 2, last | 6, 2))
    write("fragments", f"reversed-{name}", b"\0\x40" + piece(version, 0, last | 6, 2) + piece(version, 2, 2, 4) + piece(version, 2, 0, 2))
    write("fragments", f"overlaps-{name}", b"\1\0" + piece(version, 0, 0, 4) + piece(version | 16, 0, 2, 4) + piece(version, 0, 0, 4) + piece(version, 0, last | 6, 1))
    write("fragments", f"two-ends-{name}", b"\0\x20" + piece(version, 0, last | 6, 1) + piece(version, 0, last | 3, 1) + piece(version, 0, 0, 9))
    write("fragments", f"ping-of-death-{name}", b"\xff\xff" + piece(version, 0, 0x1FFF, 255) + piece(version, 0, last | 0x1FFF, 255) + piece(version, 0, 0, 255))
    write("fragments", f"tiny-{name}", b"\0\x10" + piece(version | 32, 0, 0, 1) + piece(version, 0, 0, 1) + piece(version | 32, 0, last | 1, 7) + piece(version, 0, 0, 0))
    write("fragments", f"many-{name}", b"\0\0" + b"".join(piece(version | n % 8, n % 3, 32 * (n // 8), 32) for n in range(64)))
    write("fragments", f"late-{name}", b"\0\x18" + piece(version, 0, 0, 2) + piece(version, 5, last | 2, 1) + piece(version, 7, 0, 2) + piece(version, 6, last | 2, 1))
    write("fragments", f"largest-{name}", b"\0\0" + b"".join(piece(version, 0, 255 * n, 255) for n in range(32)) + piece(version | 32, 0, last | 8160, 200))

for number, text in enumerate([
    "tcp.port == 443", "ip.addr == 10.0.0.0/8", "tcp.dstport in 1..1023", "tls and not ipv6", "not (udp or icmp) and vlan.id == 7",
    "ip.src != 192.0.2.1 || ipv6.dst == 2001:db8::/32", "((((tcp))))", "!!!!!!tcp", "tcp.port == 99999", "ip.addr == 300.1.1.1", "tcp and", "\u00e9 or \U0001f600",
    "not not not ip.proto == 132", "(" * 200, "not " * 120 + "tcp", "tcp or " * 60 + "udp", "arp or (ipv4 and sctp.srcport in 5..4)",
    'tls.sni == "www.example.org" and tls.version >= TLSv1.2',
    'tls.sni ~ r\'\\.(org|net)$\' or tls.alpn in {"h2", \'h3\'}',
    'tcp.flags.syn and not tcp.flags.ack # scans\nand ip.src in {$l, 10.0.0.0/8}',
    'eth.addr != 00:11:22:33:44:55 || payload contains 16:03:01',
    'tcp.port in {1,3,5,7,9,$n} /* many */ and frame.len > 0x40',
    'tls.alpn == "a\\x00\\\\\\"\\n" and tls.sni exists',
    'ip.addr in {10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5}',
    'tls.sni == 443',
    'tls.sni =~ "a"',
    'tls.sni == "a\\q',
]):
    write("filter", f"{number:02}", text.encode())

# TLS: the conversations of the capture, in steps as they came.
def step(sender, data):
    out = b""
    for place in range(0, len(data), 1500):
        piece = data[place:place + 1500]
        high = len(piece) >> 8
        out += bytes([high << 5 | 2 << 1 | sender, len(piece) & 255]) + piece
    return out


def conversations(path):
    found = {}
    for frame in frames(path)[1]:
        if len(frame) < 54 or frame[12:14] != b"\x08\0" or frame[23] != 6:
            continue
        start = 14 + 4 * (frame[14] & 15)
        end = 14 + struct.unpack_from(">H", frame, 16)[0]
        ports = struct.unpack_from(">HH", frame, start)
        data = frame[start + 4 * (frame[start + 12] >> 4):end]
        if data:
            found.setdefault(tuple(sorted(ports)), []).append((0 if ports[1] < ports[0] else 1, data))
    return found.values()


for number, talk in enumerate(conversations(traces / "tls.pcap")):
    if number == 12:
        break
    write("tls", f"talk-{number:02}", b"".join(step(sender, data) for sender, data in talk)[:4000])
    if number == 0:
        hello = talk[0][1]
        write("tls", "gap", step(0, hello[:40]) + b"\0\0\10" + step(0, hello[40:]))
        write("tls", "reversed", step(1, hello) + b"\2" + step(0, hello))
        write("tls", "records", step(0, b"".join(b"\x16\3\1\0\1" + bytes([byte]) for byte in hello[5:205])))
write("tls", "empty-records", step(0, b"\x16\3\1\0\0" * 60))
write("tls", "long-handshake", step(0, b"\x16\3\1\x40\0\1\xff\xff\xff\3\3" + b"x" * 1400))
write("tls", "alert", step(0, b"\x15\3\3\0\2\2\x28"))

# SSH: the same, and what a server may say before its banner.
for number, talk in enumerate(conversations(traces / "ssh.pcap")):
    write("ssh", f"talk-{number:02}", b"".join(step(sender, data) for sender, data in talk)[:4000])
    if number == 0:
        banner, offer = talk[0][1], talk[2][1] + talk[3][1]
        write("ssh", "lines", step(1, b"Not here.\r\nNor there\n" + talk[1][1]) + step(0, banner + offer))
        write("ssh", "gap", step(0, banner + offer[:40]) + b"\0\0\50" + step(1, talk[1][1]))
        write("ssh", "gap-in-ignore", step(0, banner + b"\0\0\0\x40\x05\2" + b"i" * 20) + b"\0\0\10" + step(0, b"i" * 43 + offer))
        write("ssh", "reversed", step(1, banner) + b"\2" + step(0, offer))
write("ssh", "version-1", step(1, b"SSH-1.99-x\n") + step(0, b"SSH-1.5-y\r\n"))
write("ssh", "long-banner", step(0, b"SSH-2.0-" + b"x" * 300))
write("ssh", "long-packet", step(0, b"SSH-2.0-x\n\xff\xff\xff\xff\x14\x14") + step(1, b"SSH-2.0-y\n\0\0\1\0\4\x14" + b"\xff" * 250))


# SMTP: the same, commands sent ahead, chunks, and dots between lone newlines.
for number, talk in enumerate(conversations(traces / "smtp.pcap")):
    write("smtp", f"talk-{number:02}", b"".join(step(sender, data) for sender, data in talk)[:4000])
envelope = step(1, b"220 x ESMTP\r\n") + step(0, b"EHLO y\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n")
answers = step(1, b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n")
names = b"To: ann@a.example, \"B, b\" <b@b.example>,\r\n <c@c.example> (x), d@d.example;\r\nCc: undisclosed:;\r\n"
trail = b"Received: from a (b [192.0.2.1]) by c; Sat\r\nReceived: from [IPv6:2001:db8::1] (x [2001:db8::2])\r\nX-Originating-IP: [198.51.100.1]\r\n\r\n.\r\n"
write("smtp", "addresses", envelope + step(0, b"DATA\r\n") + answers + step(0, names + trail) + step(1, b"250 e\r\n"))
write("smtp", "chunks", envelope + step(0, b"BDAT 14\r\nSubject: x\r\n\r\nBDAT 5 LAST\r\n.\r\nx\nQUIT\r\n") + answers + step(1, b"250-b\r\n250 c\r\n550 f\r\n"))
write("smtp", "smuggling", envelope + step(0, b"DATA\r\n") + answers + step(0, b"To: e,\r\n f\r\n\r\n\n.\r\nMAIL FROM:<g@h>\r\n.\r\n") + step(1, b"250 i\r\n"))
write("smtp", "gap", envelope + step(0, b"DATA\r\nabc") + b"\0\0\100" + answers + step(1, b"250 e\r\n") + step(0, b"QUIT\r\n"))
write("smtp", "secrets", envelope + step(0, b"AUTH LOGIN\r\n") + step(1, b"334 x\r\n") + step(0, b"MAIL FROM:<s>\r\n") + b"\2" + step(1, b"STARTTLS\r\n") + step(0, b"235 a\r\n220 b\r\n"))


def datagrams(path):
    for frame in frames(path)[1]:
        if len(frame) > 42 and frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[14] == 0x45:
            yield 0 if frame[36:38] == b"\0\x35" else 1, frame[42:14 + struct.unpack_from(">H", frame, 16)[0]]


# DNS: the same messages as datagrams, and as streams.
messages = list(datagrams(traces / "dns.pcap"))
as_datagrams = [bytes([2 << 1 | sender, len(data)]) + data for sender, data in messages if len(data) < 256]
as_streams = [
    bytes([(len(data) + 2 >> 8) << 5 | 3 << 1 | sender, len(data) + 2 & 255]) + struct.pack(">H", len(data)) + data
    for sender, data in messages if len(data) < 2000]
for number in range(0, min(len(messages), 24), 4):
    write("dns", f"datagrams-{number:02}", b"".join(as_datagrams[number:number + 4]))
    write("dns", f"streams-{number:02}", b"".join(as_streams[number:number + 4]))
write("dns", "hole", as_streams[0][:20] + b"\0\0\x40" + as_streams[1] + b"\0\2\0" + as_streams[0])
write("dns", "loop", b"\4\x20" + b"\0\1\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\1\0\1\xc0\x0e\xc0\x0c\0\1\0\1\0\0\0\0\0\0")
write("dns", "reversed", as_streams[0] + b"\2" + as_streams[1])
subnet = b"\0\0\x29\x10\0\0\0\x80\0\0\x0b\0\x08\0\x07\0\1\x18\0\xc0\0\2"
write("dns", "subnet", b"\4\x2d" + b"\0\7\1\x20\0\1\0\0\0\0\0\1\3www\1a\0\0\1\0\1" + subnet)

# DTLS: each association's datagrams as far as they have room, and some by themselves.
talks = {}
for frame in frames(traces / "dtls.pcap")[1]:
    start = 14 + 20 if frame[12:14] == b"\x08\0" else 14 + 40
    ports = struct.unpack_from(">HH", frame, start)
    data = frame[start + 8:start + struct.unpack_from(">H", frame, start + 4)[0]]
    talks.setdefault(tuple(sorted(ports)), []).append((0 if ports[1] < ports[0] else 1, data))
for number, talk in enumerate(talks.values()):
    write("dtls", f"talk-{number}", b"".join(bytes([2 << 1 | sender, len(data)]) + data for sender, data in talk if len(data) < 256))
    write("dtls", f"turned-{number}", b"".join(bytes([2 << 1 | sender, len(data)]) + data + b"\2" for sender, data in talk[:4] if len(data) < 256))
write("dtls", "alert", b"\5\x0f" + b"\x15\xfe\xfd\0\0\0\0\0\0\0\1\0\2\2\x28")
# Databases: the conversations of their captures, and of each one whose roles are the other way round, and one with a hole.
for target in ("postgresql", "mysql", "redis", "mongodb"):
    talks = [talk for talk in conversations(traces / f"{target}.pcap") if len(talk) > 1]
    for number, talk in enumerate(talks[:12]):
        write(target, f"talk-{number:02}", b"".join(step(sender, data) for sender, data in talk)[:4000])
    steps = [step(sender, data) for sender, data in talks[0]]
    write(target, "reversed", step(1 - talks[0][0][0], talks[0][0][1]) + b"\2" + b"".join(steps[1:])[:4000])
    write(target, "hole", (b"".join(steps[:6]) + b"\0\0\10" + b"".join(steps[6:]))[:4000])
    write(target, "middle", b"".join(steps[4:])[:4000])
write("mysql", "lies", step(1, b"\4\0\0\0\3SET") + step(0, b"\1\0\0\1\xfe") + step(0, b"\xff\xff\xff\2\xfb"))
write("redis", "deep", step(0, b"*1\r\n$4\r\nPING\r\n") + step(1, b"*1\r\n%1\r\n|1\r\n" * 60))
write("redis", "push", step(0, b"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n") + step(1, b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" + b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"))
write("mongodb", "lies", step(0, struct.pack("<4IIBI", 40, 1, 0, 2013, 0, 0, 0x7FFFFFFF) + b"\2find\0\xff\xff\xff\x7fx\0\0\0\0"))
write("postgresql", "lies", step(0, b"\0\0\0\x0c\0\3\0\0user" + b"Q\x7f\xff\xff\xff" + b"Q\0\0\0\0"))
# QUIC: Initials as small as they get, which nobody could change without their keys; other packets as they come.
quic = {name: bytes.fromhex(digits) for name, digits in {
    "client": """
        c100000001088394c8f03e51570802c1c20040674846f4119acb7da3278ea54c95c78a74c7271617f6a25a1c17bc78b07e8b3413a01963f3765d116c45610938fb11f4f774e8
        0268f531e3ba78a4d1d08b38083a56d231368895668ead6e448d7fd8548d4187b431ec9ef8d2e06c0326353e90c52832c30ead29c0
        """,
    "server": """
        c60000000102c1c20351525300404da9aa3039b11b5ae993b2395ddcba1938bb28ead64a206d3c9d2c24308cfb8e6a9a253effe147465dfd030bf2670bf1d26a8f395a81a840
        b7ee6d7548b3ae5e7e1e7e238014d996c4746bebaded
        """,
    "first_half": """
        c000000001088394c8f03e51570802c1c2004041df41b411dcda7ce30fc2a64fd8c58b77c2201314fbad571f12bb7db363942910a51e66f07b521c6f40660c3be60fe9e47583
        206f753ebd5184619208fca399e0c7
        """,
    "second_half": """
        ce00000001088394c8f03e51570802c1c200404f7f6c7ab5fc349fdbd4fac181ba2d7ce62770668b8ba3d5600884ee2459e55e0d9317bebc9a2224dbe2812d2431518cfa2f2a
        09edc991de15407466364db839dae04947f908a85f2a451091bbc38d12
        """,
    "client_v2": """
        d86b3343cf088394c8f03e51570802c1c2004067ced4acde2e385e2932dcd0ebf2ad1b1264f09722b8f98ae1567b5e4162b29e2eba722f60f7328dfe14869022307e6b0b99aa
        0e29bef89f16d166ac44ad79e87034e0a0a54f4af3faef8054b6bcf5fa35c11b46d296c5cb070f39b962954443e5f80ec3278a9d7e
        """,
    "server_v2": """
        da6b3343cf02c1c2035152530040484599bea701586033791e4644133e40241a2fad4c3eb7eadf634b702d7227a020318062d148c337f363abcd73f8da2ef115f5f820f15ddb
        6dc267b22b2dfe2e0466c2860057914899
        """,
    "close": """
        c90000000102c1c203515253004019dcb47141b71832c6b2847249df8081982ed06f36a542e9d5c9
        """,
    "retry": """
        f00000000102c1c2089999999999999999746f6b656e5be856d332de5c78b0715385be1034f5
        """,
    "again": """
        cc0000000108999999999999999902c1c205746f6b656e4067f51ea785bc234cee226e025f7bc90528ebd94e539f4dda1d58691dbed5a8d6882c058735ca16b56cbdb38b3fc0
        7bf1bc21b88a0cbf7fe5e4053e8b10f0f5191ba94aa715cc0cf8212d8319aafcf5bf11c1771f73efe39cfff29e6d6c5876d1ff4dd89e9bc811ee
        """,
    "answer": """
        cd0000000102c1c2035152530040485d85d244276fdf994c888bc0100e29002f188d775c98b14834d1ddc21cd36abe7a7b2bbda9041a567e4bceb9164ec4061c459243c94e5f
        7a4ec817720409ca8961633dbf42fe6086
        """,
}.items()}
quic["early"] = b"\xd0\0\0\0\1\x08" + quic["client"][6:14] + b"\2\xc1\xc2\x14" + b"z" * 20
quic["handshake"] = b"\xe0\0\0\0\1\2\xc1\xc2\3QRS\x14" + b"h" * 20
quic["negotiation"] = b"\xca\0\0\0\0\2\xc1\xc2\x08" + quic["client"][6:14] + b"\x1a\x2a\x3a\x4a\0\0\0\1\x6b\x33\x43\xcf"
quic["google"] = b"\x0d12345678Q043" + b"g" * 20
quic["short"] = b"\x41" + b"s" * 30
for name, talk in {
    "hellos": "0client 1server", "v2": "0client_v2 1server_v2", "halves": "0second_half 0first_half 0early 1server", "retry": "0client 1retry 0again 1answer",
    "close": "0client 1close", "negotiation": "1negotiation 0client 1server", "middle": "1handshake 0short 1server 0client", "google": "0google",
    "reversed": "1client - 1server", "changes": "0client 0client_v2 0again 1server_v2 1answer", "coalesced": "0early+first_half+second_half 1server+handshake",
}.items():
    seed = b""
    for one in talk.split():
        if one == "-":
            seed += b"\2"
            continue
        data = b"".join(quic[part] for part in one[1:].split("+"))[:255]
        seed += bytes([2 << 1 | int(one[0]), len(data)]) + data
    write("quic", name, seed)


# QUIC before it is protected: kinds, IDs and versions in QUICFramesInput's order.
def variable(value):
    for size, bits in ((1, 6), (2, 14), (4, 30), (8, 62)):
        if value < 1 << bits:
            return (value | (size.bit_length() - 1) << 8 * size - 2).to_bytes(size, "big")


def extension(kind, content):
    return struct.pack(">HH", kind, len(content)) + content


def hello(kind, content):
    return bytes([kind]) + struct.pack(">I", len(content))[1:] + content


def crypto(data, start=0, kind=6):
    return bytes([kind]) + variable(start) + variable(len(data)) + data


def plain(payload, sender=0, kind=0, joins=0, version=0, to=None, keys=0, turned=0, odd=0, length=2, number=0):
    to = sender if to is None else to
    return bytes([sender | kind << 1 | joins << 4 | version << 5, to | keys << 2 | turned << 4 | odd << 5 | length - 1 << 6, number]) \
        + struct.pack(">H", len(payload)) + payload


parts = extension(0, b"\0\x12\0\0\x0fwww.example.org") + extension(16, b"\0\3\2h3") + extension(43, b"\2\3\4") + extension(10, b"\0\2\0\x1d") \
    + extension(13, b"\0\2\4\3") + extension(51, b"\0\x26\0\x1d\0\x20" + b"k" * 32) + extension(57, b"\4\4\x80\0\xff\xff") + extension(0xFE0D, b"\0" * 10)
client = hello(1, b"\3\3" + bytes(range(32)) + b"\0\0\4\x13\1\x13\2\1\0" + struct.pack(">H", len(parts)) + parts)
chosen = extension(43, b"\3\4") + extension(51, b"\0\x1d\0\x20" + b"s" * 32)
server = hello(2, b"\3\3" + bytes(range(32, 64)) + b"\0\x13\1\0" + struct.pack(">H", len(chosen)) + chosen)
retry = hello(2, b"\3\3" + bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c") + b"\0\x13\1\0\0\6" + extension(43, b"\3\4"))
answer, closing = plain(b"\2\0\0\0\0" + crypto(server), 1), b"\x1c\x41\x28\6\3why"
for name, seed in {
    "hellos": plain(crypto(client)) + answer,
    "padded": plain(b"\1" + b"\0" * 40 + crypto(client) + b"\0" * 200) + answer,
    "versions": b"".join(plain(crypto(client, kind=8 if version == 4 else 6), version=version) + plain(crypto(server), 1, version=version) for version in (1, 2, 3, 4)),
    "shuffled": plain(b"".join(crypto(client[place:place + 9], place) for place in reversed(range(0, len(client), 9)))) + answer,
    "bytes": plain(b"".join(crypto(client[place:place + 1], place) for place in range(len(client)))) + answer,
    "packets": plain(crypto(client[100:], 100), number=1) + plain(crypto(client[:60])) + plain(crypto(client[50:110], 50), joins=1, number=2) + answer,
    "overlaps": plain(crypto(client[:90]) + crypto(b"x" * 30, 70) + crypto(client[80:], 80)) + answer,
    "far": plain(crypto(b"x", 2 ** 62 - 1) + crypto(b"y", 16383) + crypto(b"z", 65535) + crypto(client)) + answer,
    "retry": plain(crypto(client[:50])) + plain(b"token", 1, kind=3, to=3) + plain(crypto(client), to=3, keys=3, odd=1, number=1) + plain(crypto(server), 1, keys=3),
    "forged-retry": plain(crypto(client)) + plain(b"token", 1, kind=3, to=3, odd=1) + answer,
    "hello-retry": plain(crypto(client)) + plain(crypto(retry), 1) + plain(crypto(client, len(client)), number=1) + plain(crypto(server, len(retry)), 1, number=1),
    "again": plain(crypto(client)) + plain(crypto(client[:8] + b"other" + client[13:]), to=3, keys=3) + plain(crypto(server), 1, keys=3),
    "negotiation": plain(crypto(client), version=7) + plain(b"\0\1\x0f", 1, kind=4, to=0) + plain(crypto(client)) + answer,
    "changes": plain(crypto(client)) + plain(crypto(server), 1, version=1),
    "early": plain(b"z" * 40, kind=5, odd=1) + plain(crypto(client)) + plain(b"z" * 40, kind=5, odd=1, joins=1) + plain(b"h" * 40, 1, kind=5) + plain(b"s" * 30, kind=6) + answer,
    "wrong-keys": b"".join(plain(crypto(client), keys=1, number=number) for number in range(18)) + plain(crypto(client)) + answer,
    "close": plain(crypto(client)) + plain(b"\3\5\0\1\0\0\1\1\2\3" + closing, 1),
    "turned": plain(crypto(client), 1, turned=1, to=0) + b"\x0e\0\0\0\0" + plain(crypto(server), 1, to=1),
    "stray": plain(b"\1", 1, number=200, length=1) + plain(crypto(client), length=4, number=0xFD) + answer,
    "no-hello": plain(crypto(hello(11, b"cert") + client) + b"\x08oops") + answer,
}.items():
    write("quicFrames", name, seed)
# HTTP: the conversations of the captures, and hand-made ones.
for name in ("http", "http-nginx"):
    for number, talk in enumerate(conversations(traces / f"{name}.pcap")):
        write("http", f"{name}-{number:02}", b"".join(step(sender, data[:600]) for sender, data in talk if data[:1].isalpha())[:3000])
get, ok = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"
chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3;a=b\r\nabc\r\n1F\r\n" + b"x" * 31 + b"\r\n0\r\nA: b\r\n\r\n"
write("http", "pipelined", step(0, get * 20) + step(1, (ok + b"12345678") * 20))
write("http", "chunked", step(0, chunked) + step(1, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n"))
write("http", "hole-in-body", step(0, get) + step(1, ok + b"12") + b"\1\0\6" + step(0, get) + step(1, ok))
write("http", "hole-beyond", step(0, get) + step(1, ok + b"12") + b"\1\1\0" + step(1, b"abc HTTP/1.1 2\n" + ok) + b"\0\0\7" + step(0, b"x\n" + get))
write("http", "folded", step(0, b"GET / HTTP/1.0\nA: b\n c\n\td\nE : f\ng\n\n"))
write("http", "simple", step(0, b"GET /\r\n") + step(1, b"<html>"))
write("http", "tunnel", step(0, b"CONNECT a:1 HTTP/1.1\r\n\r\n") + step(1, b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"))
write("http", "reversed", step(0, get[:9]) + b"\2" + step(1, get[9:]) + step(0, ok))
# HTTP/2: the conversations of the capture from where HTTP/2 begins, and hand-made frames.
def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


for number, talk in enumerate(conversations(traces / "http2.pcap")):
    talk = [(sender, data) for sender, data in talk if not data.startswith((b"GET", b"HTTP/1.1"))]
    write("http2", f"talk-{number:02}", b"".join(step(sender, data) for sender, data in talk)[:4000])
start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"\0\3\0\0\0\x64")
request = b"\x82\x86\x44\x05/path\x41\x0bexample.org\x40\x01x\x85\xf2\xb2\x4a\x84\xff"
settings = frame(4, 0, 0, b"\0\1\0\0\x20\0") + frame(4, 1, 0)
write("http2", "continued", step(0, start + frame(1, 1, 1, request[:9]) + frame(9, 0, 1) + frame(9, 4, 1, request[9:])) + step(1, settings + frame(1, 5, 1, b"\x88")))
write("http2", "padded", step(0, start + frame(1, 0x2C, 1, b"\3\0\0\0\0\x0f" + request + b"\0" * 3) + frame(0, 9, 1, b"\2ab\0\0")) + step(1, settings + frame(3, 0, 1, b"\0\0\0\x08")))
write("http2", "pushed", step(0, start + frame(1, 5, 1, request)) + step(1, settings + frame(5, 4, 1, b"\0\0\0\2" + request) + frame(1, 5, 2, b"\x88") + frame(7, 0, 0, b"\0" * 8)))
write("http2", "tables", step(0, start + frame(1, 5, 1, b"\x20\x3f\xe1\x1f" + request) + frame(1, 5, 3, b"\xbe\xbf\xc0" + request) + frame(1, 5, 5, b"\x3f\x21" + request)))
write("http2", "hole", step(0, start + frame(1, 5, 1, request)) + step(1, settings + frame(0, 0, 1, b"z" * 40)[:20]) + b"\1\0\x10" + step(1, b"z" * 13 + frame(1, 5, 1, b"\x88")))
write("http2", "large-hole", step(0, start + frame(1, 5, 1, request)) + step(1, settings) + b"\1\1\0" + step(1, b"zzz" + frame(1, 5, 1, b"\x88\xbe")))
write("http2", "joined", step(0, frame(1, 5, 7, request)) + step(1, frame(1, 4, 7, b"\x88\xc1") + frame(0, 1, 7, b"body")))
# Huffman's codes of more than eight bits: of what is no letter.
coded = b"\xff\xc7\xff\xf5\xff\xfe\x3f\xff\xff\x3f"
write("http2", "long-codes", step(0, start + frame(1, 5, 1, request + b"\0\1y" + bytes([0x80 | len(coded)]) + coded) + frame(1, 5, 3, request + b"\0\1y\x84\xff\xf5\xff\x7f")))
write("http2", "reversed", step(1, start + frame(1, 5, 1, request)) + b"\2" + step(1, settings + frame(1, 5, 1, b"\x88")))
# DHCP and NTP: datagrams of up to 255 bytes, which a DHCP message fits into with few options.
def one(sender, data):
    return bytes([2 << 1 | sender, len(data)]) + data


def dhcp(kind, options=b"", sender=0, number=7, names=b"", file=b""):
    head = struct.pack(">BBBBIHH", 1 + sender, 1, 6, 0, number, 0, 0) + b"\0" * 4 + b"\xc0\0\2\x09" * sender + b"\0" * (12 - 4 * sender) + b"\2\0\0\0\0\1" + b"\0" * 10
    return one(sender, head + names.ljust(64, b"\0") + file.ljust(128, b"\0") + b"\x63\x82\x53\x63\x35\1" + bytes([kind]) + options)


write("dhcp", "lease", dhcp(1, b"\x0c\3abc\xff") + dhcp(2, b"\x36\4\xc0\0\2\1\xff", 1) + dhcp(3, b"\x32\4\xc0\0\2\x09") + dhcp(5, b"\x33\4\0\0\0\x3c", 1))
write("dhcp", "inform", dhcp(8, b"\x37\2\1\3\x3c\4test\xff") + dhcp(5, b"\1\4\xff\xff\xff\0\xff", 1))
write("dhcp", "two", dhcp(1, number=1) + dhcp(1, number=2) + dhcp(2, b"\xff", 1, number=2) + dhcp(2, b"\xff", 1, number=1))
write("dhcp", "overload", dhcp(1, b"\x34\1\3\xff", names=b"\x0c\3abc\xff", file=b"\x3c\2xy"))
write("dhcp", "cut", dhcp(3, b"\x51\x20\4") + dhcp(7, b"\x51\7\4\0\0\3abc"))
for number, data in enumerate(frame[42:] for frame in frames(traces / "ntp.pcap")[1] if frame[12:14] == b"\x08\0"):
    write("ntp", f"message-{number}", one(number % 2, data))
write("ntp", "tails", one(1, b"\x24" + b"\1" * 47 + b"\1\4\0\x1c" + b"x" * 24 + b"\0\0\0\1" + b"m" * 20) + one(0, b"\x1b" + b"\0" * 47 + b"\0\0\0\0"))
write("ntp", "private", one(1, b"\xd7\0\3\x2a\0\2\0\x48" + b"i" * 144) + one(1, b"\x16\x82\0\1\0\0\0\0\0\0\0\4a=b\n"))

# SIP: what SIPp said over TCP, and short messages by hand, of which datagrams have at most 255 bytes.
def sent(sender, data):
    return bytes([len(data) >> 8 << 5 | 3 << 1 | sender, len(data) & 255]) + data


for number, data in enumerate(frame[66:] for frame in frames(traces / "sip.pcap")[1] if frame[12:14] == b"\x08\0" and frame[23] == 6 and len(frame) > 66):
    write("sip", f"message-{number:02}", sent(number % 2, data))


def sip(line, more=b"", body=b"", method=None, number=1):
    method = method or line.split()[0]
    return (line + b"\r\nVia: x;branch=%d\r\nf:<sip:a:p@b>;tag=1\r\nTo:sip:c\r\ni:%d\r\nCSeq: %d %s\r\n" % (number, number, number, method) + more
            + (b"c:application/sdp\r\nl:%d\r\n\r\n" % len(body) if body else b"\r\n") + body)


invite, ok = sip(b"INVITE sip:a SIP/2.0", body=b"c=IN IP4 192.0.2.1\r\nm=audio 9 x\r\n"), sip(b"SIP/2.0 200 OK", method=b"INVITE")
write("sip", "call", one(0, invite) + one(0, invite) + one(1, sip(b"SIP/2.0 180 R", method=b"INVITE")) + one(1, ok) + one(1, ok) + one(0, sip(b"ACK sip:a SIP/2.0")))
write("sip", "stream", sent(0, b"\r\n".join([invite, sip(b"BYE sip:a SIP/2.0", number=2)])) + sent(1, ok + sip(b"SIP/2.0 481 No", number=2, method=b"BYE")))
write("sip", "secrets", sent(0, sip(b"REGISTER sip:a:b@c SIP/2.0", b"Authorization: Digest realm=\"a, b\", username=\"u\",\r\n response=\"s\"\r\nproxy-authorization: Basic x\r\n")))
write("sip", "hole", sent(0, invite[:-20]) + b"\0\0\x0a" + sent(0, invite[-10:] + sip(b"INFO sip:a SIP/2.0", number=3)) + b"\0\1\0" + sent(0, b"x\r\n" + invite))
write("sip", "strays", sent(0, invite + b"garbage\nSIP/2.0 \r\n" + sip(b"INFO sip:a SIP/2.0", number=3)) + b"\2" + sent(1, ok))
write("sip", "keepalives", one(0, invite) + one(0, b"\r\n\r\n") + one(1, b"\0\1\0\0\x21\x12\xa4\x42" + b"t" * 12) + one(1, b"what?") + one(1, b"\r\n" + ok[:-9]))

# Capture files: the beginnings of those there are, and hand-made ones of either byte order.
for path in sorted(traces.glob("*.pcap*")):
    write("file", path.stem, path.read_bytes()[:3000])


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def interface(order, *options, snap=0, link=1):
    body = struct.pack(order + "HHI", link, 0, snap)
    for code, value in options:
        body += struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)
    return block(order, 1, body)


for order, name in (("<", "little"), (">", "big")):
    section = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    packets = b"".join(block(order, 6, struct.pack(order + "5I", number, 1, 2, 20, 30) + b"p" * 20) for number in range(3))
    old = block(order, 2, struct.pack(order + "HHIIII", 0, 0, 1, 2, 5, 5) + b"o" * 5) + block(order, 3, struct.pack(order + "I", 9) + b"s" * 9)
    clocks = interface(order, (9, b"\x09")) + interface(order, (9, b"\xbf"), (14, b"\1" * 8), (0, b"")) + interface(order, (2, b"eth0"), snap=64, link=101)
    write("file", f"blocks-{name}", section + clocks + packets + old + block(order, 0xBAD, b"x" * 40) + section + interface(order) + old)
    write("file", f"no-interface-{name}", section + interface(order) + section + packets)
    for magic in (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34):
        header = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 24, 1)
        records = b"".join(struct.pack(order + "4I", 2 ** 32 - 1, number, length, 40) + b"r" * length for number, length in enumerate((0, 24, 30, 1)))
        write("file", f"records-{magic:x}-{name}", header + records + struct.pack(order + "4I", 0, 0, 262145, 1))
