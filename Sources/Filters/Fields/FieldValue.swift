import Packets

/// One value of a field. A field may have none and it may have several: both ports, all protocols offered.
public enum FieldValue: Hashable, Sendable {
    /// Also a boolean (0 or 1), a duration (nanoseconds) and a MAC address (48 bits).
    case integer(UInt64)
    case address(IPAddress)
    /// Also a string's UTF-8, as it came.
    case bytes([UInt8])

    public static func string(_ text: some StringProtocol) -> FieldValue { .bytes(Array(text.utf8)) }
}
