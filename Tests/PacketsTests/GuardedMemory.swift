import Packets

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Room for one frame, right before a page that nobody may read: reading past the frame's end ends the test run, in any build.
struct GuardedMemory: ~Copyable {
    private let start: UnsafeMutableRawPointer
    private let room: Int
    private let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    init(room: Int) {
        self.room = (room + page - 1) / page * page
        guard let area = mmap(nil, self.room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), area != MAP_FAILED else {
            preconditionFailure("no memory for a frame")
        }
        start = area
        precondition(mprotect(start + self.room, page, PROT_NONE) == 0)
    }

    deinit { munmap(start, room + page) }

    /// The frame of these bytes, against the memory's end. Valid until the next.
    func frame(_ bytes: some Collection<UInt8>, wireLength: Int? = nil, linkType: LinkType = .ethernet) -> Frame {
        precondition(bytes.count <= room)
        let first = start + (room - bytes.count)
        UnsafeMutableRawBufferPointer(start: first, count: bytes.count).copyBytes(from: bytes)
        return Frame(
            bytes: UnsafeRawPointer(first), timestamp: Timestamp(nanoseconds: 1_700_000_000_000_000_000), length: UInt32(bytes.count),
            wireLength: UInt32(wireLength ?? bytes.count), linkType: linkType
        )
    }
}
