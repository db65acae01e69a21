import Packets

/// What happened on a connection, a letter an event in the order it was first seen: Zeek's `history`.
///
///     s  SYN without ACK          f  FIN                       w  window of zero
///     h  SYN and ACK              r  RST                       i  FIN and RST together
///     a  ACK without payload      g  a gap in the payload      q  SYN with FIN or RST
///     d  payload                  t  payload sent again        ^  the originator was found to be the other one
///
/// The originator's letters are printed upper case. They are kept by endpoint, so that a corrected originator needs no rewriting. Each letter stands
/// once a side, s h f anew for another sequence number (Zeek also counts g, t and w in powers of ten). Of a packet with SYN, FIN or RST it is
/// that letter, whatever else the packet carries; of one with two of them i or q alone. Room for 23; more are dropped.
struct History: BitwiseCopyable {
    /// A byte a letter; the last byte counts them.
    private var words: (UInt64, UInt64, UInt64)

    static let capacity = 23
    private static let flip = UInt8(ascii: "^")

    /// Marks a letter as endpoint b's.
    private static var ofB: UInt8 { 0x80 }

    init() { words = (0, 0, 0) }

    /// Letters that there are.
    var count: Int { withUnsafeBytes(of: words) { min(Self.capacity, Int($0[Self.capacity])) } }

    @inline(__always)
    mutating func append(_ letter: Letter, by sender: Endpoint) {
        appendByte(letter.rawValue | (sender == .b ? Self.ofB : 0))
    }

    mutating func appendFlip() { appendByte(Self.flip) }

    @inline(__always)
    private mutating func appendByte(_ byte: UInt8) {
        withUnsafeMutablePointer(to: &words) { words in
            let bytes = UnsafeMutableRawPointer(words).assumingMemoryBound(to: UInt8.self)
            let count = Int(bytes[Self.capacity])
            guard count < Self.capacity else { return }
            bytes[count] = byte
            bytes[Self.capacity] = UInt8(truncatingIfNeeded: count &+ 1)
        }
    }

    func text(originator: Endpoint) -> String {
        withUnsafeBytes(of: words) { bytes in
            String(unsafeUninitializedCapacity: Self.capacity) { text in
                let count = min(Self.capacity, Int(bytes[Self.capacity]))
                for place in 0..<count {
                    let sender: Endpoint = bytes[place] & Self.ofB == 0 ? .a : .b
                    let letter = bytes[place] & ~Self.ofB
                    text[place] = letter != Self.flip && sender == originator ? letter & ~0x20 : letter
                }
                return count
            }
        }
    }

    enum Letter: UInt8 {
        case syn = 0x73  // s
        case synAck = 0x68  // h
        case pureAck = 0x61  // a
        case data = 0x64  // d
        case fin = 0x66  // f
        case reset = 0x72  // r
        case gap = 0x67  // g
        case retransmission = 0x74  // t
        case zeroWindow = 0x77  // w
        case inconsistent = 0x69  // i
        case multiFlag = 0x71  // q
    }
}
