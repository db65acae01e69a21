/// Goes on behind holes: steps over what is missing of a frame whose length is known, and behind more than that looks for the next frame.
extension HTTP2Side {
    /// Bytes behind a hole in which a frame is looked for: no frame is longer unless settings say so.
    private static let longestSearch = 64 << 10

    func skip(_ byteCount: Int, _ connection: HTTP2Connection) -> ParserFailure? {
        guard byteCount > 0 else { return nil }
        let isInFrame = stage == .lead || stage == .content || stage == .padding
        guard isInFrame, byteCount <= left + padding else {
            if stage == .opening, !connection.isRecognised {
                opening = []
                return nil
            }
            opening = []
            loseFrames(connection)
            return nil
        }
        if stage != .padding { damage(connection) }
        let content = min(byteCount, left)
        if frame.kind == .data, content > 0 { connection.skipData(content, of: frame.stream, by: number) }
        left -= content
        padding -= byteCount - content
        return run(RawSpan(), connection)
    }

    /// Part of the frame's content does not come.
    private func damage(_ connection: HTTP2Connection) {
        (stage, isDamaged, integer) = (.content, true, SplitInteger())
        switch frame.kind {
        case .headers, .continuation, .pushPromise:
            decoder.lose()
            blockIsLost = true
            block.note(.bytesMissing)
        case .settings: connection.loseSettings(of: self)
        default: break
        }
    }

    private func loseFrames(_ connection: HTTP2Connection) {
        decoder.lose()
        if block.isOpen {
            block.note(.bytesMissing)
            connection.endBlock(block, endsStream: false, isLost: true, by: number)
            block.end()
        }
        isWhole = false
        connection.loseSettings(of: self)
        connection.missFrames()
        search()
    }

    func search() {
        (stage, integer, frameStart, window, searched) = (.searching, SplitInteger(), 0, 0, 0)
    }

    /// Looks for a frame's header; false where there are no more bytes.
    func find(_ reader: inout ByteReader, _ connection: HTTP2Connection) -> Bool {
        while let byte = reader.uint8() {
            frameStart = (frameStart << 8 | window >> 24) & 0xff_ffff_ffff
            window = (window << 8 | UInt64(byte)) & 0xffff_ffff
            searched += 1
            // Lengths and types of most bytes are none.
            if frameStart >> 16 <= HTTP2FrameHeader.initialMost, frameStart >> 8 & 0xff <= 9, searched >= HTTP2FrameHeader.byteCount {
                let header = HTTP2FrameHeader(frameStart, window)
                if header.isPlausible, header.kind != .continuation, connection.expects(header, from: number) {
                    frame = header
                    (left, padding, isDamaged) = (header.length, 0, false)
                    // It is sound, and no header block is open: only its content may yet be wrong.
                    stage = header.lead > 0 ? .lead : .content
                    if header.lead == 0, beginContent(promised: 0, connection) != nil { stage = .lost }
                    return true
                }
            }
            if searched >= Self.longestSearch {
                stage = .lost
                return false
            }
        }
        return false
    }
}
