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
        guard CommandLine.argc > 1, let name = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
            print("fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [libFuzzer's arguments]")
            exit(64)
        }
        target = name
        // The target's name makes room for the one option that is its own.
        var arguments = CommandLine.unsafeArgv
        arguments[1] = strdup("-max_len=\(name.longestInput)")
        var count = CommandLine.argc
        exit(
            runDriver(&count, &arguments) { bytes, count in
                if let complaint = target.complaint(about: UnsafeRawBufferPointer(start: bytes, count: count)) { fatalError(complaint) }
                return 0
            })
    }
}
