import Packets

/// Lines as Suricata's EVE has them: what all events say, then an object with what this kind says.
///
///     {"timestamp":"2026-01-02T03:04:05.123456+0000","flow_id":…,"event_type":"tls","src_ip":…,"src_port":…,"dest_ip":…,"dest_port":…,"proto":"TCP","tls":{…}}
///
/// Which field becomes what stands in the schema's columns (`EventMember`).
final class EventEncoder: LineEncoder {
    private let type: StaticString
    private let transport: String?
    private var search: ColumnSearch
    private var event = EventLine()
    private var json = JSONText()
    private(set) var strayField: StaticString?
    private var subscription: String?

    init(_ schema: LogSchema) {
        type = schema.event ?? "event"
        transport = schema.transport
        search = ColumnSearch(schema.columns)
    }

    func append(to text: inout [UInt8]) { text += json.text.bytes }

    func open() {
        event.clear()
        search.next = 0
        strayField = nil
        subscription = nil
    }

    func add(_ key: StaticString, _ value: FieldValue) {
        guard let place = search.find(key) else {
            if key.isSame(as: "subscription"), case .text(let name) = value { subscription = name } else { strayField = strayField ?? key }
            return
        }
        search.columns[place].event?.write(value, &event)
    }

    func addToEvent(_ fill: (inout EventLine) -> Void) { fill(&event) }

    func close() {
        event.endGroup()
        json.removeAll()
        json.append("{")
        json.begin("timestamp")
        json.append("\"")
        json.text.append(CivilTime(event.time).eventText)
        json.append("\"")
        if let flow = event.flow {
            json.begin("flow_id")
            json.append(integer: flow)
        }
        json.begin("event_type")
        json.append(string: "\(type)")
        if !event.vlans.isEmpty {
            json.begin("vlan")
            json.append(list: event.vlans, mark: "null") { $0.append(integer: $1) }
        }
        let isICMP = event.transport == "icmp"
        append("src_ip", event.source)
        if !isICMP { append("src_port", event.sourcePort) }
        append("dest_ip", event.destination)
        if !isICMP { append("dest_port", event.destinationPort) }
        if let transport = event.transport ?? transport {
            json.begin("proto")
            json.append(string: isICMP && event.source?.isIPv4 == false ? "IPv6-ICMP" : transport.uppercased())
        }
        if isICMP { append("icmp_type", event.sourcePort) }
        if !event.top.isEmpty {
            json.append(",")
            json.append(event.top)
        }
        json.begin(type)
        json.append("{")
        json.append(event.detail)
        json.append("}")
        if let subscription {
            json.begin("subscription")
            json.append(string: subscription)
        }
        json.append("}")
    }

    private func append(_ key: StaticString, _ address: IPAddress?) {
        guard let address else { return }
        json.begin(key)
        json.append(address: address)
    }

    private func append(_ key: StaticString, _ port: Int128?) {
        guard let port else { return }
        json.begin(key)
        json.append(integer: port)
    }
}

/// An event in the making.
public struct EventLine: ~Copyable {
    /// When it happened.
    public internal(set) var time = Timestamp.zero
    /// The protocol, in Zeek's word for it, once that is known.
    public internal(set) var transport: String?
    var flow: UInt64?
    var source: IPAddress?, destination: IPAddress?
    var sourcePort: Int128?, destinationPort: Int128?
    var vlans: [Int128] = []
    var top = JSONText()
    var detail = JSONText()
    /// The object in `detail` that is open: "ja3" of "ja3.hash".
    private var group: [UInt8] = []

    mutating func clear() {
        (time, transport, flow, source, destination, sourcePort, destinationPort) = (.zero, nil, nil, nil, nil, nil, nil)
        vlans.removeAll()
        group.removeAll()
        top.removeAll()
        detail.removeAll()
    }

