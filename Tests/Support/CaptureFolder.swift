import Foundation
import Testing

/// Where captures lie: the repository's own, beside their oracles, and those of the shared folder, where it is there.
public struct CaptureFolder: Sendable {
    public var captures: URL
    public var oracles: URL

    private static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// `Tests/Traces`: made by its own script, always there.
    public static let own = CaptureFolder(captures: package.appending(path: "Tests/Traces"), oracles: package.appending(path: "Tests/Traces"))

    /// `../shared/traces`, or the folder that `FOVEA_SHARED_TRACES` names.
    public static let shared: CaptureFolder = {
        let folder = ProcessInfo.processInfo.environment["FOVEA_SHARED_TRACES"].map { URL(filePath: $0) }
            ?? package.deletingLastPathComponent().appending(path: "shared/traces")
        return CaptureFolder(captures: folder.appending(path: "open"), oracles: folder.appending(path: "oracle/open"))
    }()

    /// The captures' files, by name; none where the folder is missing.
    public var files: [CaptureName] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: captures.path)) ?? []
        return names.filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted().map { CaptureName(file: $0, folder: self) }
    }

    public var isThere: Bool { !files.isEmpty }
}

/// One capture of a folder; prints as its file's name, so that a failing test case names it.
public struct CaptureName: Sendable, CustomTestStringConvertible {
    public var file: String
    public var folder: CaptureFolder

    public init(file: String, folder: CaptureFolder) { (self.file, self.folder) = (file, folder) }

    /// The name without the format.
    public var name: String { String(file[..<(file.lastIndex(of: ".") ?? file.endIndex)]) }
    public var path: String { folder.captures.appending(path: file).path }
    public var byteCount: Int { (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0 }
    public var testDescription: String { file }
}
