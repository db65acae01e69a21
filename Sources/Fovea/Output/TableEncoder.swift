import Packets

/// Lines of a table: a cell a column, whether or not the line has a value for it.
///
/// | | Zeek's logs | CSV (RFC 4180) |
/// |---|---|---|
/// | between cells | a tab | `,` |
/// | not set, empty | `-`, `(empty)` | nothing, `""` |
/// | true, false | `T`, `F` | `true`, `false` |
/// | end of a line | LF | CR LF |
/// | what would be taken for something else | `\x09` | in quotes, `""` for a quote |
///
/// In both, what is invisible (`Unicode.Scalar.isInvisible`) is written as its bytes of UTF-8, `\x0a`, and a backslash is doubled: a line is a line. Elements
/// of a list stand between commas, `\x2c` is a comma in one of them.
final class TableEncoder: LineEncoder {
    enum Dialect { case zeek, csv }

    private let dialect: Dialect
    private var search: ColumnSearch
    private(set) var bytes: [UInt8] = []
    private(set) var strayField: StaticString?
    /// A text on its way into quotes.
    private var cell: [UInt8] = []

    init(_ dialect: Dialect, _ columns: [LogSchema.Column]) {
        self.dialect = dialect
        search = ColumnSearch(columns)
    }

    func open() {
        bytes.removeAll(keepingCapacity: true)
        search.next = 0
        strayField = nil
    }

    func add(_ key: StaticString, _ value: FieldValue) {
        let first = search.next
        guard let place = search.find(key) else {
            strayField = strayField ?? key
            return
        }
        for _ in first..<place { skip() }
        append(value, search.columns[place].type)
        endCell()
    }

    func addToEvent(_ fill: (inout EventLine) -> Void) {}

    func close() {
        for _ in search.next..<search.columns.count { skip() }
        if !bytes.isEmpty { bytes.removeLast() }
        if dialect == .csv { bytes.append(UInt8(ascii: "\r")) }
    }

    private func endCell() { bytes.append(UInt8(ascii: dialect == .zeek ? "\t" : ",")) }

    private func skip() {
        appendUnset()
        endCell()
    }

    private func appendUnset() { if dialect == .zeek { bytes.append(UInt8(ascii: "-")) } }
    private func appendEmpty() { bytes += dialect == .zeek ? "(empty)".utf8 : "\"\"".utf8 }

    // MARK: Values

    private func append(_ value: FieldValue, _ type: ZeekType) {
        switch value {
        case .text(let text): append(text: text)
        case .integer(let integer): bytes.append(integer: integer)
        case .bool(let value): bytes += dialect == .zeek ? (value ? "T" : "F").utf8 : (value ? "true" : "false").utf8
        case .double(let value): if value.isFinite { bytes += "\(value)".utf8 } else { appendUnset() }
        case .time(let time): bytes.append(seconds: time.nanoseconds)
        case .interval(let nanoseconds): bytes.append(seconds: nanoseconds)
        case .address(let address): bytes.append(address: address)
        case .texts(let texts): append(texts: texts)
        case .integers(let integers): append(integers: integers, areSeconds: type == .intervals)
        }
    }

    private func append(text: String) {
        guard !text.isEmpty else { return appendEmpty() }
        cell.removeAll(keepingCapacity: true)
        appendToCell(text, inList: false)
        appendCell()
    }

    private func append(texts: [String]) {
        guard !texts.isEmpty else { return appendEmpty() }
        cell.removeAll(keepingCapacity: true)
        for (index, text) in texts.enumerated() {
            if index > 0 { cell.append(UInt8(ascii: ",")) }
            if cell.count > LogLine.longestField {
                cell += "…".utf8
                break
            }
            if text.isEmpty { cell += "(empty)".utf8 } else { appendToCell(text, inList: true) }
        }
        appendCell()
    }

    private func append(integers: [Int128], areSeconds: Bool) {
        guard !integers.isEmpty else { return appendEmpty() }
        cell.removeAll(keepingCapacity: true)
        for (index, integer) in integers.enumerated() {
            if index > 0 { cell.append(UInt8(ascii: ",")) }
            if cell.count > LogLine.longestField {
                cell.append(UInt8(ascii: "-"))
                break
            }
            cell.append(integer: integer)
            if areSeconds { cell += ".000000".utf8 }
        }
        appendCell()
    }

    private func appendToCell(_ text: String, inList: Bool) {
        let start = cell.count
        var text = text
        let isPlain = text.withUTF8 { bytes in
            guard bytes.count <= LogLine.longestString, bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x5c && $0 != 0x2c }) else { return false }
            cell += bytes
            return true
        }
        if !isPlain { appendEscaped(text, inList: inList) }
        // What would mean that there is nothing, and what would make the line one of the head's.
        if dialect == .zeek, isReserved(cell[start...]) || (start == 0 && bytes.isEmpty && cell.first == UInt8(ascii: "#")) {
            let first = cell[start]
            cell.replaceSubrange(start...start, with: Self.escape(first))
        }
    }

    private func isReserved(_ text: ArraySlice<UInt8>) -> Bool { text.elementsEqual("-".utf8) || text.elementsEqual("(empty)".utf8) }

    private func appendEscaped(_ text: String, inList: Bool) {
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            if length > LogLine.longestString {
                cell += "…".utf8
                return
            }
            switch scalar {
            case "\\": cell += #"\\"#.utf8
            case ",": if inList { cell += Self.escape(UInt8(ascii: ",")) } else { cell.append(UInt8(ascii: ",")) }
            case "\u{20}"..."\u{7e}": cell.append(UInt8(scalar.value))
            default:
                let utf8 = UTF8.encode(scalar)!
                if scalar.isInvisible { for byte in utf8 { cell += Self.escape(byte) } } else { cell += utf8 }
            }
        }
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    private func appendCell() {
        guard dialect == .csv, cell.contains(where: { $0 == 0x22 || $0 == 0x2c }) else { return bytes += cell }
        bytes.append(0x22)
        for byte in cell {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }
}
