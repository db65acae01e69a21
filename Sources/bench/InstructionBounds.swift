import Foundation

/// The most instructions a packet that scenarios may take above receiving: as measured, and 2 % besides. They depend on the packets, so each capture has
/// its own, by its file's name.
enum InstructionBounds {
    private static let ofCaptures: [String: [String: Int]] = [
        "tls": ["headers": 97, "refuse": 130, "packets": 115, "records": 379, "names": 664],
        // Retina's `tls_ciphers.pcap`.
        "tls12-73-cipher-suites": ["headers": 62, "refuse": 67, "packets": 79, "records": 317, "names": 628],
        "mixed-enterprise-emix": ["packets": 113, "records": 439, "names": 534],
        "mixed-office-4631": ["packets": 79, "records": 249, "names": 243],
    ]

    /// Of traffic that is made.
    private static let ofMadeTraffic = ["many": 383]

    /// Nil: there is none, as for a capture that has not been measured.
    static func bound(_ scenario: Scenario, capture: String) -> Int? {
        guard scenario.traffic == .capture else { return ofMadeTraffic[scenario.name] }
        return ofCaptures[URL(fileURLWithPath: capture).deletingPathExtension().lastPathComponent]?[scenario.name]
    }
}
