import Capture
import Glibc
import Packets

/// A capture file, pcap or pcapng, as a whole; read once by bursts and once frame by frame.
enum FileInput {
    static func complaint(_ input: UnsafeRawBufferPointer) -> String? {
        var path = Array("/tmp/fovea-fuzz-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        guard file >= 0 else { return "no temporary file" }
        // Nobody needs its name: it is gone with its last descriptor.
        unlink(path)
        defer { close(file) }
        guard write(file, input.baseAddress, input.count) == input.count else { return "no room for a temporary file" }
        var burst = Burst()
        guard var reader = try? CaptureFile(path: "/proc/self/fd/\(file)"), var other = try? CaptureFile(path: "/proc/self/fd/\(file)") else { return nil }
        var byteCount = 0
        var position = 0
        var state = CaptureState.open
        while state == .open {
            state = reader.fill(&burst)
            for frame in burst.frames {
                guard frame.length <= CaptureFile.longestFrame, frame.wireLength >= frame.length else { return "\(frame.length) bytes of \(frame.wireLength)" }
                byteCount += Int(frame.length)
                let sum = checkSum(frame)
                guard let same = try? other.next(), checkSum(same) == sum, same.timestamp == frame.timestamp else { return "another frame by itself" }
            }
            guard reader.isLibpcaps || reader.position >= position else { return "back from \(position) to \(reader.position)" }
            position = reader.position
        }
        if byteCount > input.count { return "\(byteCount) bytes in a file of \(input.count)" }
        if let more = try? other.next() { return "one more frame, of \(more.length) bytes" }
        return nil
    }

    /// Touches every byte.
    private static func checkSum(_ frame: Frame) -> Int {
        UnsafeRawBufferPointer(start: frame.bytes, count: Int(frame.length)).reduce(Int(frame.length)) { $0 &* 31 &+ Int($1) }
    }
}
