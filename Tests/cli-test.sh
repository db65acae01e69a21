#!/bin/bash
# What the command line promises: exit codes, and what stands on which output. Needs a built binary, no root.
#
# usage: Tests/cli-test.sh [BINARY]        (.build/debug/fovea without one)
set -uo pipefail
cd "$(dirname "$0")/.."
fovea=${1:-.build/debug/fovea}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# expect STATUS PATTERN ARGUMENTS…: the exit status, and a line of standard error that grep -E finds.
expect() {
    local status=$1 pattern=$2
    shift 2
    "$fovea" "$@" > "$work/out" 2> "$work/err"
    local answer=$?
    if [ $answer -ne "$status" ]; then fail "exits with $answer, not $status" "$@"; fi
    if [ -n "$pattern" ] && ! grep -qE -- "$pattern" "$work/err"; then fail "says nothing like '$pattern'" "$@"; fi
}

fail() {
    local what=$1
    shift
    echo "fovea $*: $what"
    sed 's/^/    /' "$work/err"
    failures=$((failures + 1))
}

# lines COUNT: of standard output in the last run; all of them JSON objects.
lines() {
    local count
    count=$(wc -l < "$work/out")
    if [ "$count" -ne "$1" ]; then fail "prints $count lines, not $1" "the run before"; fi
    if grep -qvE '^\{.*\}$' "$work/out"; then fail "prints what is no JSON object" "the run before"; fi
}

traces=Tests/Traces

# Runs.
expect 0 'accounted for +197 +of 197$' run configs/offline.toml; lines 25
expect 0 'accounted for +197 +of 197$' run configs/vdev.toml; lines 25
expect 0 'accounted for +197 +of 197$' run configs/questions.toml; lines 148
[ "$(grep -c '"subscription":"handshakes"}$' "$work/out")" -eq 58 ] || fail "does not say whose a line is" run configs/questions.toml
expect 0 '' run configs/questions.toml --subscription handshakes --quiet; lines 58
expect 0 '' run --capture $traces/tls.pcap --subscription tls --quiet; lines 11
expect 0 '^197 packets, 27,697 bytes' run --capture $traces/tls.pcap --subscription server_names; lines 11
expect 0 'refused by the filters +58 ' run --capture $traces/tls.pcap --subscription connection_log --filter 'ipv4'; lines 9
expect 0 'of 10$' run --capture $traces/tls.pcap --max-connections 10 --subscription connection_log; lines 12
expect 0 'accounted for +197 +of 197$' run --capture - < $traces/tls.pcap; lines 36
expect 0 '' run --capture $traces/tls.pcap --output "$work/results/of one"; lines 0
for workers in 2 4; do
    expect 0 '  lcore 2 ' run --capture $traces/tls.pcap --workers $workers --output "$work/results/of $workers"; lines 0
    diff -rq -x summary.json "$work/results/of one" "$work/results/of $workers" || fail "gives something else with $workers workers" "the run before"
done
expect 0 '' run --capture $traces/tls.pcap --quiet; lines 36
[ -s "$work/err" ] && fail "is not quiet" run --quiet
expect 0 '2 queues' run --device "net_pcap0,rx_pcap=$traces/tls.pcap,rx_pcap=$traces/dns.pcap" --cores 1,2 --subscription server_names; lines 11
expect 0 '1 queue, spread over 2 cores by software' run --device "net_pcap0,rx_pcap=$traces/tls.pcap" --cores 1,2 --subscription connection_log; lines 12
expect 0 'took 1\.' run --device net_null0 --duration 1 --subscription connection_log; lines 0
expect 0 '' run --capture $traces/tls.pcap --output "$work/results/of run"; lines 0
[ "$(cat "$work/results/of run/"*.jsonl | wc -l)" -eq 36 ] || fail "writes not 36 lines" run --output
grep -q "\"packets\" : " "$work/results/of run/summary.json" || fail "writes no summary" run --output

