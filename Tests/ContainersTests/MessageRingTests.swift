import Containers
import Foundation
import TestSupport
import Testing

@Suite struct `Message ring` {
    private static let smallest = 4096

    /// Fills a message of so many bytes with bytes that its number tells.
    private static func fill(_ memory: UnsafeMutableRawPointer, _ count: Int, _ number: Int) {
        memory.storeBytes(of: count, as: Int.self)
        for place in 8..<max(8, count) { memory.storeBytes(of: UInt8(truncatingIfNeeded: number &+ place), toByteOffset: place, as: UInt8.self) }
    }

    /// Whether it is what `fill` wrote.
    private static func isWhole(_ memory: UnsafeMutableRawPointer, _ count: Int, _ number: Int) -> Bool {
        guard memory.load(as: Int.self) == count, Int(bitPattern: memory) % 16 == 0 else { return false }
        return (8..<max(8, count)).allSatisfy { memory.load(fromByteOffset: $0, as: UInt8.self) == UInt8(truncatingIfNeeded: number &+ $0) }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `gives back what was put in, in order, whatever is done when`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ring = MessageRing(byteCount: Self.smallest)
        var waiting: [(count: Int, number: Int)] = []
        var (number, refusals, peak) = (0, 0, 0)
        for step in 0..<20_000 {
            // Now there is more to write, now more to read.
            if Int.random(in: 0..<3, using: &random) < (step / 500 % 2 == 0 ? 2 : 1) {
                let count = Int.random(in: 8...(seed % 2 == 0 ? 100 : ring.longest), using: &random)
                let memory = ring.reserve(count)
                // One that has reserved and thinks better of it leaves nothing.
                if let memory, Int.random(in: 0..<10, using: &random) > 0 {
                    Self.fill(memory, count, number)
                    ring.publish()
                    waiting.append((count, number))
                    number += 1
                } else if memory == nil {
                    refusals += 1
                    #expect(!waiting.isEmpty)
                }
            } else if let message = ring.first() {
                let (count, number) = waiting.removeFirst()
                let isWhole = Self.isWhole(message, count, number)
                #expect(isWhole)
                ring.release()
            } else {
                #expect(waiting.isEmpty)
            }
            peak = max(peak, ring.peak)
        }
        #expect(number > 1000 && refusals > 0)
        #expect(peak <= ring.byteCount && peak > ring.byteCount / 2)
    }

    @Test(arguments: 0..<70) func `has room for its longest message wherever it begins anew`(shift: Int) {
        let ring = MessageRing(byteCount: Self.smallest)
        for _ in 0..<shift {
            let memory = ring.reserve(100)
            #expect(memory != nil)
            ring.publish()
            _ = ring.first()
            ring.release()
        }
        let (longest, tooLong) = (ring.reserve(ring.longest), ring.reserve(ring.longest + 1))
        #expect(longest != nil && tooLong == nil)
    }

    @Test func `is a power of two, at least as large as asked for`() {
        #expect([1, 4096, 4097, 300 << 10].map { MessageRing(byteCount: $0).byteCount } == [4096, 4096, 8192, 512 << 10])
    }

    /// A writer that does not wait, a reader on another thread: what it gets is whole, in order, and all that found room.
    @Test(arguments: [false, true]) func `passes messages between threads`(isLong: Bool) {
        let ring = MessageRing(byteCount: isLong ? 1 << 20 : Self.smallest)
        let count = isLong ? 20_000 : 200_000
        let isOver = DispatchSemaphore(value: 0)
        final class Outcome: @unchecked Sendable { var received = 0, broken = 0 }
        let outcome = Outcome()
        let longest = isLong ? 3000 : 64
        Thread.detachNewThread {
            var last = -1
            while last < count - 1 {
                guard let message = ring.first() else {
                    sched_yield()
                    continue
                }
                let number = message.load(fromByteOffset: 8, as: Int.self)
                let bytes = message.load(as: Int.self)
                let end = message.loadUnaligned(fromByteOffset: bytes - 8, as: Int.self)
                if number <= last || bytes != 24 + number % longest || bytes >= 32 && end != ~number { outcome.broken += 1 }
                last = number
                outcome.received += 1
                ring.release()
            }
            isOver.signal()
        }
        var sent = 0
        for number in 0..<count {
            let bytes = 24 + number % longest
            var memory = ring.reserve(bytes)
            // The last is what the reader ends with.
            while memory == nil, number == count - 1 || number % 3 == 0 {
                sched_yield()
                memory = ring.reserve(bytes)
            }
            guard let memory else { continue }
            memory.storeBytes(of: bytes, as: Int.self)
            memory.storeBytes(of: number, toByteOffset: 8, as: Int.self)
            if bytes >= 32 { memory.storeBytes(of: ~number, toByteOffset: bytes - 8, as: Int.self) }
            ring.publish()
            sent += 1
        }
        isOver.wait()
        #expect(outcome.received == sent && outcome.broken == 0)
        #expect(sent >= count / 3)
    }
}
