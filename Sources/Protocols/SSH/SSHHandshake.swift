/// How an SSH connection begins: both sides' banners and what they offer, as far as it was seen. What comes behind is encrypted.
public struct SSHHandshake: Equatable, Sendable {
    public let clientBanner: SSHBanner?
    public let serverBanner: SSHBanner?
    /// Nil in version 1 as well, which has no such message.
    public let clientKeyExchange: SSHKeyExchangeInit?
    public let serverKeyExchange: SSHKeyExchangeInit?
    /// Why it was not followed to its end; the client's where both sides have one.
    public let problem: SSHProblem?

    /// 1 or 2: what both speak, or all that the one says whose banner was seen.
    public var version: Int? {
        guard let banner = clientBanner ?? serverBanner, banner.isKnown else { return nil }
        return [clientBanner, serverBanner].contains { $0.map { !$0.speaksVersion2 } ?? false } ? 1 : 2
    }

    // MARK: What they agree on

    /// RFC 4253 7.1: the first of the client's names that the server has, too; nil unless both offers were seen, or where there is none.
    public var keyExchangeAlgorithm: String? { agreed(on: .keyExchange) }
    public var hostKeyAlgorithm: String? { agreed(on: .hostKey) }
    /// Of each direction. An AEAD cipher has its own authentication, and then the MAC agreed on is not used.
    public func cipher(toServer: Bool) -> String? { agreed(on: toServer ? .encryptionToServer : .encryptionToClient) }
    public func mac(toServer: Bool) -> String? { agreed(on: toServer ? .macToServer : .macToClient) }
    public func compression(toServer: Bool) -> String? { agreed(on: toServer ? .compressionToServer : .compressionToClient) }

    private func agreed(on list: SSHNameList) -> String? {
        guard let clientKeyExchange, let serverKeyExchange else { return nil }
        // A set, as lists may be as long as a stranger likes.
        let offered = Set(serverKeyExchange.slices(list))
        return clientKeyExchange.slices(list).first { offered.contains($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Fingerprints

    /// HASSH, <https://github.com/salesforce/hassh>: the client's algorithms, and their MD5 in 32 hexadecimal digits.
    public var hasshAlgorithms: String? { clientKeyExchange?.joined(.keyExchange, .encryptionToServer, .macToServer, .compressionToServer) }
    public var hassh: String? { hasshAlgorithms.map(Hashes.md5) }
    /// The same of the server.
    public var hasshServerAlgorithms: String? { serverKeyExchange?.joined(.keyExchange, .encryptionToClient, .macToClient, .compressionToClient) }
    public var hasshServer: String? { hasshServerAlgorithms.map(Hashes.md5) }
}

extension SSHKeyExchangeInit {
    fileprivate func joined(_ lists: SSHNameList...) -> String { lists.map(text).joined(separator: ";") }
}

/// Why a handshake was not followed to its end.
public enum SSHProblem: UInt8, CaseIterable, Equatable, Sendable {
    /// Bytes are missing.
    case gap
    /// A banner of more than 255 octets; its beginning is there.
    case longBanner
    /// More than 64 KiB, or 1024 lines, before a banner.
    case noBanner
    /// A banner of a protocol version that there is none of.
    case unknownVersion
    /// A packet whose lengths contradict each other.
    case malformedPacket
    /// A packet of more than 64 KiB, or as much before SSH_MSG_KEXINIT.
    case longPacket
    /// A message that has no place before SSH_MSG_KEXINIT.
    case unexpectedMessage
    /// Name-lists that run over the message's end.
    case malformedKeyExchange
    /// The connection was given up before SSH_MSG_KEXINIT.
    case disconnected

    var failure: ParserFailure? {
        switch self {
        case .gap, .disconnected: nil
        case .longBanner, .noBanner, .longPacket: .tooLong
        case .unknownVersion, .malformedPacket, .malformedKeyExchange: .malformed
        case .unexpectedMessage: .unexpected
        }
    }
}