for source in "--capture $traces/tls.pcap" "--capture $traces/tls.pcap --workers 2" "--device net_pcap0,rx_pcap=$traces/tls.pcap"; do
    expect 0 '^  all +197 ' run $source --stages --output "$work/results/of stages"; lines 0
    grep -qE '^  headers +197 ' "$work/err" || fail "has no table of stages" run $source --stages
    python3 -c "import json, sys; assert [s['times'] for s in json.load(sys.stdin)['stages'] if s['stage'] == 'headers'] == [197]" \
        < "$work/results/of stages/summary.json" || fail "has no stages in its summary" run $source --stages
done
diff -rq -x summary.json "$work/results/of one" "$work/results/of stages" || fail "gives something else with --stages" run --stages
expect 0 '^stages: ' run --capture $traces/tls.pcap --stages --quiet; lines 36

# Lists and checks.
expect 0 '' list; grep -q '^server_names$' "$work/out" || fail "knows no server_names" list
expect 0 '' list --format json; grep -q '"name":"server_names"' "$work/out" || fail "knows no server_names" list --format json
grep -q '"name":"tls","kind":"data"' "$work/out" || fail "knows no data types" list --format json
expect 0 '' fields tls.sni; grep -qE "^tls.sni +name +session +" "$work/out" || fail "knows no tls.sni" fields tls.sni
expect 0 '' fields --format json
python3 -c "import json, sys; assert len(json.load(sys.stdin)) > 50" < "$work/out" || fail "prints no JSON" fields --format json
expect 64 "no field begins with" fields no.such.field
printf 'offline.pcap = "%s"\nmemory_budget = "1 MiB"\nsubscriptions = [{ name = "packet_counter" }]\n' $traces/tls.pcap > "$work/few.toml"
# explains TEXT PATTERN: what `fovea explain` prints of a filter has a line that grep -E finds.
explains() {
    expect 0 '' explain --filter "$1"
    grep -qE -- "$2" "$work/out" || fail "does not explain: $2" explain --filter "$1"
}
explains 'tcp.port == 443 and tls.sni == "a"' '^  packet +tcp.port == 443$'
explains 'tcp.port == 443 and tls.sni == "a"' '^  session +tcp.port == 443 and tls.sni == "a"$'
explains 'tcp.port == 443 and tls.sni == "a"' '^  parsers +tls$'
explains 'ip.src == 10.0.0.0/8 and udp' '^  card +ipv4 dst 10.0.0.0/8 / udp$'
explains 'tcp and udp' '^  never +tcp and udp: a packet has one IP version and carries one protocol$'
explains 'ip.ttl < 5 and ip.ttl > 10' '^  never +ip.ttl <= 4 and ip.ttl >= 11: a packet has one ip.ttl, and no value fits$'
explains 'tls or tcp and (udp.port == 53 or ip)' '^  dead part +udp.port == 53, because of tcp and udp.port == 53: '
explains 'tcp and udp' '^  card +drops all'
expect 0 '' explain --filter 'tls and not tcp' --format json
python3 -c "import json, sys; filter = json.load(sys.stdin)[0]; assert filter['contradiction'] and len(filter['contradictions']) == 1" < "$work/out" \
    || fail "has no list of contradictions" explain --format json
