# make demo: who asked for which TLS server name, on a shipped capture, through a DPDK virtual port
# make test: all tests, and the bounds on what a packet costs
# make bench: cycles and packets a second of each stage on this machine, and other programs beside it, those that are there
# make peers: the same of those programs alone, installed before if Debian has them
# make performance: all of it, and a page of the numbers (Sources/Fovea/Fovea.docc/Performance.md); takes 6 GB of memory and a quiet machine
# make fuzz SECONDS=60: each fuzzer for so long, under AddressSanitizer; with SANITIZE= several times as fast, on Swift's own checks
# make macro-test: #filter and the mistakes that it finds; fetches and builds swift-syntax, which takes minutes
# make sanitize: all suites under AddressSanitizer
# Each installs what it needs (Debian packages, as root or with sudo) and builds.

SWIFT ?= swift
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
NEEDED := dpdk-dev libdpdk-dev libhyperscan-dev libnuma-dev libpcap-dev libzstd-dev pkg-config zlib1g-dev
TRACE := Tests/Traces/tls.pcap
# Retina's own trace where it is at hand: the thresholds are its.
BENCH_TRACE := $(firstword $(wildcard ../shared/traces/open/tls12-73-cipher-suites.pcap) $(TRACE))
# Of many protocols and addresses, for what large filters cost, and for what no single protocol shows.
MIXED_TRACE := $(firstword $(wildcard ../shared/traces/open/mixed-enterprise-emix.pcap) $(TRACE))
# Others with bounds of their own.
MORE_TRACES := $(wildcard ../shared/traces/open/mixed-office-4631.pcap)

# For each fuzzer.
SECONDS ?= 10
SANITIZE ?= address

.PHONY: demo test bench peers performance fuzz macro-test sanitize build setup unit release user-package command-line costs endurance readers

demo: build
	.build/release/fovea run --device net_pcap0,rx_pcap=$(TRACE) --subscription server_names

test: setup unit release command-line user-package costs endurance
	@echo "all tests passed"

bench: setup release
	@$(call install,valgrind binutils python3)
	.build/release/bench $(BENCH_TRACE)
	.build/release/bench $(BENCH_TRACE) --counts
	.build/release/bench $(MIXED_TRACE) --filters
	.build/release/bench --scenario syn-flood
	$(PEERS) $(MIXED_TRACE)

# The capture is repeated until it has a million packets.
PEERS := Benchmarks/peers.py --repeat 1000000

# Those of them that cannot be installed are left out.
peers: release
	@$(call install,python3)
	@for package in dpdk libndpi-bin softflowd argus-server nfdump tshark; do $(call install,$$package) || echo "cannot install $$package"; done
	$(PEERS) $(MIXED_TRACE)

performance: setup release
	@$(call install,valgrind binutils python3)
	Benchmarks/performance.py $(BENCH_TRACE) $(MIXED_TRACE) Sources/Fovea/Fovea.docc/Performance.md

build: setup
	$(SWIFT) build -c release --product fovea

release: setup
	$(SWIFT) build -c release

# As many tests at a time as there are cores: otherwise all of them begin at once, and time limits count how long a test waits for the others.
WIDTH := --experimental-maximum-parallelization-width $(shell nproc)

# The suites, with every check of a debug build on.
unit: setup readers
	$(SWIFT) test $(WIDTH)

# The binary's commands, their output and exit codes.
command-line: release readers
	Tests/cli-test.sh .build/release/fovea

# A package that depends on Fovea as a user's own would.
user-package: setup
	$(SWIFT) run --package-path Tests/UserPackage flow-sizes run --capture $(TRACE) --quiet

PATHS := --scenario packets --scenario records --scenario names

# Instructions, allocations and reference counts a packet: the same on any machine, so they have bounds here.
costs: release
	@$(call install,valgrind binutils)
	.build/release/bench $(BENCH_TRACE) --counts --check
	.build/release/bench $(MIXED_TRACE) --filters $(PATHS) --counts --check
	$(foreach trace,$(MORE_TRACES),.build/release/bench $(trace) $(PATHS) --counts --check &&) true

# Floods, holes and storms that are too large for a unit test.
endurance: release
	.build/release/bench --endurance

# The package trait FilterMacro. No part of `test`: with the first build of swift-syntax, and of Fovea's modules for the compiler's own use, it takes longer
# than all suites.
macro-test: setup
	Tests/macro-test.sh

# The suites under AddressSanitizer, leaks included. No part of `test`: a build of everything, and minutes. XCTest's runner, which has no tests here, leaks.
# Not under ThreadSanitizer: Swift 6.3.1 crashes as it compiles `bench` for that ("Invalid bitcast").
sanitize: setup readers
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/leaks.supp:print_suppressions=0 \
		$(SWIFT) test $(WIDTH) --disable-xctest --sanitize=address --scratch-path .build/asan

FUZZ_BUILD := .build/fuzz$(if $(SANITIZE),-$(SANITIZE))

fuzz: setup
	FOVEA_FUZZ=1 $(SWIFT) build -c release --scratch-path $(FUZZ_BUILD) $(if $(SANITIZE),--sanitize=$(SANITIZE)) --product fuzz
	Tests/Fuzz/run.sh $(FUZZ_BUILD)/release/fuzz $(SECONDS)

setup:
	@$(call install,$(NEEDED))

# What tests read compressed and other results with.
readers:
	@$(call install,gzip python3 zstd)

# Installs the packages that are missing.
install = missing=$$(for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	[ -z "$$missing" ] || { echo installing $$missing; $(SUDO) apt-get update -qq && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }
