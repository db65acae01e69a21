#!/usr/bin/env python3
"""Measures Fovea beside programs that do a part of what it does, on the same capture and in the same run.

Files: CPU time (user and system, of all threads) from a program's start to its end, the best of some runs, as packets a second of it. Each program is asked
for records of all flows and for nothing more; what it does besides is said with it. Memory: how fast packets of a capture that is replayed from memory are
received and freed (net_pcap's infinite_rx), by DPDK's testpmd and by `bench`. What is not installed is left out, and named.
"""
import argparse, json, os, re, shutil, socket, statistics, struct, subprocess, sys, tempfile, time

# Name, program, Debian package, what it does; the arguments for a capture and a folder to write to.
PEERS = [
    ('Fovea', None, None, 'connection records, as JSON lines',
     lambda capture, folder: ['run', '--capture', capture, '--subscription', 'connection_log', '--output', folder, '--quiet']),
    ('softflowd', 'softflowd', 'softflowd', 'flow records, sent as IPFIX to a socket',
     lambda capture, folder: ['-r', capture, '-n', f'127.0.0.1:{COLLECTOR.getsockname()[1]}', '-v', '10', '-6', '-d', '-m', '1000000',
                              '-p', f'{folder}/pid', '-c', 'none']),
    ('nfpcapd', 'nfpcapd', 'nfdump', 'flow records, to files', lambda capture, folder: ['-r', capture, '-w', folder]),
    ('argus', 'argus', 'argus-server', 'flow records, to a file', lambda capture, folder: ['-X', '-r', capture, '-w', f'{folder}/argus']),
    ('ndpiReader', 'ndpiReader', 'libndpi-bin', 'flow records as CSV, and each flow\'s application',
     lambda capture, folder: ['-q', '-i', capture, '-C', f'{folder}/csv']),
    ('tshark', 'tshark', 'tshark', 'TCP and UDP conversations; it reads all protocols',
     lambda capture, folder: ['-n', '-q', '-r', capture, '-z', 'conv,tcp', '-z', 'conv,udp']),
]
SECONDS_OF_TESTPMD = 5
# Packets.
LONGEST_IN_MEMORY = 20_000
# Nanoseconds: a capture that was put together from several has gaps of years.
LONGEST_PAUSE = 10_000_000
# Reads nothing: what it has no room for the kernel drops.
COLLECTOR = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
COLLECTOR.bind(('127.0.0.1', 0))