    /// Adds to the object of its kind. A name with a dot is one in an object of its own: those of one object must follow each other.
    public mutating func add(_ key: StaticString, _ value: FieldValue) {
        let name = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        let dot = name.firstIndex(of: UInt8(ascii: "."))
        let group = name[..<(dot ?? 0)]
        if !group.elementsEqual(self.group) {
            endGroup()
            if !group.isEmpty {
                detail.begin(UnsafeBufferPointer(rebasing: group))
                detail.append("{")
                self.group = Array(group)
            }
        }
        detail.begin(UnsafeBufferPointer(rebasing: name[(dot.map { $0 + 1 } ?? 0)...]))
        detail.append(value)
    }

    mutating func endGroup() {
        if !group.isEmpty { detail.append("}") }
        group.removeAll()
    }

    /// Adds beside that object.
    public mutating func addToTop(_ key: StaticString, _ value: FieldValue) {
        top.begin(key)
        top.append(value)
    }

    /// Adds a list of objects.
    public mutating func add<Values: Collection>(_ key: StaticString, objects values: Values, _ fill: (Values.Element, inout LogLine) -> Void) {
        endGroup()
        detail.begin(key)
        detail.append("[")
        let start = detail.count
        var object = LogLine()
        for value in values {
            if detail.count > start { detail.append(",") }
            if detail.count - start > LogLine.longestField {
                detail.text.append("null" as StaticString)
                break
            }
            object.open()
            fill(value, &object)
            object.close()
            object.append(to: &detail)
        }
        detail.append("]")
    }
}

/// What becomes of a field in an event.
public struct EventMember: Sendable, ExpressibleByStringLiteral {
    let write: @Sendable (FieldValue, inout EventLine) -> Void

    public init(_ write: @escaping @Sendable (FieldValue, inout EventLine) -> Void) { self.write = write }

    /// The same value under another name in the object of the event's kind.
    public init(stringLiteral key: StaticString) { self.init { $1.add(key, $0) } }

    /// Beside that object.
    public static func top(_ key: StaticString) -> EventMember { EventMember { $1.addToTop(key, $0) } }

    /// A text that reads otherwise.
    public static func text(_ key: StaticString, _ change: @escaping @Sendable (String) -> String) -> EventMember {
        EventMember { value, event in if case .text(let text) = value { event.add(key, .text(change(text))) } }
    }

    /// Only if it is true, as Suricata's flags are.
    public static func flag(_ key: StaticString) -> EventMember { EventMember { value, event in if case .bool(true) = value { event.add(key, value) } } }

    /// A length of time in whole seconds.
    public static func wholeSeconds(_ key: StaticString) -> EventMember {
        EventMember { value, event in if case .interval(let nanoseconds) = value { event.add(key, .integer(Int128(nanoseconds / 1_000_000_000))) } }
    }

    static let timestamp = EventMember { value, event in if case .time(let time) = value { event.time = time } }
    /// A number in place of Zeek's name; of 53 bits, so that readers whose numbers are doubles keep flows apart.
    static let flow = EventMember { value, event in
        guard case .text(let uid) = value else { return }
        let hash = uid.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        event.flow = (hash ^ hash >> 53) & (1 << 53 - 1)
    }
    static let source = EventMember { value, event in if case .address(let address) = value { event.source = address } }
    static let destination = EventMember { value, event in if case .address(let address) = value { event.destination = address } }
    static let sourcePort = EventMember { value, event in if case .integer(let port) = value { event.sourcePort = port } }
    static let destinationPort = EventMember { value, event in if case .integer(let port) = value { event.destinationPort = port } }
    static let transport = EventMember { value, event in if case .text(let name) = value { event.transport = name } }
    static let vlan = EventMember { value, event in if case .integer(let tag) = value { event.vlans.append(tag) } }
}

extension JSONText {
    mutating func append(_ value: FieldValue) {
        switch value {
        case .text(let text): append(string: text)
        case .integer(let integer): append(integer: integer)
        case .bool(let value): append(bool: value)
        case .double(let value): append(double: value)
        // Suricata's way to write one.
        case .time(let time): append(string: CivilTime(time).eventText)
        case .interval(let nanoseconds): append(seconds: nanoseconds)
        case .address(let address): append(address: address)
        case .texts(let texts): append(list: texts, mark: "\"…\"") { $0.append(string: $1) }
        case .integers(let integers): append(list: integers, mark: "null") { $0.append(integer: $1) }
        }
    }
}
