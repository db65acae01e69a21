// swift-tools-version: 6.1
// Fovea: subscriptions to network traffic at the speed of the card.
//
// Targets stand in dependency order, one sentence each. Lines of the picture in README.md point down only.
import CompilerPluginSupport
import Foundation
import PackageDescription

// The hot path crosses modules (Lcore -> Packets -> Containers -> Tracking); without cross-module optimisation a packet costs
// eight times the instructions.
let uncounted: [SwiftSetting] = [
    // Exclusive access to class properties is checked in debug builds, where the tests run, and not for each packet.
    .unsafeFlags(["-cross-module-optimization"] + (isFuzzing ? [] : ["-enforce-exclusivity=unchecked"]), .when(configuration: .release)),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
] + (isFuzzing ? [.unsafeFlags(["-assert-config", "Debug"])] : [])
// In libFuzzer's builds, where every check is on, all but the fuzzers themselves counts its edges and shows what it compares.
let optimised = uncounted + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

var isFuzzing: Bool { Context.environment["FOVEA_FUZZ"] != nil }

// SwiftPM's own `pkgConfig:` stops at the multi-line Description of Debian's libdpdk.pc, so the compile flags come from pkg-config here.
let dpdkFlags = pkgConfig("--cflags-only-I", "libdpdk") + ["-include", "rte_config.h"] + machineFlags

let macroIsOn = TargetDependencyCondition.when(traits: ["FilterMacro"])

