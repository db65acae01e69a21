extension UnsafeRawBufferPointer {
    /// Two lower-case digits a byte.
    package var hexadecimal: String {
        String(unsafeUninitializedCapacity: 2 * count) { text in
            let digits: StaticString = "0123456789abcdef"
            for (place, byte) in enumerated() {
                text[2 * place] = digits.utf8Start[Int(byte >> 4)]
                text[2 * place + 1] = digits.utf8Start[Int(byte & 15)]
            }
            return 2 * count
        }
    }
}
