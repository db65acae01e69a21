/// First in, first out: an array from whose front elements are taken without the others being moved each time.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }
    var first: Element? { isEmpty ? nil : elements[head] }

    /// By the place from the front.
    subscript(place: Int) -> Element {
        get { elements[head + place] }
        _modify { yield &elements[head + place] }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        if head == elements.count - 1 {
            // The last is moved out: a copy would count references to all that it holds.
            let last = elements.removeLast()
            if head > 0 { elements.removeAll(keepingCapacity: head < 64) }
            head = 0
            return last
        }
        let element = elements[head]
        head += 1
        if head >= 32, 2 * head >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// From the front, or with the others behind it moved.
    mutating func remove(at place: Int) -> Element {
        if place == 0, let element = popFirst() { return element }
        return elements.remove(at: head + place)
    }

    mutating func insert(_ element: Element, at place: Int) { elements.insert(element, at: head + place) }

    /// Changes each element.
    mutating func forEach(_ change: (inout Element) -> Void) {
        for place in head..<elements.count { change(&elements[place]) }
    }
}
