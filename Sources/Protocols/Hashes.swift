import Crypto
import Packets

/// Hashes as text, which fingerprints and certificates go by.
enum Hashes {
    /// 32 digits, of a text's UTF-8.
    static func md5(_ text: String) -> String {
        var hash = Insecure.MD5()
        var text = text
        text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return hash.finalize().withUnsafeBytes(\.hexadecimal)
    }

    /// 64 digits, of a text's UTF-8.
    static func sha256(_ text: String) -> String {
        var text = text
        return text.withUTF8 { sha256($0.span.bytes) }
    }

    static func sha256(_ bytes: RawSpan) -> String {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes(\.hexadecimal)
    }

    /// 40 digits.
    static func sha1(_ bytes: RawSpan) -> String {
        var hash = Insecure.SHA1()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes(\.hexadecimal)
    }
}

extension RawSpan {
    /// Two lower-case digits a byte.
    var hexadecimal: String { withUnsafeBytes(\.hexadecimal) }
}

extension UInt16 {
    /// Four lower-case digits.
    var hexadecimal: String { withUnsafeBytes(of: bigEndian) { $0.hexadecimal } }
}
