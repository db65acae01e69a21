@testable import Containers
import TestSupport
import Testing

@Suite struct `Timer wheel` {
    /// Ids with their deadlines; what is due at a time is whatever is not later.
    private struct Model {
        var deadlines: [UInt32: Int64] = [:]
        /// The latest time that has passed.
        var now: Int64
        let tick: Int64

        /// Whether the wheel may hand the id out.
        func mayCome(_ id: UInt32) -> Bool { deadlines[id].map { $0 <= now } ?? false }
        /// Those that it must have handed out: more than a tick late.
        var overdue: [UInt32] { deadlines.filter { $0.value <= now - tick }.map(\.key).sorted() }
    }

    @Test(arguments: [(tick: 1, span: 8), (tick: 10, span: 50), (tick: 7, span: 1000), (tick: 100, span: 1)] as [(tick: Int64, span: Int64)], 0..<25 as Range<UInt64>)
    func `agrees with a list of deadlines`(shape: (tick: Int64, span: Int64), seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let start: Int64 = [0, 5, 1_700_000_000_000_000_000].randomElement(using: &random)!
        let capacity: UInt32 = [1, 3, 40].randomElement(using: &random)!
        var wheel = TimerWheel(capacity: Int(capacity), tick: shape.tick, span: shape.span, startingAt: start)
        var model = Model(now: start, tick: shape.tick)
        var time = start
        for step in 0..<600 {
            func armSome() {
                let id = UInt32.random(in: 0..<capacity, using: &random)
                let far = [0, shape.tick, shape.span, 3 * shape.span, 40 * shape.span].randomElement(using: &random)!
                let deadline = model.now + Int64.random(in: -shape.tick...far, using: &random)
                wheel.arm(id, at: deadline)
                // One that is past already comes with the next tick.
                model.deadlines[id] = max(deadline, model.now)
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4: armSome()
            case 5:
                let id = UInt32.random(in: 0..<capacity, using: &random)
                wheel.disarm(id)
                model.deadlines[id] = nil
            default:
                switch Int.random(in: 0..<12, using: &random) {
                case 0...2: break  // stands still
                case 3: time -= Int64.random(in: 0...3 * shape.span, using: &random)
                case 4 where model.now < .max / 8 * 7: time = model.now + 10 * 365 * 86_400_000_000_000
                case 5: time = model.now + Int64.random(in: 0...50 * shape.span, using: &random)
                default: time = max(time, model.now) + Int64.random(in: 0...2 * shape.tick, using: &random)
                }
                model.now = max(model.now, time)
                var isStopped = false
                while let id = wheel.popDue(by: time) {
                    if !model.mayCome(id) { Issue.record("step \(step): \(id) came at \(model.now), due at \(model.deadlines[id] as Any)") }
                    model.deadlines[id] = nil
                    if Int.random(in: 0..<4, using: &random) == 0 { armSome() }
                    if Int.random(in: 0..<8, using: &random) == 0 {
                        isStopped = true
                        break
                    }
                }
                if !isStopped, time >= model.now, !model.overdue.isEmpty { Issue.record("step \(step): \(model.overdue) are late at \(model.now)") }
            }
            if wheel.armedCount != model.deadlines.count { Issue.record("step \(step): \(wheel.armedCount) armed instead of \(model.deadlines.count)") }
        }
        // In the end all of them come, once.
        model.now += 1000 * (shape.span + shape.tick)
        while let id = wheel.popDue(by: model.now) {
            #expect(model.mayCome(id))
            model.deadlines[id] = nil
        }
        #expect(model.deadlines.isEmpty)
        #expect(wheel.armedCount == 0)
    }

    private func wheel(tick: Int64 = 10, span: Int64 = 80, at start: Int64 = 0) -> TimerWheel {
        TimerWheel(capacity: 100, tick: tick, span: span, startingAt: start)
    }

    @Test(arguments: 0..<40 as Range<Int64>) func `an id comes after its deadline and at most a tick later`(deadline: Int64) {
        var wheel = wheel()
        wheel.arm(7, at: deadline)
        var time: Int64 = 0
        while wheel.popDue(by: time) == nil { time += 1 }
        #expect(time >= deadline && time <= deadline + wheel.tick)
        #expect(wheel.popDue(by: time + 1000) == nil)
    }