def records(path):
    """The frames of a pcap file: time in its own units, length on the wire, bytes."""
    with open(path, 'rb') as file:
        header = file.read(24)
        order = '<' if header[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
        if struct.unpack(order + 'I', header[:4])[0] not in (0xa1b2c3d4, 0xa1b23c4d):
            sys.exit(f'{path}: expected a pcap file')
        per_second = 10**9 if struct.unpack(order + 'I', header[:4])[0] == 0xa1b23c4d else 10**6
        while len(head := file.read(16)) == 16:
            seconds, fraction, captured, wire = struct.unpack(order + 'IIII', head)
            yield seconds * 10**9 + fraction * (10**9 // per_second), wire, file.read(captured)


def repeat(path, count, out):
    """Writes a capture so often that it has so many packets: each copy behind the one before, with IPv4 addresses of its own. Long pauses are cut."""
    frames = list(records(path))
    link = struct.unpack('<I' if open(path, 'rb').read(1)[0] in (0xd4, 0x4d) else '>I', open(path, 'rb').read(24)[20:])[0]
    now = 1_700_000_000 * 10**9
    with open(out, 'wb', buffering=1 << 22) as file:
        file.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, link))
        for number in range(count):
            copy, place = divmod(number, len(frames))
            moment, wire, data = frames[place]
            # The second and third byte of both addresses.
            if copy and link == 1 and len(data) >= 34 and data[12:14] == b'\x08\x00':
                data = bytearray(data)
                for offset in (27, 31):
                    data[offset] ^= copy >> 8 & 255
                    data[offset + 1] ^= copy & 255
            now += min(max(0, moment - frames[place - 1][0]), LONGEST_PAUSE)
            file.write(struct.pack('<IIII', now // 10**9, now % 10**9, len(data), wire) + data)


def count_packets(path):
    return sum(1 for _ in records(path))


def cpu_seconds(command):
    """Runs a command; gives its CPU time, or why there is none."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == 0:
            return usage.ru_utime + usage.ru_stime, None
        errors.seek(0)
        last = errors.read().decode(errors='replace').strip().splitlines()[-1:]
        return None, f'exits with {process.returncode}: {"".join(last)}'


def measure_files(options, capture, packets):
    """Each peer in turn, so often, so that what else goes on disturbs them alike."""
    rows = []
    for name, program, package, does, arguments in PEERS:
        path = options.fovea if program is None else shutil.which(program, path=os.environ['PATH'] + ':/usr/sbin:/sbin')
        row = {'name': name, 'does': does, 'package': package, 'path': path, 'arguments': arguments, 'seconds': []}
        if path is None:
            row['missing'] = f'not installed: Debian package {package}'
        rows.append(row)
    for _ in range(options.rounds):
        for row in rows:
            if 'missing' in row:
                continue
            with tempfile.TemporaryDirectory() as folder:
                seconds, failure = cpu_seconds([row['path']] + row['arguments'](capture, folder))
            if failure:
                row['missing'] = failure
            else:
                row['seconds'].append(seconds)
    if 'missing' in rows[0]:
        sys.exit(f'{options.fovea} {rows[0]["missing"]}')
    ours = min(rows[0]['seconds'])
    for row in rows:
        seconds = row.pop('seconds')
        del row['arguments'], row['path']
        if 'missing' in row:
            continue
        row['cpu_seconds'] = min(seconds)
        row['packets_per_cpu_second'] = packets / row['cpu_seconds']
        row['ours_to_theirs'] = row['cpu_seconds'] / ours
    return rows


def testpmd_rate(capture):
    """Packets a second that testpmd receives and frees on one core, or why that is not known."""
    testpmd = shutil.which('dpdk-testpmd')
    if testpmd is None:
        return None, 'not installed: Debian package dpdk'
    sizes = [len(data) for _, _, data in records(capture)]
    room, mbufs = max(2048, (max(sizes) + 63) // 64 * 64) + 128, len(sizes) + 4096
    memory = str((mbufs * (room + 256) >> 20) + 128)
    command = [testpmd, '--lcores', f'0@0,1@{1 % os.cpu_count()}', '--no-huge', '--no-pci', '--no-shconf', '--no-telemetry', '-m', memory,
               '--vdev', f'net_pcap0,rx_pcap={capture},infinite_rx=1', '--', '--forward-mode=rxonly', '--auto-start', '--stats-period', '1',
               f'--mbuf-size={room}', f'--total-num-mbufs={mbufs}', '--mbcache=256']
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        time.sleep(SECONDS_OF_TESTPMD)
    finally:
        process.terminate()
        try:
            text, _ = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            text, _ = process.communicate()
    rates = [int(rate) for rate in re.findall(r'Rx-pps:\s+(\d+)', text.decode(errors='replace')) if int(rate) > 0]
    return (statistics.median(rates), None) if rates else (None, 'printed no rate: ' + ''.join(text.decode(errors='replace').strip().splitlines()[-1:]))


def bench_rate(options, capture):
    with tempfile.TemporaryDirectory() as folder:
        command = [options.bench, capture, '--scenario', 'free', '--rounds', '5', '--json', f'{folder}/json']
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return json.load(open(f'{folder}/json'))[0]['packets_per_second']


def measure_memory(options, folder):
    # No longer than mbufs for all of it can be had everywhere.
    capture = f'{folder}/short.pcap'
    repeat(options.capture, min(count_packets(options.capture), LONGEST_IN_MEMORY), capture)
    ours = bench_rate(options, capture)
    theirs, missing = testpmd_rate(capture)
    row = {'name': 'testpmd rxonly', 'does': 'receives and frees', 'package': 'dpdk', 'ours_packets_per_second': ours}
    row.update({'missing': missing} if missing else {'packets_per_second': theirs, 'ours_to_theirs': ours / theirs})
    return row


def show(result):
    print(f'{result["capture"]}: {result["packets"]:,} packets, {result["bytes"]:,} bytes; the best of {result["rounds"]}')
    print(f'{"":20}{"CPU seconds":>12}{"Mpackets/CPU s":>16}{"Fovea : it":>12}   what it does')
    for row in result['files']:
        if 'missing' in row:
            print(f'{row["name"]:20}{"":40}   {row["missing"]}')
        else:
            print(f'{row["name"]:20}{row["cpu_seconds"]:12.2f}{row["packets_per_cpu_second"] / 1e6:16.2f}{row["ours_to_theirs"]:12.2f}   {row["does"]}')
    row = result['memory']
    theirs = row.get('missing') or f'{row["packets_per_second"] / 1e6:.1f}, ours : its {row["ours_to_theirs"]:.2f}'
    print(f'received and freed from memory, Mpackets/s: bench {row["ours_packets_per_second"] / 1e6:.1f}; {row["name"]} {theirs}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('capture', help='a pcap file')
    parser.add_argument('--repeat', type=int, metavar='PACKETS', help='repeat it until it has so many packets')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--fovea', default='.build/release/fovea')
    parser.add_argument('--bench', default='.build/release/bench')
    parser.add_argument('--json', metavar='FILE', help='write what was measured there, too')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        capture = options.capture
        if options.repeat:
            capture = f'{folder}/capture.pcap'
            repeat(options.capture, options.repeat, capture)
        packets = count_packets(capture)
        result = {
            'capture': os.path.basename(options.capture) + (', repeated' if options.repeat else ''), 'packets': packets, 'bytes': os.path.getsize(capture),
            'rounds': options.rounds, 'files': measure_files(options, capture, packets), 'memory': measure_memory(options, folder),
        }
    show(result)
    if options.json:
        with open(options.json, 'w') as file:
            json.dump(result, file, indent=1)


if __name__ == '__main__':
    main()
