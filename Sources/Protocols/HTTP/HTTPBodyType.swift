/// What a body is by its first bytes, in Zeek's names.
public enum HTTPBodyType: String, CaseIterable, Sendable {
    case html = "text/html"
    case xml = "application/xml"
    case json = "application/json"
    case svg = "image/svg+xml"
    case jpeg = "image/jpeg"
    case png = "image/png"
    case gif = "image/gif"
    case webp = "image/webp"
    case icon = "image/x-icon"
    case pdf = "application/pdf"
    case zip = "application/zip"
    case gzip = "application/x-gzip"
    case bzip2 = "application/x-bzip2"
    case xz = "application/x-xz"
    case zstd = "application/zstd"
    case rar = "application/x-rar"
    case sevenZip = "application/x-7z-compressed"
    case cabinet = "application/vnd.ms-cab-compressed"
    case elf = "application/x-executable"
    case pe = "application/x-dosexec"
    case machO = "application/x-mach-o-executable"
    case java = "application/x-java-applet"
    case flash = "application/x-shockwave-flash"
    case office = "application/msword"
    case mp4 = "video/mp4"
    case flashVideo = "video/x-flv"
    case ogg = "application/ogg"
    case mp3 = "audio/mpeg"
    case woff = "application/font-woff"
    case script = "text/x-shellscript"
    case ocspResponse = "application/ocsp-response"
    case text = "text/plain"

    /// Bytes of a body that are looked at.
    static let headLength = 64

    /// - Parameter head: the first 64 bytes, or all.
    init?(_ head: RawSpan) {
        guard let type = Self.signatures.first(where: { head.begins(with: $0.bytes, at: $0.place) })?.type ?? Self.textType(head) else { return nil }
        self = type
    }

    private static let signatures: [(type: HTTPBodyType, place: Int, bytes: [UInt8])] = [
        (.jpeg, 0, [0xff, 0xd8, 0xff]), (.png, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), (.gif, 0, Array("GIF87a".utf8)),
        (.gif, 0, Array("GIF89a".utf8)), (.webp, 8, Array("WEBPVP8".utf8)), (.icon, 0, [0, 0, 1, 0]), (.pdf, 0, Array("%PDF-".utf8)),
        (.zip, 0, [0x50, 0x4b, 3, 4]), (.gzip, 0, [0x1f, 0x8b, 8]), (.bzip2, 0, Array("BZh".utf8)), (.xz, 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
        (.zstd, 0, [0x28, 0xb5, 0x2f, 0xfd]), (.rar, 0, [0x52, 0x61, 0x72, 0x21, 0x1a, 7]), (.sevenZip, 0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
        (.cabinet, 0, [0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0]), (.elf, 0, [0x7f, 0x45, 0x4c, 0x46]), (.pe, 0, [0x4d, 0x5a]),
        (.machO, 0, [0xcf, 0xfa, 0xed, 0xfe]),
        (.machO, 0, [0xce, 0xfa, 0xed, 0xfe]), (.java, 0, [0xca, 0xfe, 0xba, 0xbe]), (.flash, 0, Array("FWS".utf8)), (.flash, 0, Array("CWS".utf8)),
        (.office, 0, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), (.mp4, 4, Array("ftyp".utf8)), (.flashVideo, 0, [0x46, 0x4c, 0x56, 1]),
        (.ogg, 0, Array("OggS".utf8)), (.mp3, 0, Array("ID3".utf8)), (.woff, 0, Array("wOFF".utf8)), (.woff, 0, Array("wOF2".utf8)),
        (.script, 0, Array("#!/".utf8)),
    ]

    /// What begins so behind blanks, whatever the case; longer ones first where one begins with another.
    private static let openings: [(type: HTTPBodyType, text: [UInt8])] = [
        (.html, Array("<!doctype html".utf8)), (.html, Array("<html".utf8)), (.html, Array("<head".utf8)), (.html, Array("<body".utf8)),
        (.html, Array("<script".utf8)), (.html, Array("<title".utf8)), (.html, Array("<table".utf8)), (.html, Array("<h1".utf8)), (.html, Array("<!--".utf8)),
        (.svg, Array("<svg".utf8)), (.xml, Array("<?xml".utf8)),
    ]

    private static func textType(_ head: RawSpan) -> HTTPBodyType? {
        var start = head.begins(with: [0xef, 0xbb, 0xbf], at: 0) ? 3 : 0
        while start < head.byteCount, [9, 10, 13, 32].contains(head.byte(start)) { start += 1 }
        let rest = head.extracting(start...)
        guard !rest.isEmpty, isText(head) else { return nil }
        for opening in openings where rest.byteCount >= opening.text.count {
            if opening.text.withUnsafeBufferPointer({ rest.hasWord($0, at: 0..<opening.text.count) }) { return opening.type }
        }
        return isJSON(rest) ? .json : .text
    }

    /// `{"`, `[{`, `["`, `[1`, `{}` and the like.
    private static func isJSON(_ text: RawSpan) -> Bool {
        guard text.byte(0) == UInt8(ascii: "{") || text.byte(0) == UInt8(ascii: "[") else { return false }
        var place = 1
        while place < text.byteCount, [9, 10, 13, 32].contains(text.byte(place)) { place += 1 }
        guard place < text.byteCount else { return false }
        let next = text.byte(place)
        let isObject = text.byte(0) == UInt8(ascii: "{")
        if next == UInt8(ascii: "\"") || next == text.byte(0) + 2 { return true }
        return !isObject && (next == UInt8(ascii: "{") || next == UInt8(ascii: "[") || HTTPByte.isDigit(next))
    }

    /// Without control characters; what is not ASCII must be UTF-8, whose last character may be cut.
    private static func isText(_ head: RawSpan) -> Bool {
        var following = 0
        for place in 0..<head.byteCount {
            let byte = head.byte(place)
            if following > 0 {
                guard byte & 0xc0 == 0x80 else { return false }
                following -= 1
                continue
            }
            switch byte {
            case 0x20...0x7e, 9, 10, 12, 13, 27: break
            case 0xc2...0xdf: following = 1
            case 0xe0...0xef: following = 2
            case 0xf0...0xf4: following = 3
            default: return false
            }
        }
        return true
    }
}

extension RawSpan {
    fileprivate func begins(with signature: [UInt8], at place: Int) -> Bool {
        guard place + signature.count <= byteCount else { return false }
        for offset in signature.indices where byte(place + offset) != signature[offset] { return false }
        return true
    }
}