    @Test func `deadlines beyond the span wait for their round`() {
        var wheel = wheel()
        for id in 0..<50 as Range<UInt32> { wheel.arm(id, at: Int64(id) * 80 + 5) }
        for id in 0..<50 as Range<UInt32> {
            #expect(wheel.popDue(by: Int64(id) * 80 + 4) == nil)
            #expect(wheel.popDue(by: Int64(id) * 80 + 15) == id)
        }
        #expect(wheel.armedCount == 0)
    }

    @Test func `the last deadline counts`() {
        var wheel = wheel()
        wheel.arm(1, at: 20)
        wheel.arm(1, at: 500)
        wheel.arm(2, at: 500)
        wheel.arm(2, at: 20)
        #expect(wheel.armedCount == 2)
        #expect(wheel.popDue(by: 100) == 2)
        #expect(wheel.popDue(by: 499) == nil)
        #expect(wheel.popDue(by: 510) == 1)
    }

    @Test func `an id that is about to come can still be moved or taken back`() {
        var wheel = wheel()
        for id in 0..<4 as Range<UInt32> { wheel.arm(id, at: 20) }
        #expect(wheel.popDue(by: 100) == 0)
        wheel.disarm(1)
        wheel.arm(2, at: 300)
        #expect(wheel.popDue(by: 100) == 3)
        #expect(wheel.popDue(by: 100) == nil)
        #expect(wheel.popDue(by: 310) == 2)
        wheel.disarm(2)
        #expect(wheel.armedCount == 0)
    }

    @Test func `what is armed while others are pulled comes in its own time`() {
        var wheel = wheel()
        wheel.arm(1, at: 5)
        wheel.arm(2, at: 5)
        #expect(wheel.popDue(by: 1000) == 1)
        wheel.arm(1, at: 7)
        #expect(wheel.popDue(by: 1000) == 2)
        // Long past: it comes with one of the next ticks, and not for ever.
        #expect(wheel.popDue(by: 1010) == 1)
        #expect(wheel.popDue(by: 5000) == nil)
    }

    @Test func `time that goes back makes nothing due`() {
        var wheel = wheel(at: 1000)
        wheel.arm(1, at: 1050)
        for time in stride(from: 1000, through: -1000, by: -10) as StrideThrough<Int64> { #expect(wheel.popDue(by: time) == nil) }
        #expect(wheel.popDue(by: .min) == nil)
        #expect(wheel.popDue(by: 1060) == 1)
    }

    @Test func `a leap of ten years looks into each bucket once`() {
        var wheel = TimerWheel(capacity: 1000, tick: 1, span: 1 << 20, startingAt: 0)
        for id in 0..<1000 as Range<UInt32> { wheel.arm(id, at: Int64(id) * 3_000_000) }
        var ids: Set<UInt32> = []
        while let id = wheel.popDue(by: 315_360_000_000_000_000) { ids.insert(id) }
        #expect(ids.count == 1000)
    }

    @Test func `works until the last year that a timestamp holds`() {
        var wheel = wheel()
        for time in stride(from: 0, to: .max / 16 * 15, by: .max / 16) as StrideTo<Int64> {
            wheel.arm(1, at: time + 100)
            #expect(wheel.popDue(by: time + 99) == nil)
            #expect(wheel.popDue(by: time + 110) == 1)
        }
    }

    @Test func `takes the greatest and the smallest times`() {
        var wheel = wheel()
        wheel.arm(1, at: .max)
        wheel.arm(2, at: .min)
        #expect(wheel.popDue(by: 20) == 2)
        #expect(wheel.popDue(by: .max / 8) == nil)
        #expect(wheel.armedCount == 1)
    }

    @Test func `gives its memory back`() {
        for _ in 0..<5000 {
            let wheel = TimerWheel(capacity: 1 << 31 - 1, tick: 1, span: 1, startingAt: 0)
            #expect(wheel.armedCount == 0)
        }
    }
}
