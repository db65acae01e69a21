import CDPDK

/// What DPDK answered, with the call that it answered and what that was about.
public struct DPDKError: Error, Equatable, CustomStringConvertible {
    public var call: String
    /// A negative errno.
    public var code: Int32
    /// What the call was for: a device, a pool's name.
    public var subject: String

    public var description: String {
        // A driver that knows no errno answers -1, which is EPERM's number.
        let text = code == -1 ? "refused by the driver" : String(cString: shim_strerror(code))
        return subject.isEmpty ? "\(call): \(text)" : "\(subject): \(call): \(text)"
    }
}

/// Returns DPDK's answer, or throws when it is negative.
@discardableResult
func dpdk(_ call: String, of subject: String = "", _ answer: Int32) throws(DPDKError) -> Int32 {
    guard answer >= 0 else { throw DPDKError(call: call, code: answer, subject: subject) }
    return answer
}
