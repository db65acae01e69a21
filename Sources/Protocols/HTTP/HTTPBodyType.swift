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
        guard let type = Self.signedType(head) ?? Self.textType(head) else { return nil }
        self = type
    }

    /// Up to eight bytes that tell, at a place.
    private struct Signature {
        let type: HTTPBodyType
        let place: Int
        let count: Int
        /// In the upper bytes of a word, as is the mask.
        let value: UInt64
        let mask: UInt64

        init(_ type: HTTPBodyType, at place: Int = 0, _ bytes: [UInt8]) {
            (self.type, self.place, count) = (type, place, bytes.count)
            let unused = UInt64(64 - 8 * bytes.count)
            (value, mask) = (bytes.reduce(0) { $0 << 8 | UInt64($1) } << unused, .max << unused)
        }

        init(_ type: HTTPBodyType, at place: Int = 0, _ text: String) { self.init(type, at: place, Array(text.utf8)) }
    }

    private static func signedType(_ head: RawSpan) -> HTTPBodyType? {
        func word(_ place: Int) -> UInt64 {
            if place + 8 <= head.byteCount { return UInt64(bigEndian: head.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)) }
            return (place..<place + 8).reduce(0) { $0 << 8 | UInt64($1 < head.byteCount ? head.byte($1) : 0) }
        }
        let words = (word(0), word(4), word(8))
        for signature in signatures {
            let word = signature.place == 0 ? words.0 : signature.place == 4 ? words.1 : words.2
            if word & signature.mask == signature.value, signature.place + signature.count <= head.byteCount { return signature.type }
        }
        return nil
    }

    private static let signatures = [
        Signature(.jpeg, [0xff, 0xd8, 0xff]), Signature(.png, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Signature(.gif, "GIF87a"),
        Signature(.gif, "GIF89a"), Signature(.webp, at: 8, "WEBPVP8"), Signature(.icon, [0, 0, 1, 0]), Signature(.pdf, "%PDF-"),
        Signature(.zip, [0x50, 0x4b, 3, 4]), Signature(.gzip, [0x1f, 0x8b, 8]), Signature(.bzip2, "BZh"), Signature(.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
        Signature(.zstd, [0x28, 0xb5, 0x2f, 0xfd]), Signature(.rar, [0x52, 0x61, 0x72, 0x21, 0x1a, 7]),
        Signature(.sevenZip, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), Signature(.cabinet, [0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0]),
        Signature(.elf, [0x7f, 0x45, 0x4c, 0x46]), Signature(.pe, "MZ"), Signature(.machO, [0xcf, 0xfa, 0xed, 0xfe]),
        Signature(.machO, [0xce, 0xfa, 0xed, 0xfe]), Signature(.java, [0xca, 0xfe, 0xba, 0xbe]), Signature(.flash, "FWS"), Signature(.flash, "CWS"),
        Signature(.office, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), Signature(.mp4, at: 4, "ftyp"), Signature(.flashVideo, [0x46, 0x4c, 0x56, 1]),
        Signature(.ogg, "OggS"), Signature(.mp3, "ID3"), Signature(.woff, "wOFF"), Signature(.woff, "wOF2"), Signature(.script, "#!/"),
    ]

    /// What begins so behind blanks, whatever the case.
    private static let openings: [(type: HTTPBodyType, text: StaticString)] = [
        (.html, "<!doctype html"), (.html, "<html"), (.html, "<head"), (.html, "<body"), (.html, "<script"), (.html, "<title"), (.html, "<table"),
        (.html, "<h1"), (.html, "<!--"), (.svg, "<svg"), (.xml, "<?xml"),
    ]

    private static func textType(_ head: RawSpan) -> HTTPBodyType? {
        // Behind a byte order mark.
        var start = head.agrees(with: "\u{feff}") && head.byteCount >= 3 ? 3 : 0
        while start < head.byteCount, isSpace(head.byte(start)) { start += 1 }
        let rest = head.extracting(start...)
        guard !rest.isEmpty, isText(head) else { return nil }
        for opening in openings where rest.byteCount >= opening.text.utf8CodeUnitCount {
            if rest.hasWord(opening.text, at: 0..<opening.text.utf8CodeUnitCount) { return opening.type }
        }
        return isJSON(rest) ? .json : .text
    }

    /// `{"`, `[{`, `["`, `[1`, `{}` and the like.
    private static func isJSON(_ text: RawSpan) -> Bool {
        guard text.byte(0) == UInt8(ascii: "{") || text.byte(0) == UInt8(ascii: "[") else { return false }
        var place = 1
        while place < text.byteCount, isSpace(text.byte(place)) { place += 1 }
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

    private static func isSpace(_ byte: UInt8) -> Bool { HTTPByte.isBlank(byte) || byte == HTTPByte.return || byte == HTTPByte.lineFeed }
}
