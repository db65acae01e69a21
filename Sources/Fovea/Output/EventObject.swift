import Packets

/// An object in what an event says, in the making: `"client":{…}` in `"tls":{…}`.
public struct EventObject: ~Copyable {
    fileprivate var json: JSONText

    /// Adds nothing when there is no value.
    public mutating func add(_ key: StaticString, _ value: FieldValue?) {
        guard let value else { return }
        json.begin(key)
        json.append(value)
    }

    public mutating func add(_ key: StaticString, _ text: String?) { add(key, text.map { .text($0) }) }

    public mutating func add(_ key: StaticString, object fill: (inout EventObject) -> Void) {
        json.begin(key)
        json.appendObject(fill)
    }

    /// A list of objects with one member each, as Suricata writes parameters.
    public mutating func add(_ key: StaticString, parameters: [(name: StaticString, value: String?)]) {
        json.begin(key)
        json.append("[")
        var isFirst = true
        for (name, value) in parameters {
            guard let value else { continue }
            if !isFirst { json.append(",") }
            isFirst = false
            json.appendObject { $0.add(name, value) }
        }
        json.append("]")
    }
}

extension EventLine {
    /// Adds an object.
    public mutating func add(_ key: StaticString, object fill: (inout EventObject) -> Void) {
        endGroup()
        detail.begin(key)
        detail.appendObject(fill)
    }

    /// Adds nothing when there is no value.
    public mutating func add(_ key: StaticString, ifThere value: FieldValue?) {
        if let value { add(key, value) }
    }
}

extension JSONText {
    fileprivate mutating func appendObject(_ fill: (inout EventObject) -> Void) {
        append("{")
        // Kept in one place only, so that it is not copied.
        var object = EventObject(json: JSONText())
        swap(&self, &object.json)
        fill(&object)
        swap(&self, &object.json)
        append("}")
    }
}
