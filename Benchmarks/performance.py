#!/usr/bin/env python3
"""Runs all benchmarks and writes a page of what they say. The numbers are the machine's at that time: it should have nothing else to do."""
import argparse, datetime, json, os, platform, subprocess, sys, tempfile

import peers

LONG_CAPTURE = 1_000_000


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ''


def measured(*command):
    """What a command that knows --json measured. One that found a bound missed says so with its status, and has measured all the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/json'
        print('+', *command, flush=True)
        status = subprocess.run([*command, '--json', path]).returncode
        if not os.path.exists(path):
            sys.exit(f'{command[0]} exits with {status}')
        with open(path) as file:
            return json.load(file)


def table(heading, rows):
    lines = ['| ' + ' | '.join(heading) + ' |', '|---' * len(heading) + '|']
    return '\n'.join(lines + ['| ' + ' | '.join(row) + ' |' for row in rows]) + '\n'


def machine():
    cpu = next((line.split(':', 1)[1].strip() for line in output('lscpu').splitlines() if line.startswith('Model name')), platform.machine())
    swift = output('swift', '--version').splitlines()
    swift = next((line for line in swift if 'Swift version' in line), '').split('version ')[-1].split(' ')[0]
    commit = output('git', 'rev-parse', '--short', 'HEAD') + (' and changes' if output('git', 'status', '--porcelain', '--untracked-files=no') else '')
    return table(['', ''], [
        ['machine', f'{cpu}, {os.cpu_count()} cores, {os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30:.0f} GiB'],
        ['software', f'{platform.system()} {platform.release()}, DPDK {output("pkg-config", "--modversion", "libdpdk")}, Swift {swift}'],
        ['commit', commit], ['date', datetime.date.today().isoformat()], ['command', '`make performance`']])


def stages(rows, counts):
    counts = {row['scenario']: row for row in counts}
    lines = []
    for row in rows:
        count = counts.get(row['scenario'])
        lines.append([row['title'], f'{row["cycles_per_packet"]:.0f}', f'{row["packets_per_second"] / 1e6:.1f} M', f'{row["bits_per_second"] / 1e9:.1f}',
                      f'{row["ratio"]:.3f}', f'{count["above_receiving"]:.0f}' if count else '', f'{count["allocations_per_packet"]:.2f}' if count else '',
                      f'{row["burst_seconds"]["p99"] * 1e6:.1f}'])
    heading = ['', 'cycles a packet', 'packets a second', 'Gbit/s', 'ratio', 'instructions above receiving', 'allocations a packet', 'burst, 99 %, µs']
    return table(heading, lines)


def files(rows):
    return table(['', 'ns a packet', 'packets a second', 'at best'],
                 [[row['stage'], f'{row["seconds"] / row["packets"] * 1e9:.1f}', f'{row["packets"] / row["seconds"] / 1e6:.2f} M',
                   f'{row["packets"] / row["best_seconds"] / 1e6:.2f} M'] for row in rows])


def beside(result):
    lines = []
    for row in result['files']:
        numbers = [row['missing'], '', ''] if 'missing' in row else [
            f'{row["cpu_seconds"]:.2f}', f'{row["packets_per_cpu_second"] / 1e6:.2f} M', f'{row["ours_to_theirs"]:.2f}']
        lines.append([row['name'], row['does'], *numbers])
    text = table(['', 'what it does', 'CPU seconds', 'packets a CPU second', 'Fovea : it'], lines)
    row = result['memory']
    theirs = row.get('missing') or f'{row["packets_per_second"] / 1e6:.1f} M; ours : its {row["ours_to_theirs"]:.2f}'
    return text + f'\nReceived and freed a second from memory: `bench` {row["ours_packets_per_second"] / 1e6:.1f} M, {row["name"]} {theirs}.\n'


def name(path):
    return os.path.basename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('capture', help='a capture of few flows')
    parser.add_argument('mixed', help='one of many protocols')
    parser.add_argument('page', help='where the page goes')
    parser.add_argument('--bench', default='.build/release/bench')
    parser.add_argument('--quick', action='store_true', help='shorter, with numbers that are worth less, and without millions of flows')
    options = parser.parse_args()
    bench = options.bench
    pace = ['--rounds', '3', '--seconds', '0.05'] if options.quick else []
    here = os.path.dirname(os.path.abspath(__file__))

    few = measured(bench, options.capture, *pace)
    counts = measured(bench, options.capture, '--counts')
    paths = ['--scenario', 'packets', '--scenario', 'records', '--scenario', 'names']
    mixed = measured(bench, options.mixed, *paths, *pace)
    mixed_counts = measured(bench, options.mixed, *paths, '--counts')
    filters = measured(bench, options.mixed, '--filters', *pace)
    many = [] if options.quick else measured(bench, '--flows')
    flood = measured(bench, '--scenario', 'syn-flood', *pace)[-1]
    endurance = measured(bench, '--endurance')
    with tempfile.TemporaryDirectory() as folder:
        long = f'{folder}/long.pcap'
        peers.repeat(options.mixed, LONG_CAPTURE, long)
        read = measured(bench, long, '--file', '--rounds', '3' if options.quick else '9')
    others = measured(f'{here}/peers.py', options.mixed, '--repeat', str(LONG_CAPTURE), '--rounds', '1' if options.quick else '3')

    parts = [
        '# Performance\n\nWhat Fovea costs, as measured on one machine. This page is written by `make performance`; the numbers change with the machine.\n',
        '## Overview\n', machine(),
        '## Stages\n',
        f'One core; `{name(options.capture)}` replayed from memory with `net_pcap`\'s `infinite_rx`, and what is named otherwise. The ratio is to '
        'receiving and freeing alone on the same packets in the same run. Instructions and allocations are callgrind\'s.\n', stages(few, counts),
        f'The same on `{name(options.mixed)}`, of many protocols.\n', stages(mixed, mixed_counts),
    ]
    if many:
        parts += ['## Many flows\n', 'A packet of each flow, in random order: each one\'s connection is a cache miss.\n', stages(many, [])]
    parts += [
        '## Large filters\n', f'On `{name(options.mixed)}`.\n', stages(filters, []),
        '## A SYN flood\n',
        f'A table of 1,000,000 that is full, a tenth of it established connections; each packet is a SYN of a tuple that has not been before. '
        f'{flood["new_connections_per_second"] / 1e6:.2f} M new connections a second, {1e9 / flood["new_connections_per_second"]:.0f} ns each, making '
        f'their packets left out; established connections given up: {flood["lost_connections"]}.\n',
        '## Endurance\n',
        table(['', '', 'missed'], [[row['trial'], row['facts'], ', '.join(row['missed']) or 'nothing'] for row in endurance]),
        '## Capture files\n',
        f'`{name(options.mixed)}` repeated to {LONG_CAPTURE:,} packets, from the page cache; a whole run includes its start and its end.\n', files(read),
        '## Other programs\n',
        f'On the same capture, each from its start to its end: user and system time of all its threads, the best of {others["rounds"]}.\n', beside(others),
    ]
    with open(options.page, 'w') as file:
        file.write('\n'.join(parts))
    print(f'{options.page} written')


if __name__ == '__main__':
    main()
