/// Why a side has given up the handshake: a CONNECTION_CLOSE frame, RFC 9000 19.19.
public struct QUICClose: Hashable, Sendable {
    /// Bytes of a reason that are kept.
    public static let longestReason = 256

    /// RFC 9000 20.1, or the application's own.
    public let code: UInt64
    /// Whether the code is the application's, which an Initial should not tell (RFC 9000 10.2.3).
    public let isOfApplication: Bool
    /// For people to read, as it was sent: it may hold anything. Its first 256 bytes.
    public let reason: String

    /// The TLS alert that it stands for, RFC 9001 4.8.
    public var alert: TLSAlert? { !isOfApplication && (0x100...0x1ff).contains(code) ? TLSAlert(rawValue: UInt8(code & 0xff)) : nil }

    /// The name that the RFC has for the code, an alert's, or its number.
    public var name: String {
        if isOfApplication { return "application-\(code)" }
        return alert.map { "CRYPTO_ERROR(\($0))" } ?? Self.names.first { $0.value == code }?.key ?? "unknown-\(code)"
    }

    static let names: [String: UInt64] = [
        "NO_ERROR": 0x00, "INTERNAL_ERROR": 0x01, "CONNECTION_REFUSED": 0x02, "FLOW_CONTROL_ERROR": 0x03, "STREAM_LIMIT_ERROR": 0x04,
        "STREAM_STATE_ERROR": 0x05, "FINAL_SIZE_ERROR": 0x06, "FRAME_ENCODING_ERROR": 0x07, "TRANSPORT_PARAMETER_ERROR": 0x08,
        "CONNECTION_ID_LIMIT_ERROR": 0x09, "PROTOCOL_VIOLATION": 0x0a, "INVALID_TOKEN": 0x0b, "APPLICATION_ERROR": 0x0c, "CRYPTO_BUFFER_EXCEEDED": 0x0d,
        "KEY_UPDATE_ERROR": 0x0e, "AEAD_LIMIT_REACHED": 0x0f, "NO_VIABLE_PATH": 0x10, "VERSION_NEGOTIATION_ERROR": 0x11,
    ]
}
