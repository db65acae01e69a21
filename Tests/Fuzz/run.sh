#!/bin/sh
# Runs the fuzzers one after the other, each for so many seconds; with 0 only the corpora's inputs.
#   run.sh <fuzz binary> <seconds> [target …]
# New inputs of interest gather in .build/fuzz-found/<target>, those that broke something beside that as <target>-crash-…
set -eu
binary=$1 seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
found=$here/../../.build/fuzz-found
export LSAN_OPTIONS="suppressions=$here/../Sanitizers/leaks.supp:print_suppressions=0"
# Swift's own handler of traps would come before libFuzzer's, which writes the input to a file.
export SWIFT_BACKTRACE=enable=no
# What is freed need not wait for longer than an input takes, and the heap's pages are kept for the next one: most of the time went into page faults.
export ASAN_OPTIONS=quarantine_size_mb=16 MALLOC_TRIM_THRESHOLD_=268435456 MALLOC_TOP_PAD_=16777216
broken=
for target in ${*:-$(ls "$here/Corpus")}; do
    mkdir -p "$found/$target"
    limit=-max_total_time=$seconds
    [ "$seconds" -gt 0 ] || limit=-runs=0
    dictionary=
    [ "$target" != filter ] || dictionary=-dict=$here/filter.dict
    echo "== $target"
    nice -n 19 "$binary" "$target" $limit $dictionary -timeout=10 -print_final_stats=1 -verbosity=0 -artifact_prefix="$found/$target-" \
        "$found/$target" "$here/Corpus/$target" || broken="$broken $target"
done
[ -z "$broken" ] || { echo "broken:$broken"; exit 1; }
