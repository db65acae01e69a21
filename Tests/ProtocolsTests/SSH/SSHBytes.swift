/// SSH's banners and packets, written out.
enum SSHBytes {
    static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    /// RFC 4253 6: length, length of the padding, message, padding up to a multiple of eight.
    static func packet(_ message: [UInt8]) -> [UInt8] {
        let padding = 4 + (8 - (5 + message.count + 4) % 8) % 8
        return number(1 + message.count + padding) + [UInt8(padding)] + message + [UInt8](repeating: 0xaa, count: padding)
    }

    static let cookie = (0..<16).map { UInt8($0) }

    /// Lists in their order; what is left out is empty.
    static func keyExchangeInit(_ lists: [String], firstPacketFollows: Bool = false) -> [UInt8] {
        let all = lists + [String](repeating: "", count: 10 - lists.count)
        return [20] + cookie + all.flatMap { number($0.utf8.count) + Array($0.utf8) } + [firstPacketFollows ? 1 : 0] + number(0)
    }

    static let clientLists = [
        "curve25519-sha256,ecdh-sha2-nistp256,ext-info-c", "rsa-sha2-512,ssh-ed25519", "chacha20-poly1305@openssh.com,aes128-ctr", "aes128-ctr,aes256-ctr",
        "hmac-sha2-256,hmac-sha1", "hmac-sha1,hmac-sha2-256", "none,zlib", "none",
    ]
    static let serverLists = [
        "ecdh-sha2-nistp256,curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes256-ctr,aes128-ctr", "hmac-sha1", "hmac-sha1", "zlib", "none,zlib@openssh.com",
    ]
    static let client = Array("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".utf8), server = Array("SSH-2.0-dropbear_2022.83\r\n".utf8)
    static let clientOffer = packet(keyExchangeInit(clientLists)), serverOffer = packet(keyExchangeInit(serverLists))
}
