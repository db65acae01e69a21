import Glibc

extension RawSpan {
    /// Where a byte is met first, from a place on that lies in it or at its end.
    @inline(__always)
    func firstPlace(of byte: UInt8, from start: Int = 0) -> Int? {
        withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress, let found = memchr(base + start, Int32(byte), bytes.count - start) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    /// Whether it begins with a text, byte by byte.
    func begins(with text: StaticString) -> Bool {
        guard byteCount >= text.utf8CodeUnitCount else { return false }
        return agrees(with: text)
    }

    /// Whether it is a text, byte by byte.
    func equals(_ text: StaticString) -> Bool { byteCount == text.utf8CodeUnitCount && agrees(with: text) }

    /// Whether it begins as a text does, as far as both go.
    func agrees(with text: StaticString) -> Bool {
        for place in 0..<min(byteCount, text.utf8CodeUnitCount) where unsafeLoad(fromByteOffset: place, as: UInt8.self) != text.utf8Start[place] {
            return false
        }
        return true
    }
}
