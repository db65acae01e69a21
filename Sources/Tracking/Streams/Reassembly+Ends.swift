import Packets

/// Where streams end, and what they remember of what they have passed.
extension Reassembly {
    /// A FIN ends the stream behind these bytes. The first one counts; one before what has been given out is a lie.
    mutating func endByFin(_ stream: Int, at place: SequenceNumber) {
        guard !streams[stream].hasEnd else { return }
        if streams[stream].hasBegun { guard place - streams[stream].next >= 0 else { return } }
        streams[stream].end = place
        streams[stream].hasEnd = true
        streams[stream].hasFin = true
    }

    /// A RST that was believed ends a stream here, or where it stands.
    mutating func endByReset(_ stream: Int, at place: SequenceNumber) {
        guard !streams[stream].hasEnd else { return }
        let isPassed = streams[stream].hasBegun && place - streams[stream].next < 0
        streams[stream].end = isPassed ? streams[stream].next : place
        streams[stream].hasEnd = true
    }

    /// How many of so many bytes from a place on lie before the stream's end.
    mutating func bytesBeforeEnd(_ stream: Int, _ start: SequenceNumber, _ count: Int) -> Int {
        streams[stream].hasEnd ? max(0, min(count, streams[stream].end - start)) : count
    }

    /// Moves on to the FIN of a stream that holds nothing.
    ///
    /// - Returns: the bytes before it that never came.
    mutating func skipToFin(_ stream: Int) -> Int {
        guard streams[stream].hasFin, streams[stream].hasBegun else { return 0 }
        return skipHole(stream, upTo: streams[stream].end)
    }

    /// Remembers a piece given out.
    mutating func remember(_ stream: Int, _ start: SequenceNumber, _ bytes: UnsafeRawBufferPointer) {
        streams[stream].hasPast = true
        pasts[stream].addPiece(start, bytes, secret)
    }

    /// Remembers a hole that was given up, which ends where the stream stands.
    mutating func rememberHole(_ stream: Int, _ count: Int) {
        streams[stream].hasPast = true
        pasts[stream].addHole(streams[stream].next + -count, count)
    }

    mutating func givenUp(_ stream: Int, _ start: SequenceNumber, _ count: Int) -> Int {
        streams[stream].hasPast ? pasts[stream].givenUp(start, count) : 0
    }

    mutating func conflict(_ stream: Int, _ start: SequenceNumber, _ bytes: UnsafeRawBufferPointer) -> Int {
        streams[stream].hasPast ? pasts[stream].conflict(start, bytes, secret) : 0
    }
}
