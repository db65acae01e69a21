#!/bin/bash
# What #filter promises: a right filter is the one that the parser reads, and a wrong one fails the build at its line and column.
# Builds Fovea with the trait FilterMacro, which fetches and builds swift-syntax: minutes, the first time.
#
# usage: Tests/macro-test.sh
set -euo pipefail
cd "$(dirname "$0")/MacroPackage"

# SwiftPM looks for new files in the root package alone, unless the manifest is newer than its plan.
touch Package.swift

swift run right

# Expected: a line "LINE:COLUMN: MESSAGE" for each mistake.
if swift build --product wrong > .build/wrong.log; then
    echo "the mistakes in Sources/wrong were not found"
    exit 1
fi
sed -nE "s|^/.*/wrong/main.swift:([0-9]+:[0-9]+): error: (.*) \(from macro 'filter'\)$|\1: \2|p" .build/wrong.log | sort -u -t: -k1,1n -k2,2n | diff wrong.txt - || {
    echo "in Sources/wrong are mistakes (<), others were found (>)"
    exit 1
}
