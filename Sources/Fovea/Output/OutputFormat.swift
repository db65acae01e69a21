/// How lines are written.
public enum OutputFormat: String, CaseIterable, Sendable {
    /// JSON objects whose members have Zeek's names.
    case jsonl
    /// Zeek's own logs: columns between tabs, and a head.
    case zeek
    /// Suricata's EVE JSON.
    case eve
    /// RFC 4180, with the columns' names on the first line.
    case csv

    /// What files are called, for people.
    var usualFile: String {
        switch self {
        case .jsonl: "<subscription>.jsonl"
        case .zeek: "<log>.log"
        case .eve: "eve.json"
        case .csv: "<subscription>.csv"
        }
    }

    /// Whether lines have columns, which a file has one set of.
    var isTable: Bool { self == .zeek || self == .csv }
}

public enum Compression: String, CaseIterable, Sendable {
    case gzip, zstd

    /// What file names end in.
    var suffix: String { self == .gzip ? ".gz" : ".zst" }
}

/// What a file with results is like.
public struct OutputOptions: Equatable, Sendable {
    public var format = OutputFormat.jsonl
    public var compress: Compression?
    /// Bytes of lines, before they are compressed, after which the next file begins.
    public var rotateSize: Int?
    /// Of packet time. Files begin at its multiples, from 1970 on.
    public var rotateInterval: Duration?

    public init() {}

    var rotates: Bool { rotateSize != nil || rotateInterval != nil }
}

/// What stands in one place: lines of one kind, or of several whose format needs no head.
struct OutputLayout: Sendable {
    var options = OutputOptions()
    /// Of tables.
    var path = ""
    var columns: [LogSchema.Column] = []

    func makeEncoder(_ schema: LogSchema?) -> (any LineEncoder)? {
        switch options.format {
        case .jsonl: nil
        case .zeek: TableEncoder(.zeek, columns)
        case .csv: TableEncoder(.csv, columns)
        case .eve: schema.map(EventEncoder.init)
        }
    }

    /// What stands before the first line.
    ///
    /// - Parameter time: the first line's; nil: there is none.
    func head(_ time: CivilTime?) -> [UInt8] {
        func names(_ separator: String) -> String { columns.map { "\($0.name)" }.joined(separator: separator) }
        switch options.format {
        case .jsonl, .eve: return []
        case .csv: return Array("\(names(","))\r\n".utf8)
        case .zeek:
            var lines = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\t\(path)"]
            if let time { lines.append("#open\t\(time.fileText)") }
            lines += ["#fields\t\(names("\t"))", "#types\t\(columns.map(\.type.rawValue).joined(separator: "\t"))"]
            return Array(lines.map { $0 + "\n" }.joined().utf8)
        }
    }

    /// What stands behind the last one.
    func foot(_ time: CivilTime?) -> [UInt8] {
        guard options.format == .zeek, let time else { return [] }
        return Array("#close\t\(time.fileText)\n".utf8)
    }
}
