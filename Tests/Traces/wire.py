#!/usr/bin/env python3
"""A wire in user space between two network namespaces, for what the kernel at hand may lack (802.1Q devices, sch_netem).

usage: wire.py NAMESPACE_A ADDRESS_A NAMESPACE_B ADDRESS_B [--tags TPID:VLAN,…] [--trouble SEED] [--tun] [--mirror DEVICE]

Makes a tap device in each namespace (tun with --tun) and carries frames between them until it is killed. --mirror copies each
frame to a device in the namespace this runs in, with the tags pushed, as a mirror port of a switch would. --trouble loses, holds
back and doubles frames: half of the losses happen before the mirror sees the frame, half after.
"""
import argparse, fcntl, os, random, select, socket, struct, subprocess

TUNSETIFF, TUN, TAP, NO_INFO = 0x400454CA, 1, 2, 0x1000


def device(name, mode, namespace, address):
    wire = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(wire, TUNSETIFF, struct.pack("16sH22x", name.encode(), mode | NO_INFO))
    subprocess.run(["ip", "link", "set", name, "netns", namespace, "name", "wire0"], check=True)
    inside = ["ip", "-n", namespace]
    subprocess.run(inside + ["address", "add", address, "dev", "wire0"], check=True)
    # The last number of the address makes the hardware address, so that neighbours need no asking.
    if mode == TAP:
        subprocess.run(inside + ["link", "set", "wire0", "address", hardware(address)], check=True)
    subprocess.run(inside + ["link", "set", "wire0", "up"], check=True)
    return wire


def hardware(address):
    return "02:00:00:00:00:%02x" % int(address.split("/")[0].split(".")[3])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ends", nargs=4)
    parser.add_argument("--tags", default="")
    parser.add_argument("--trouble", type=int)
    parser.add_argument("--tun", action="store_true")
    parser.add_argument("--mirror")
    options = parser.parse_args()
    mode = TUN if options.tun else TAP
    ends = [(options.ends[0], options.ends[1]), (options.ends[2], options.ends[3])]
    wires = [device("w%d%s" % (os.getpid(), "ab"[i]), mode, *ends[i]) for i in (0, 1)]
    tags = b"".join(struct.pack(">HH", int(t.split(":")[0], 16), int(t.split(":")[1])) for t in options.tags.split(",") if t)
    mirror = None
    if options.mirror:
        mirror = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        mirror.bind((options.mirror, 0))
    luck = random.Random(options.trouble)
    held = []  # [frames to wait for, wire, frame]

    def show(frame):
        if mirror:
            mirror.send(frame[:12] + tags + frame[12:])

    def deliver(wire, frame):
        show(frame)
        os.write(wire, frame)

    while True:
        ready, _, _ = select.select(wires, [], [], 0.05)
        if not ready:  # silence: whatever is held back comes now
            for _, wire, frame in held:
                deliver(wire, frame)
            held.clear()
        for wire in ready:
            frame = os.read(wire, 65536)
            other = wires[1 - wires.index(wire)]
            fate = luck.random() if options.trouble is not None and len(frame) > 200 else 1
            if fate < 0.05:
                continue
            elif fate < 0.09:
                show(frame)
            elif fate < 0.17:
                held.append([luck.randint(1, 4), other, frame])
                continue
            else:
                deliver(other, frame)
                if fate < 0.20:
                    deliver(other, frame)
            for late in held:
                late[0] -= 1
            for _, where, frame in [late for late in held if late[0] <= 0]:
                deliver(where, frame)
            held[:] = [late for late in held if late[0] > 0]


main()