let package = Package(
    name: "Fovea",
    products: [
        // With the modules that Fovea re-exports: code of theirs is specialised in whoever uses it, who must be built anew when they change.
        .library(name: "Fovea", targets: ["Fovea", "Tracking", "Protocols", "Filters", "Packets"]),
        .executable(name: "fovea", targets: ["fovea"]),
    ],
    traits: [
        .trait(name: "FilterMacro", description: "#filter(\"…\"), whose text is checked while building. Fetches and builds swift-syntax, which takes minutes.")
    ],
    dependencies: [
        // Command lines: parsing, help pages and completions are not what Fovea is for.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        // TOML: a complete parser whose errors have line and column.
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        // SHA-1 for Community ID, MD5 and SHA-256 for the fingerprints of TLS and SSH, QUIC's Initial keys: cryptography is never our own.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        // Logging: whoever embeds Fovea chooses where start, stop and warnings go.
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        // Swift's own syntax trees, for the trait FilterMacro alone: without it nothing of this is fetched.
        .package(url: "https://github.com/swiftlang/swift-syntax", "602.0.0"..<"604.0.0"),
    ],
    targets: [
        // One instruction that Swift has no name for: fetching a cache line ahead of its use.
        .target(name: "CPrefetch", path: "CShims/prefetch"),
        // DPDK behind a header that shows none of it; the only code that includes rte_*.h.
        .target(
            name: "CDPDK", path: "CShims/dpdk",
            cSettings: [.unsafeFlags(dpdkFlags + ["-O3"])],
            linkerSettings: ["eal", "ethdev", "mbuf", "mempool", "net"].map { .linkedLibrary("rte_\($0)") }
        ),
        // libpcap for capture files, as plainly.
        .target(name: "CPcap", path: "CShims/pcap", linkerSettings: [.linkedLibrary("pcap")]),
        // Hyperscan as it is, or Vectorscan, which is the same to look at and runs on Arm, too.
        .systemLibrary(name: "CHyperscan", path: "CShims/hyperscan", pkgConfig: "libhs", providers: [.apt(["libhyperscan-dev"])]),
        // Result files that are compressed (`compress = "gzip" | "zstd"`): zlib, which every reader of logs can undo, and Zstandard, which takes a fifth of its time.
        .systemLibrary(name: "CZlib", path: "CShims/zlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", path: "CShims/zstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // Frames' headers as values, flow keys, sequence numbers. Pure; the ground floor.
        .target(name: "Packets", swiftSettings: optimised),
        // The linked hash table and the timer wheel. Pure; they know no packet.
        .target(name: "Containers", dependencies: ["CPrefetch"], swiftSettings: optimised),
        // The filter value, its text form, three-valued matching; sets, and regular expressions by Hyperscan. Pure.
        .target(name: "Filters", dependencies: ["Packets", "CHyperscan"], swiftSettings: optimised),
        // Session parsers: bytes in order become sessions, and the fields that filters may ask of these. Pure; a folder a protocol.
        .target(
            name: "Protocols",
            dependencies: [
                "Packets", "Filters", .product(name: "Crypto", package: "swift-crypto"), .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: optimised),
        // Connections: tracker, reassembly, the Trackable protocols. Pure.
        .target(
            name: "Tracking", dependencies: ["Packets", "Containers", "Filters", "Protocols", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: optimised),
        // EAL, ports, queues and capture files as owning Swift types; the only importer of the C shims.
        .target(name: "Capture", dependencies: ["Packets", "CDPDK", "CPcap"], swiftSettings: optimised),
        // The compiler's plug-in behind #filter. Without the trait: a program that does nothing.
        .macro(
            name: "FilterMacros",
            dependencies: [
                .target(name: "Filters", condition: macroIsOn), .target(name: "Tracking", condition: macroIsOn),
                .product(name: "SwiftSyntaxMacros", package: "swift-syntax", condition: macroIsOn),
                .product(name: "SwiftDiagnostics", package: "swift-syntax", condition: macroIsOn),
                .product(name: "_SwiftCompilerPluginMessageHandling", package: "swift-syntax", condition: macroIsOn),
            ]
        ),
        // Config, lcores, monitor, outputs, the command line; what a user imports.
        .target(
            name: "Fovea",
            dependencies: [
                .target(name: "FilterMacros", condition: macroIsOn),
                "Packets", "Containers", "Filters", "Protocols", "Tracking", "Capture", "CZlib", "CZstd",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "TOMLKit", package: "TOMLKit"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: optimised
        ),
        // The `fovea` binary: Main.swift and one file a subscription.
        .executableTarget(
            name: "fovea", dependencies: ["Fovea", "Tracking", "Protocols", "Filters", "Packets"], path: "subscriptions", swiftSettings: optimised),
        // Replays a capture from memory, prints one line a scenario.
        .executableTarget(
            name: "bench",
            dependencies: [
                "Fovea", "Tracking", "Capture", "Packets", "Filters", "Protocols", "Containers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: optimised
        ),

        // What the suites share: seeded random numbers, and where captures lie.
        .target(name: "TestSupport", path: "Tests/Support"),
        // QUIC's packets, protected as they go over the wire: of the parser's tests, and of its fuzzer.
        .target(
            name: "TestQUIC", dependencies: [.product(name: "Crypto", package: "swift-crypto"), .product(name: "CryptoExtras", package: "swift-crypto")],
            path: "Tests/QUIC", swiftSettings: uncounted),
        // Packets and conversations to send, written in shorthand.
        .target(name: "TestWire", dependencies: ["Packets", "Filters", "Tracking"], path: "Tests/Wire", swiftSettings: optimised),
        .testTarget(name: "PacketsTests", dependencies: ["Packets", "TestSupport"], swiftSettings: optimised),
        .testTarget(name: "ContainersTests", dependencies: ["Containers", "TestSupport"], swiftSettings: optimised),
        .testTarget(name: "FiltersTests", dependencies: ["Filters", "Tracking", "TestSupport", "TestWire"], swiftSettings: optimised),
        .testTarget(
            name: "ProtocolsTests",
            dependencies: [
                "Protocols", "TestSupport", "TestQUIC", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ], swiftSettings: optimised),
        .testTarget(name: "TrackingTests", dependencies: ["Tracking", "TestSupport", "TestWire"], swiftSettings: optimised),
        // What a serious engine must survive, a test a case, beside honest connections that must not notice.
        .testTarget(
            name: "HostileTests", dependencies: ["Tracking", "Protocols", "Filters", "Packets", "Capture", "Fovea", "TestSupport", "TestWire"],
            exclude: ["README.md"], swiftSettings: optimised),
        .testTarget(name: "CaptureTests", dependencies: ["Capture", "CDPDK", "Fovea", "Packets", "Tracking", "TestSupport", "TestWire"], swiftSettings: optimised),
        .testTarget(
            name: "FoveaTests",
            dependencies: [
                "Fovea", "Capture", "Tracking", "Protocols", "Packets", "TestSupport", "TestWire", .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            swiftSettings: optimised),
        // Golden captures against independent oracles; needs libpcap, no DPDK port.
        .testTarget(
            name: "TraceTests",
            dependencies: [
                "Capture", "Tracking", "Protocols", "Filters", "Packets", "Fovea", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["Datagrams", "Filters"], swiftSettings: optimised),
        // What libFuzzer calls with one input after the other, and the test that calls it with those of the corpora.
        .target(
            name: "FuzzInputs", dependencies: ["Capture", "Tracking", "Protocols", "Filters", "Packets", "TestQUIC"], path: "Tests/Fuzz/Inputs",
            swiftSettings: uncounted),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzInputs", "TestSupport"], path: "Tests/Fuzz/Tests", swiftSettings: optimised),
    ] + fuzzTargets
)

/// libFuzzer's program, in builds for it alone: every module counts its edges there (`make fuzz`).
var fuzzTargets: [Target] {
    guard isFuzzing else { return [] }
    return [
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzInputs"], path: "Tests/Fuzz/Driver", swiftSettings: uncounted,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
    ]
}

/// Flags beyond DPDK's include paths: its headers need SSE4.2 on x86-64 (`-march=corei7` in libdpdk.pc).
var machineFlags: [String] {
    #if arch(x86_64)
    ["-march=corei7"]
    #else
    []
    #endif
}

/// What pkg-config prints, word by word; nothing where it is not installed (`make` installs it).
func pkgConfig(_ arguments: String...) -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["pkg-config"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return [] }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(whereSeparator: \.isWhitespace).map(String.init)
}
