import Foundation

/// The most instructions a packet that scenarios may take above receiving: as measured, and 2 % besides. They depend on the packets, so each capture has
/// its own, by its file's name.
enum InstructionBounds {
    private static let ofCaptures: [String: [String: Int]] = [
        "tls": ["headers": 97, "refuse": 137, "packets": 116, "records": 441, "names": 722],
        // Retina's `tls_ciphers.pcap`.
        "tls12-73-cipher-suites": ["headers": 63, "refuse": 95, "packets": 81, "records": 380, "names": 687],
        "mixed-enterprise-emix": ["packets": 130, "records": 496, "names": 631],
        "mixed-office-4631": ["packets": 81, "records": 284, "names": 364],
    ]

    /// Of traffic that is made.
    private static let ofMadeTraffic = ["many": 397]

    /// Nil: there is none, as for a capture that has not been measured.
    static func bound(_ scenario: Scenario, capture: String) -> Int? {
        guard scenario.traffic == .capture else { return ofMadeTraffic[scenario.name] }
        return ofCaptures[URL(fileURLWithPath: capture).deletingPathExtension().lastPathComponent]?[scenario.name]
    }
}
