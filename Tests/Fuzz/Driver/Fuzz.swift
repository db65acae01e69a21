import FuzzInputs

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// libFuzzer's own main, for programs that have one (LLVM's compiler-rt, `FuzzerInterface.h`).
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>, Int) -> Int32
) -> Int32

nonisolated(unsafe) private var target = FuzzTarget.packet

/// `fuzz <target> <libFuzzer's arguments>`
@main enum Fuzz {
    static func main() {
        let words = CommandLine.arguments
        guard words.count > 1, let name = FuzzTarget.allCases.first(where: { words[1] == $0.rawValue || words[1] == ignored($0) }) else {
            print("fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [libFuzzer's arguments]")
            exit(64)
        }
        target = name
        // In a form that it ignores and gives to the processes that it starts itself (`-merge=1`, `-fork=n`).
        let own = [words[0], ignored(name), "-max_len=\(name.longestInput)"] + words.dropFirst(2)
        var arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: own.count + 1)
        for (index, word) in own.enumerated() { arguments[index] = strdup(word) }
        arguments[own.count] = nil
        var count = Int32(own.count)
        exit(
            runDriver(&count, &arguments) { bytes, count in
                if let complaint = target.complaint(about: UnsafeRawBufferPointer(start: bytes, count: count)) { fatalError(complaint) }
                return 0
            })
    }

    private static func ignored(_ target: FuzzTarget) -> String { "--\(target.rawValue)" }
}
