import Testing
@testable import Packets

@Suite struct `Window scale option` {
    private func shift(_ options: [UInt8]) -> UInt8? { options.withUnsafeBytes { WindowScale($0)?.shift } }

    @Test func `is found among others`() {
        #expect(shift([2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7]) == 7)
        #expect(shift([3, 3, 0]) == 0)
    }

    @Test func `is 14 at most`() { #expect(shift([3, 3, 255]) == 14) }

    @Test func `is not believed behind what does not hold together`() {
        for options in [[], [0, 3, 3, 7], [3], [3, 3], [3, 2, 7], [8, 0, 3, 3, 7], [8, 1, 3, 3, 7], [8, 200, 3, 3, 7], [1, 1]] as [[UInt8]] {
            #expect(shift(options) == nil)
        }
    }

    @Test func `survives all that three bytes can be`() {
        for kind in 0...255 as ClosedRange<UInt8> {
            for length in 0...255 as ClosedRange<UInt8> { #expect(shift([kind, length, 9]) == (kind == 3 && length == 3 ? 9 : nil)) }
        }
    }

    @Test func `is read the same from the layouts that are known as from any`() {
        let windows: [UInt8] = [2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2], linux: [UInt8] = [2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7]
        for layout in [windows, linux] {
            for place in layout.indices {
                for value in 0...255 as ClosedRange<UInt8> {
                    var options = layout
                    options[place] = value
                    let searched = options.withUnsafeBytes { WindowScale(searching: $0)?.shift }
                    #expect(shift(options) == searched, "\(options)")
                }
                #expect(shift(Array(layout[..<place])) == Array(layout[..<place]).withUnsafeBytes { WindowScale(searching: $0)?.shift })
            }
        }
        #expect(shift(windows) == 8 && shift(linux) == 7)
    }
}
