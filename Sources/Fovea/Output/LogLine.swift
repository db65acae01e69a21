import Packets

/// A line of results in the making: whoever fills it says names and values, Zeek's; what becomes of them is the format's business (`OutputFormat`).
///
/// As JSON members stand in the order in which they are added, and cost no more than their bytes. Formats that have columns, or names of their own, ask the
/// subscription's `LogSchema`, so members must come in the order of its columns; none need be there.
///
/// It is filled in place and not copied, for its text lies in memory of its own.
///
/// Strings come from the network and may be hostile: see `JSONText` and `TableEncoder` for what becomes of them. In every format they end in "…" where they
/// are too long, and so do lists; in lists of numbers null stands there.
public struct LogLine: ~Copyable {
    /// Bytes of UTF-8 that a string may have.
    public static let longestString = 4096
    /// Bytes that a list of them may have.
    public static let longestField = 64 << 10

    private var json = JSONText()
    /// What writes it in other formats; nil: it is JSON with the names that it is given.
    private let encoder: (any LineEncoder)?
    /// When what it speaks of happened, nanoseconds since 1970: the first time in it, or what `happened` said; `.min`: it does not say.
    private(set) var time = Int64.min

    init(_ encoder: (any LineEncoder)? = nil) { self.encoder = encoder }

    /// Adds nothing when there is no value: a field that is not set is not there.
    public mutating func add(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        if let encoder { return encoder.add(key, .text(value)) }
        begin(key)
        json.append(string: value)
    }

    /// Text of unknown encoding, read as UTF-8.
    public mutating func add(_ key: StaticString, utf8 value: RawSpan) {
        let head = value.extracting(first: min(value.byteCount, Self.longestString + 1))
        add(key, head.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }

    public mutating func add(_ key: StaticString, _ value: some BinaryInteger) {
        if let encoder { return encoder.add(key, .integer(Int128(truncatingIfNeeded: value))) }
        begin(key)
        json.append(integer: value)
    }

    public mutating func add(_ key: StaticString, _ value: Bool) {
        if let encoder { return encoder.add(key, .bool(value)) }
        begin(key)
        json.append(bool: value)
    }

    /// Null, or not set, for what JSON has no number for.
    public mutating func add(_ key: StaticString, _ value: Double) {
        if let encoder { return encoder.add(key, .double(value)) }
        begin(key)
        json.append(double: value)
    }

    public mutating func add(_ key: StaticString, _ values: [String]) {
        if let encoder { return encoder.add(key, .texts(values)) }
        begin(key)
        json.append(list: values, mark: "\"…\"") { $0.append(string: $1) }
    }

    public mutating func add(_ key: StaticString, _ values: [some BinaryInteger]) {
        if let encoder { return encoder.add(key, .integers(values.map { Int128(truncatingIfNeeded: $0) })) }
        begin(key)
        json.append(list: values, mark: "null") { $0.append(integer: $1) }
    }

    public mutating func add(_ key: StaticString, _ address: IPAddress) {
        if let encoder { return encoder.add(key, .address(address)) }
        begin(key)
        json.append(address: address)
    }

    /// Seconds since 1970 with six decimals, as Zeek's logs have them; exact, what lies below a microsecond is dropped.
    public mutating func add(_ key: StaticString, _ time: Timestamp) {
        // The first is when it happened; others may be a certificate's.
        if self.time == .min { self.time = time.nanoseconds }
        if let encoder { return encoder.add(key, .time(time)) }
        begin(key)
        json.append(seconds: time.nanoseconds)
    }

    /// A length of time, given in nanoseconds, as seconds with six decimals.
    public mutating func add(_ key: StaticString, seconds nanoseconds: Int64) {
        if let encoder { return encoder.add(key, .interval(nanoseconds)) }
        begin(key)
        json.append(seconds: nanoseconds)
    }

    /// It speaks of something as late as that, whether or not it says so: what files are rotated by.
    public mutating func happened(at time: Timestamp) { self.time = max(self.time, time.nanoseconds) }

    /// What events alone have, and no other format.
    public mutating func addToEvent(_ fill: (inout EventLine) -> Void) {
        if let encoder { encoder.addToEvent(fill) }
    }

    /// Text that has nothing to be escaped: visible ASCII without quotes and backslashes.
    ///
    /// - Parameters:
    ///   - room: bytes, at least those that are written.
    ///   - write: writes some, and gives their number.
    @inline(__always)
    mutating func add(_ key: StaticString, plain room: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        if let encoder {
            return encoder.add(key, .text(String(unsafeUninitializedCapacity: room) { write($0.baseAddress!) }))
        }
        begin(key)
        json.append(plain: room, write)
    }

    @inline(__always)
    private mutating func begin(_ key: StaticString) {
        json.append(key: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount), isFirst: json.count <= 1)
    }

    // MARK: Lines

    mutating func open() {
        time = .min
        if let encoder { return encoder.open() }
        json.removeAll()
        json.append("{")
    }

    mutating func close() {
        if let encoder { return encoder.close() }
        json.append("}")
    }

    /// Without its end.
    borrowing func append(to text: inout [UInt8]) {
        if let encoder { encoder.append(to: &text) } else { text += json.text.bytes }
    }

    /// A field that its subscription's schema does not have, or not there: it was left out.
    var strayField: StaticString? { encoder?.strayField }

    /// One of JSON, as a value of another.
    borrowing func append(to text: inout JSONText) { text.append(json) }

    var text: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The line as JSON text, made by `fill`.
    static func text(_ fill: (inout LogLine) -> Void) -> String {
        var line = LogLine()
        line.open()
        fill(&line)
        line.close()
        return line.text
    }
}

/// A field's value on its way to a format other than JSON with Zeek's names.
public enum FieldValue: Sendable {
    case text(String)
    case integer(Int128)
    case bool(Bool)
    case double(Double)
    case time(Timestamp)
    /// Nanoseconds.
    case interval(Int64)
    case address(IPAddress)
    case texts([String])
    case integers([Int128])
}

/// What writes lines in a format that needs to know more than names and values. One a writer.
protocol LineEncoder: AnyObject {
    func open()
    func add(_ key: StaticString, _ value: FieldValue)
    func addToEvent(_ fill: (inout EventLine) -> Void)
    func close()
    /// The line, without its end.
    func append(to text: inout [UInt8])
    var strayField: StaticString? { get }
}