explains 'not tcp' '^  card +cannot choose'
expect 0 '' explain --filter tcp --device net_null0; grep -qE '^  device +not supported: .* \(2\)$' "$work/out" || fail "asks no device" explain
expect 0 '' explain configs/offline.toml --format json; python3 -m json.tool < "$work/out" > "$work/err" || fail "prints no JSON" explain --format json
# engine_part PATTERN: what the last explanation of a configuration says of the engine has a line that grep -E finds.
engine_part() { grep -qE -- "$1" "$work/out" || fail "does not explain: $1" explain, engine; }
expect 0 '' explain configs/questions.toml
engine_part '^  connections +max_connections 100,000, .* MiB reserved; for mail, '
engine_part '^  parser of tls +parser_memory 64.0 MiB, .*; for mail \(its sessions\), .*, packets to example.org \(its filter\)$'
engine_part '^  reassembly +reassembly_memory 64.0 MiB, reassembly_per_connection 2.0 MiB, .*; for mail, names over IPv6, packets to example.org$'
engine_part '^  history +history_memory 64.0 MiB; for packets to example.org$'
expect 0 '' explain "$work/few.toml"
engine_part '^  connections +off: no subscription tracks connections$'
engine_part '^  parser of tls +off: '
engine_part '^  reassembly +off: '
engine_part '^  fragments +off: '
engine_part '^  memory_budget is 1.0 MiB a core, and these settings need '
expect 0 '' explain "$work/few.toml" --format json
python3 -c "import json, sys; parts = [part for part in json.load(sys.stdin) if 'part' in part]; assert len(parts) == 22 and not parts[2]['on']" < "$work/out" \
    || fail "lists no parts" explain --format json
# On another core.
cat > "$work/slow.toml" << END
[[online.ports]]
device = "net_pcap0,rx_pcap=$traces/tls.pcap"
cores = [1]
[[subscriptions]]
name = "server_names"
dispatch = "1 MiB"
END
expect 0 'callbacks called +33$' run "$work/slow.toml"; lines 11
expect 0 '' check "$work/slow.toml"; grep -q '^server_names .*(on a thread of its own)$' "$work/out" || fail "does not say where it runs" check slow.toml
expect 0 '' explain "$work/slow.toml"; engine_part '^  other cores +1.0 MiB reserved; for server_names \(on a thread of its own\)$'
expect 0 '' explain configs/offline.toml --profile $traces/tls.pcap; grep -qE '^  all +197 ' "$work/out" || fail "profiles nothing" explain --profile
grep -qE '^  calls: sessions +[1-9]' "$work/out" || fail "profiles no callbacks" explain --profile
expect 0 '' explain --filter tls --profile $traces/tls.pcap --format json
python3 -c 'import json,sys; p = json.load(sys.stdin); assert p["packets"] == 197 and p["cycles"] == sum(s["cycles"] for s in p["stages"]) > 0' < "$work/out" ||
    fail "profiles no JSON" explain --profile --format json
