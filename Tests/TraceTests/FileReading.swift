import Capture
import Foundation
import Packets

/// What a capture file gave, and what was wrong with it after that.
struct FileReading: Equatable {
    var frames: [FileFrame] = []
    var problem: String?
    /// Where in the file it ended.
    var position = 0
    var isLibpcaps = false

    /// - Parameter byBursts: with each burst's frames looked at when all of them are there.
    init(path: String, onlyLibpcap: Bool = false, byBursts: Bool = false) {
        do throws(CaptureFileError) {
            var file = try CaptureFile(path: path, onlyLibpcap: onlyLibpcap)
            isLibpcaps = file.isLibpcaps
            defer { position = file.position }
            if byBursts {
                var burst = Burst()
                while file.fill(&burst) == .open { frames += burst.frames.map(FileFrame.init) }
                // It has freed them, and says why there are no more to whoever asks again.
                while let frame = try file.next() { frames.append(FileFrame(frame)) }
            } else {
                while let frame = try file.next() { frames.append(FileFrame(frame)) }
            }
        } catch {
            problem = error.message
        }
    }

    init(_ bytes: [UInt8], onlyLibpcap: Bool = false, byBursts: Bool = false) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "fovea-reading-\(UUID().uuidString)").path
        try Data(bytes).write(to: URL(filePath: path))
        defer { unlink(path) }
        self.init(path: path, onlyLibpcap: onlyLibpcap, byBursts: byBursts)
    }

    /// Where two differ, in a few words; nil if they do not. Who has read them does not count.
    func difference(to other: FileReading) -> String? {
        if let place = zip(frames, other.frames).enumerated().first(where: { $1.0 != $1.1 })?.offset {
            return "frame \(place): \(frames[place].summary) and \(other.frames[place].summary)"
        }
        if frames.count != other.frames.count { return "\(frames.count) frames and \(other.frames.count); \(problem ?? "-") and \(other.problem ?? "-")" }
        if problem != other.problem { return "\(problem ?? "no problem") and \(other.problem ?? "no problem")" }
        if problem == nil, position != other.position { return "at \(position) and at \(other.position)" }
        return nil
    }
}

extension FileFrame {
    fileprivate var summary: String { "\(bytes.count) of \(wireLength) bytes, link \(linkType.rawValue), at \(time) \(bytes.prefix(8))" }
}
