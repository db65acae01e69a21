/// HPACK's dynamic table, RFC 7541 2.3.2: the newest header has the lowest index, and the oldest give way.
///
///     bytes    | evicted | name value | name value | … | name value |
///     places   | evicted |   oldest   |            | … |   newest   |      what is evicted is dropped once it is half of all, or 64 KiB
///
/// After a hole, or where the beginning was not seen, older headers than those added since are not known, and how many there are is not, either. Which of the
/// known ones are evicted still is, for that hangs on newer ones alone.
struct HPACKTable {
    /// What a table may hold here, whatever the settings allow.
    static let most = 64 << 10
    /// What it may hold before anything else is agreed on.
    static let initial = 4096

    private(set) var bytes: [UInt8] = []
    private var places: [HPACKPlace] = []
    /// How many of `places` are evicted.
    private var evicted = 0
    /// Of all that are not, RFC 7541 4.1.
    private(set) var size = 0
    private(set) var limit = HPACKTable.initial
    /// Whether there may be headers beyond those that are known.
    private(set) var isPartial = false

    var count: Int { places.count - evicted }
    var heldBytes: Int { bytes.capacity + places.capacity * MemoryLayout<HPACKPlace>.stride }

    /// - Parameter index: from 0, the newest.
    func place(_ index: Int) -> HPACKPlace? {
        guard index < count else { return nil }
        return places[places.count - 1 - index]
    }

    /// - Parameter header: name and value, one behind the other.
    mutating func add(_ header: [UInt8], name nameLength: Int, isSound: Bool = true) {
        let size = header.count + 32
        evict(to: limit - size)
        // One that is larger than the table leaves it empty.
        guard size <= limit else { return }
        places.append(HPACKPlace(start: bytes.count, name: nameLength, value: header.count - nameLength, isSound: isSound))
        bytes.append(contentsOf: header)
        self.size += size
    }

    /// Adds one whose name or value is not known: of no length, which keeps it at its index.
    mutating func addUnknown() {
        evict(to: limit - 32)
        guard limit >= 32 else { return }
        places.append(HPACKPlace(start: bytes.count, name: 0, value: 0, isSound: true))
        size += 32
    }

    /// The encoder says how large the table is from now on.
    mutating func resize(_ newLimit: Int) {
        // Beyond what is kept here, older ones may be meant.
        if newLimit > Self.most { isPartial = true }
        if newLimit == 0 { isPartial = false }
        limit = min(newLimit, Self.most)
        evict(to: limit)
    }

    /// Nothing is known of it any more.
    mutating func lose() {
        self = HPACKTable()
        limit = Self.most
        isPartial = true
    }

    private mutating func evict(to room: Int) {
        while size > max(room, 0), evicted < places.count {
            size -= places[evicted].size
            evicted += 1
        }
        guard evicted > 0 else { return }
        let dead = evicted < places.count ? places[evicted].start : bytes.count
        guard evicted * 2 >= places.count || dead > Self.most else { return }
        bytes.removeSubrange(..<dead)
        places.removeSubrange(..<evicted)
        for place in places.indices { places[place].start -= dead }
        evicted = 0
    }
}
