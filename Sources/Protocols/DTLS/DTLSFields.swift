import Filters

extension DTLSParser {
    /// Those of TLS under DTLS' name, as Wireshark has them. Versions are DTLS' own, of which the newest has the smallest number.
    public static let fields = (TLSParser.helloFields + TLSParser.wholeFields).map { field in
        let isVersion = field.name.contains("version")
        return SessionField<TLSHandshake>(
            renamed(field.name), aliases: field.aliases.map(renamed), field.type, valueNames: isVersion ? versions : field.valueNames, field.summary,
            example: isVersion ? "\(renamed(field.name)) == DTLSv1.2" : renamed(field.example), isSingle: field.isSingle, read: field.read
        ).at(field.depth)
    }

    /// Each `tls.` becomes `dtls.`: it begins a word.
    private static func renamed(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { $0.hasPrefix("tls.") ? "d" + $0 : String($0) }.joined(separator: " ")
    }

    private static let versions: [String: UInt64] = ["DTLSv1.0": 0xfeff, "DTLSv1.2": 0xfefd, "DTLSv1.3": 0xfefc]
}