expect 3 'No such file' explain --filter tls --profile "$work/none.pcap"
expect 2 '^--filter: column 1: ' explain --filter 'tcp.prot == 3'
expect 64 'give a configuration' explain
for config in configs/*.toml; do expect 0 '' check "$config"; done

printf 'offline.pcap = "%s"\nsubscriptions = [{ name = "packet_counter", filter = "tcp and udp" }]\n' $traces/tls.pcap > "$work/never.toml"
expect 0 '^warning: packet_counter: its filter never matches: tcp and udp: ' check "$work/never.toml"
expect 0 'warning.*packet_counter: its filter never matches: tcp and udp: ' run "$work/never.toml"

# Bad configurations: 2.
printf 'offline.pcap = "x"\n[conntrack]\nmax_conections = 1\n' > "$work/a.toml"
printf 'offline.pcap = "x"\n[[subscriptions]]\nname = "server_nams"\n' > "$work/b.toml"
printf 'offline.pcap = "x"\nfilter = "tcp.prot == 3"\n' > "$work/c.toml"
expect 2 "^$work/a.toml:3: max_conections: no such setting" check "$work/a.toml"
expect 2 "^$work/b.toml:3: .*did you mean server_names" check "$work/b.toml"
expect 2 "^$work/c.toml:2: filter: column 1" run "$work/c.toml"
expect 2 '^--filter: filter: column 8' run --capture $traces/tls.pcap --filter 'tcp and'
expect 2 '^--subscription: .*did you mean server_names' run --capture $traces/tls.pcap --subscription server_name
expect 2 'No such file' run "$work/missing.toml"

# Bad captures: 3.
head -c 20000 $traces/tls.pcap > "$work/cut.pcap"
: > "$work/empty.pcap"
expect 3 'No such file' run --capture "$work/missing.pcap"
expect 3 'is a folder' run --capture "$work"
expect 3 'is empty' run --capture "$work/empty.pcap"
expect 3 'unknown file format' run --capture Package.swift
expect 3 '^not read to its end: .*truncated' run --capture "$work/cut.pcap" --subscription connection_log; lines 7
expect 3 'truncated' run --capture "$work/cut.pcap" --quiet --subscription connection_log; lines 7

# Ports that cannot be had: 4.
expect 4 'net_nothing0: rte_dev_probe' run --device net_nothing0
printf '[[online.ports]]\ndevice = "net_pcap0,rx_pcap=%s"\ncores = [1, 2]\nspread = "device"\n' $traces/tls.pcap > "$work/q.toml"
expect 4 'with 2 rx queues of 1' run "$work/q.toml"
printf 'mempool.capacity = 64\nonline.duration = 1\n[[online.ports]]\ndevice = "net_pcap0,rx_pcap=%s,infinite_rx=1"\ncores = [1]\n' $traces/tls.pcap > "$work/d.toml"
expect 4 'rte_eth_rx_queue_setup' run "$work/d.toml"

# Bad command lines: 64.
expect 64 'give a configuration' run
expect 64 'cannot be used together' run --capture x --device y
expect 64 'workers is for a capture file' run --device y --workers 2
expect 64 'an integer in 1...64' run --capture x --workers 65
expect 64 '--cores' run --device net_null0 --cores 1,x
expect 64 '--log-level' run --capture x --log-level loud

# Outputs that refuse: 1, and no crash.
"$fovea" run --capture $traces/tls.pcap --quiet 2> "$work/err" > /dev/full
[ $? -eq 1 ] && grep -q 'No space left on device; 11 lines not written' "$work/err" || fail "does not tell of a full disk" run
"$fovea" run --capture $traces/tls.pcap --quiet 2> "$work/err" | true
[ "${PIPESTATUS[0]}" -le 1 ] || fail "dies of a closed pipe" run
expect 1 'Not a directory' run --capture $traces/tls.pcap --output /dev/null/results

# Formats.
expect 0 '' run --capture $traces/tls.pcap --output "$work/results/of zeek" --format zeek --quiet; lines 0
[ "$(ls "$work/results/of zeek" | xargs)" = "conn.log packet_counter.log ssl.log summary.json tls_features.log" ] || fail "calls its files otherwise" run --format zeek
[ "$(grep -vc '^#' "$work/results/of zeek/ssl.log")" -eq 11 ] || fail "writes not 11 lines" run --format zeek
expect 0 '' run --capture $traces/tls.pcap --format eve --quiet --subscription tls --subscription connection; lines 23
python3 -c 'import json,sys; assert {json.loads(line)["event_type"] for line in sys.stdin} == {"flow", "tls"}' < "$work/out" || fail "writes no events" run --format eve
expect 0 '' run --capture $traces/tls.pcap --format csv --quiet --subscription tls
python3 -c 'import csv,sys; rows = list(csv.DictReader(sys.stdin)); assert len(rows) == 11 and rows[0]["server_name"]' < "$work/out" || fail "writes no CSV" run --format csv
expect 2 'give them a folder' run --capture $traces/tls.pcap --format zeek
expect 2 'packet_counter gives' run --capture $traces/tls.pcap --format eve
expect 64 '--format' run --capture $traces/tls.pcap --format xml

# A file that may not grow: whole lines, under the name that says that it is none; and what compressed files have can be read.
for limit in "none 200" "gzip 64" "zstd 16"; do
    compress=${limit% *}
    mkdir "$work/limit $compress"
    { [ $compress = none ] || printf 'compress = "%s"\n' $compress; printf 'offline.pcap = "%s"\noutput = "%s"\nsubscriptions = [{ name = "packet" }]\n' "$work/large.pcap" "$work/limit $compress"; } > "$work/limit.toml"
    python3 - $traces/tls.pcap "$work/large.pcap" << 'END'
import sys
capture = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(capture[:24] + 200 * capture[24:])
END
    (ulimit -f ${limit#* }; exec "$fovea" run "$work/limit.toml" --quiet) > "$work/out" 2> "$work/err"
    [ $? -eq 1 ] && grep -q 'packet: .*File too large; [0-9,]* lines not written' "$work/err" || fail "does not tell of a file that may not grow" run, $compress
    file=$(ls "$work/limit $compress/"packet*)
    case $file in *.partial) ;; *) fail "calls a file whole that is not" run, $compress ;; esac
    case $compress in none) cat "$file" ;; gzip) gzip -dc "$file" ;; zstd) zstd -dcq "$file" ;; esac < "$file" > "$work/out" 2> "$work/err" || fail "leaves what cannot be read" run, $compress
    [ -s "$work/out" ] || fail "leaves nothing" run, $compress
    if grep -qvE '^\{.*\}$' "$work/out"; then fail "leaves half a line" run, $compress; fi
    rejected=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["outputs"][0]["refused"])' "$work/limit $compress/summary.json")
    [ $((rejected + $(wc -l < "$work/out"))) -eq 39400 ] || fail "counts $rejected lines and $(wc -l < "$work/out")" run, $compress
done

# Killed in the middle: no file has its name.
mkfifo "$work/endless"
(cat "$work/large.pcap"; sleep 10) > "$work/endless" &
"$fovea" run --capture "$work/endless" --subscription packet --output "$work/killed" --quiet 2> "$work/err" & pid=$!
sleep 2; kill -KILL $pid; wait $pid 2> /dev/null
[ "$(ls "$work/killed")" = packet.jsonl.partial ] || fail "leaves $(ls "$work/killed" | xargs)" run, SIGKILL

# Signals: the first ends a run in order, the second at once.
"$fovea" run --device net_null0 --subscription packet_counter > "$work/out" 2> "$work/err" & pid=$!
sleep 2; kill -INT $pid; wait $pid
[ $? -eq 0 ] && grep -q 'accounted for' "$work/err" || fail "does not end in order" run --device net_null0, SIGINT
lines 1
# SIGHUP has filters read again, and what the command line says stays in force.
cat > "$work/reload.toml" <<EOF
online.ports = [{ device = "net_pcap0,rx_pcap=$traces/tls.pcap,infinite_rx=1", cores = [1] }]
conntrack.max_connections = 1000
subscriptions = [{ name = "packet_counter", filter = "tcp" }]
EOF
"$fovea" run "$work/reload.toml" --filter ipv4 > "$work/out" 2> "$work/err" & pid=$!
sleep 2; sed -i 's/"tcp"/"udp"/' "$work/reload.toml"; kill -HUP $pid
sleep 1; sed -i 's/1000/2000/' "$work/reload.toml"; kill -HUP $pid
sleep 1; kill -HUP $pid; kill -INT $pid; wait $pid
status=$?
[ $status -eq 0 ] || fail "ends with $status" run, SIGHUP
for line in 'notice.*filters reloaded$' 'restart$' '^  filters reloaded +1$' '^  reloads refused +[12]$' 'accounted for'; do
    grep -qE "$line" "$work/err" || fail "does not say $line" run, SIGHUP
done
mkfifo "$work/pipe"
(cat $traces/tls.pcap; sleep 5) > "$work/pipe" &
"$fovea" run --capture "$work/pipe" > "$work/out" 2> "$work/err" & pid=$!
sleep 2; kill -TERM $pid; sleep 0.3; kill -TERM $pid; wait $pid
[ $? -eq 130 ] || fail "does not end at once" run, two signals

if [ $failures -gt 0 ]; then echo "$failures failed"; exit 1; fi
echo "the command line does what it promises"
