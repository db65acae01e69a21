// swift-tools-version: 6.1
// A package whose filters are checked while it is built, for it turns on Fovea's trait FilterMacro; and one with mistakes that must be found.
import PackageDescription

let package = Package(
    name: "checked-filters",
    dependencies: [.package(name: "Fovea", path: "../..", traits: ["FilterMacro"])],
    targets: [
        .executableTarget(name: "right", dependencies: [.product(name: "Fovea", package: "Fovea")]),
        .executableTarget(name: "wrong", dependencies: [.product(name: "Fovea", package: "Fovea")]),
    ]
)
