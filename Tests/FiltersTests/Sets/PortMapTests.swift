import TestSupport
import Testing

@testable import Filters

@Suite struct `Port map` {
    @Test(arguments: 0..<10 as Range<UInt64>) func `gives those whose sets have the port`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let sets = (0..<Int.random(in: 0...40, using: &random)).map { _ in
            let bounds = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                let lower = UInt64.random(in: 0...65535, using: &random)
                return lower...UInt64.random(in: lower...min(lower + .random(in: 0...9000, using: &random), 70_000), using: &random)
            }
            return (ports: IntegerSet(bounds), member: Int.random(in: 0..<20, using: &random))
        }
        let map = PortMap(sets)
        for port in (0..<2000).map({ _ in UInt16.random(in: 0...(.max), using: &random) }) + [0, 65535] {
            let expected = Set(sets.filter { $0.ports.contains(UInt64(port)) }.map { Int32($0.member) }).sorted()
            let found = Array(map.members(ofClass: map.classNumber(of: port)))
            #expect(found == expected, "\(port)")
        }
    }

    @Test func `holds as many kinds of ports as there are ports`() {
        let bits = (0..<16).map { bit in
            (ports: IntegerSet((0...65535 as ClosedRange<UInt64>).lazy.filter { $0 >> UInt64(bit) & 1 != 0 }.map { $0...$0 }), member: bit)
        }
        let map = PortMap(bits)
        #expect(map.classCount == 65536)
        for port in [0, 1, 443, 32768, 65535] as [UInt16] {
            let members = Array(map.members(ofClass: map.classNumber(of: port)))
            #expect(members == (0..<16).filter { port >> UInt16($0) & 1 != 0 }.map(Int32.init))
        }
    }
}

@Suite struct `Integer set` {
    @Test(arguments: 0..<30 as Range<UInt64>) func `has what one of its ranges has`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let edge: UInt64 = [0, .max - 50].randomElement(using: &random)!
        let ranges = (0..<Int.random(in: 0...8, using: &random)).map { _ in
            let lower = edge + .random(in: 0...50, using: &random)
            return lower...(.random(in: lower...(edge + 50), using: &random)) as ClosedRange<UInt64>
        }
        let set = IntegerSet(ranges)
        for number in edge...(edge + 50) {
            let expected = ranges.contains { $0.contains(number) }
            #expect(set.contains(number) == expected, "\(number)")
        }
        #expect(zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound - 1 })
    }

    @Test func `joins ranges that reach the largest number`() {
        #expect(IntegerSet([0...(.max), 5...7, 9...(.max)]).ranges == [0...(.max)])
        #expect(IntegerSet([(.max)...(.max), 0...(.max - 1)]).ranges == [0...(.max)])
    }
}
