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
    private var line = TextBuffer()
    private(set) var strayField: StaticString?
    /// A text on its way into quotes.
    private var cell = TextBuffer()

    init(_ dialect: Dialect, _ columns: [LogSchema.Column]) {
        self.dialect = dialect
        search = ColumnSearch(columns)
    }

    func append(to text: inout [UInt8]) { text += line.bytes }

    func open() {
        line.removeAll()
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
        if !line.isEmpty { line.removeLast() }
        if dialect == .csv { line.append("\r") }
    }

    private func endCell() { line.append(dialect == .zeek ? "\t" : "," as Unicode.Scalar) }

    private func skip() {
        appendUnset()
        endCell()
    }

    private func appendUnset() { if dialect == .zeek { line.append("-") } }
    private func appendEmpty() { line.append(dialect == .zeek ? "(empty)" : "\"\"" as StaticString) }

    // MARK: Values

    private func append(_ value: FieldValue, _ type: ZeekType) {
        switch value {
        case .text(let text): append(text: text)
        case .integer(let integer): line.append(integer: integer)
        case .bool(let value): line.append(dialect == .zeek ? (value ? "T" : "F") : (value ? "true" : "false") as StaticString)
        case .double(let value): if value.isFinite { line.append("\(value)") } else { appendUnset() }
        case .time(let time): line.append(seconds: time.nanoseconds)
        case .interval(let nanoseconds): line.append(seconds: nanoseconds)
        case .address(let address): line.append(address: address)
        case .texts(let texts): append(texts: texts)
        case .integers(let integers): append(integers: integers, areSeconds: type == .intervals)
        }
    }

    private func append(text: String) {
        guard !text.isEmpty else { return appendEmpty() }
        cell.removeAll()
        appendToCell(text, inList: false)
        appendCell()
    }

    private func append(texts: [String]) {
        guard !texts.isEmpty else { return appendEmpty() }
        cell.removeAll()
        for (index, text) in texts.enumerated() {
            if index > 0 { cell.append(",") }
            if cell.count > LogLine.longestField {
                cell.append("…" as StaticString)
                break
            }
            if text.isEmpty { cell.append("(empty)" as StaticString) } else { appendToCell(text, inList: true) }
        }
        appendCell()
    }

    private func append(integers: [Int128], areSeconds: Bool) {
        guard !integers.isEmpty else { return appendEmpty() }
        cell.removeAll()
        for (index, integer) in integers.enumerated() {
            if index > 0 { cell.append(",") }
            if cell.count > LogLine.longestField {
                cell.append("-")
                break
            }
            cell.append(integer: integer)
            if areSeconds { cell.append(".000000" as StaticString) }
        }
        appendCell()
    }

    private func appendToCell(_ text: String, inList: Bool) {
        let start = cell.count
        var text = text
        let isPlain = text.withUTF8 { bytes in
            guard bytes.count <= LogLine.longestString, bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x5c && $0 != 0x2c }) else { return false }
            cell.append(bytes)
            return true
        }
        if !isPlain { appendEscaped(text, inList: inList) }
        // What would mean that there is nothing, and what would make the line one of the head's.
        if dialect == .zeek, isReserved(from: start) || (start == 0 && line.isEmpty && cell.bytes.first == UInt8(ascii: "#")) {
            let text = Array(cell.bytes[start...])
            cell.removeAll(from: start)
            appendEscape(text[0])
            text.dropFirst().withUnsafeBufferPointer { cell.append($0) }
        }
    }

    private func isReserved(from start: Int) -> Bool {
        let text = cell.bytes[start...]
        return text.elementsEqual("-".utf8) || text.elementsEqual("(empty)".utf8)
    }

    private func appendEscaped(_ text: String, inList: Bool) {
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            if length > LogLine.longestString {
                cell.append("…" as StaticString)
                return
            }
            switch scalar {
            case "\\": cell.append(#"\\"# as StaticString)
            case ",": if inList { appendEscape(UInt8(ascii: ",")) } else { cell.append(",") }
            case "\u{20}"..."\u{7e}": cell.append(scalar)
            default:
                let utf8 = UTF8.encode(scalar)!
                if scalar.isInvisible { for byte in utf8 { appendEscape(byte) } } else { cell.append(utf8) }
            }
        }
    }

    private func appendEscape(_ byte: UInt8) {
        cell.append(#"\x"# as StaticString)
        withUnsafeBytes(of: byte) { cell.append($0.hexadecimal) }
    }

    private func appendCell() {
        guard dialect == .csv, cell.bytes.contains(where: { $0 == 0x22 || $0 == 0x2c }) else { return line.append(cell.bytes) }
        line.append("\"")
        for byte in cell.bytes {
            if byte == 0x22 { line.append("\"") }
            line.append(byte)
        }
        line.append("\"")
    }
}
