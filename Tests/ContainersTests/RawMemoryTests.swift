import Containers
import Testing

@Suite struct `Raw memory` {
    @Test(arguments: [0, 1, 4096, 4 << 20, 4 << 20 + 1, 9 << 20]) func `is zero from its first to its last byte, and can be written`(byteCount: Int) {
        let memory = RawMemory(byteCount: byteCount)
        let bytes = UnsafeMutableRawBufferPointer(start: memory.start, count: byteCount)
        #expect(memory.byteCount == byteCount)
        #expect(bytes.first ?? 0 == 0 && bytes.last ?? 0 == 0)
        if byteCount > 0 { bytes[0] = 1 }
        if byteCount > 0 { bytes[byteCount - 1] = 2 }
        #expect(Int(bitPattern: memory.start) % 4096 == 0)
    }

    /// 340 TB would not fit the address space.
    @Test func `is given back`() {
        for _ in 0..<10_000 {
            let memory = RawMemory(byteCount: 1 << 35)
            #expect(memory.byteCount == 1 << 35)
        }
    }

    private struct Holder<Value: BitwiseCopyable>: ~Copyable {
        let memory: RawMemory
        let values: UnsafeMutablePointer<Value>

        init(capacity: Int) {
            memory = RawMemory(byteCount: capacity * MemoryLayout<Value>.stride)
            values = memory.bound(to: Value.self)
        }
    }

    @Test func `is given back by a generic type that holds it`() {
        for _ in 0..<10_000 {
            let holder = Holder<UInt64>(capacity: 1 << 32)
            #expect(holder.memory.byteCount == 1 << 35)
        }
    }
}
