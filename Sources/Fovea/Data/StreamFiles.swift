import Glibc
import Tracking

/// Files of connections' streams in one folder, on one core: written where their bytes lie in the stream, so a gap stays a hole, which reads as zeros. Few are
/// open at a time, whatever the number of connections.
final class StreamFiles {
    /// Open at a time.
    static let mostOpen = 64
    /// Made by a core in one run; whoever comes later has none, and its line says so.
    static let mostFiles = 1_000_000

    private let folder: String
    private var slots: [Slot] = []
    private var uses: UInt64 = 0
    private var made = 0
    /// The first refusal's errno, and what could not be written.
    private(set) var refusal: (path: String, code: Int32)?

    /// A descriptor, and for which opening of a file.
    private struct Slot {
        var descriptor: Int32
        var opening: UInt64
        var lastUse: UInt64
    }

    /// One direction's file. The name is without the folder.
    struct File {
        fileprivate(set) var name: String?
        fileprivate(set) var isRefused = false
        fileprivate var slot = 0
        fileprivate var opening: UInt64 = 0
    }

    init(folder: String) throws(OutputError) {
        self.folder = folder
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw OutputError(path: folder, code: errno) }
        slots.reserveCapacity(Self.mostOpen)
    }

    deinit { for slot in slots where slot.descriptor >= 0 { Glibc.close(slot.descriptor) } }

    /// Writes at a place of the stream. What the disk refuses is the end of that file, and told at the end of the run.
    ///
    /// - Parameter name: the file's, made with its first bytes.
    func write(_ bytes: RawSpan, at offset: UInt64, to file: inout File, name: @autoclosure () -> String) {
        guard !file.isRefused, bytes.byteCount > 0, let descriptor = descriptor(of: &file, name) else { return }
        let code: Int32 = bytes.withUnsafeBytes { bytes in
            var count = 0
            while count < bytes.count {
                let answer = pwrite(descriptor, bytes.baseAddress! + count, bytes.count - count, off_t(offset) + off_t(count))
                if answer >= 0 { count += answer } else if errno != EINTR { return errno }
            }
            return 0
        }
        if code != 0 { refuse(&file, code) }
    }

    private func descriptor(of file: inout File, _ name: () -> String) -> Int32? {
        uses &+= 1
        if file.opening != 0, slots[file.slot].opening == file.opening {
            slots[file.slot].lastUse = uses
            return slots[file.slot].descriptor
        }
        let isNew = file.name == nil
        guard !isNew || made < Self.mostFiles else {
            file.isRefused = true
            return nil
        }
        if isNew { file.name = name() }
        // A name is made of letters and digits; a link that somebody has put there is not followed.
        let descriptor = Glibc.open("\(folder)/\(file.name!)", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (isNew ? O_TRUNC : 0), 0o644)
        guard descriptor >= 0 else {
            refuse(&file, errno)
            return nil
        }
        if isNew { made += 1 }
        file.slot = freeSlot()
        file.opening = uses
        slots[file.slot] = Slot(descriptor: descriptor, opening: uses, lastUse: uses)
        return descriptor
    }

    /// One that is free, or that of the file that has been written to longest ago, which is closed.
    private func freeSlot() -> Int {
        if slots.count < Self.mostOpen {
            slots.append(Slot(descriptor: -1, opening: 0, lastUse: 0))
            return slots.count - 1
        }
        let oldest = slots.indices.min { slots[$0].lastUse < slots[$1].lastUse }!
        close(slot: oldest)
        return oldest
    }

    private func close(slot: Int) {
        if slots[slot].descriptor >= 0 { Glibc.close(slots[slot].descriptor) }
        slots[slot] = Slot(descriptor: -1, opening: 0, lastUse: 0)
    }

    private func refuse(_ file: inout File, _ code: Int32) {
        file.isRefused = true
        if refusal == nil { refusal = ("\(folder)/\(file.name ?? "")", code) }
    }

    /// Nothing more is written to a file.
    func close(_ file: inout File) {
        if file.opening != 0, slots[file.slot].opening == file.opening { close(slot: file.slot) }
        file.opening = 0
    }

    /// Gives a file another name.
    func rename(_ file: inout File, to name: String) {
        guard let before = file.name else { return }
        if Glibc.rename("\(folder)/\(before)", "\(folder)/\(name)") != 0 { return refuse(&file, errno) }
        file.name = name
    }

    /// How many are open.
    var openCount: Int { slots.filter { $0.descriptor >= 0 }.count }
}
