// swift-tools-version: 6.1
// A package as a user of Fovea writes it: one dependency, one subscription, three lines of main.
import PackageDescription

let package = Package(
    name: "flow-sizes",
    dependencies: [.package(name: "Fovea", path: "../..")],
    targets: [
        .executableTarget(
            name: "flow-sizes", dependencies: [.product(name: "Fovea", package: "Fovea")], path: "Sources/FlowSizes",
            swiftSettings: [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))])
    ]
)
