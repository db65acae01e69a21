import Testing

@testable import Capture

@Suite struct `Queues of a port` {
    private static let card = "0000:3b:00.0", virtual = "net_af_packet0,iface=eth0"

    private struct Case {
        var device: String
        var lcores: Int
        var maxQueues: Int
        var hasRSS: Bool
        var spreader: Port.Spreader?
        var queues: Int
        var areShared: Bool
    }

    private static let cases = [
        // One core shares nothing.
        Case(device: card, lcores: 1, maxQueues: 64, hasRSS: true, queues: 1, areShared: false),
        Case(device: virtual, lcores: 1, maxQueues: 1, hasRSS: false, spreader: .software, queues: 1, areShared: false),
        // The device can do it.
        Case(device: card, lcores: 4, maxQueues: 4, hasRSS: true, queues: 4, areShared: false),
        Case(device: virtual, lcores: 2, maxQueues: 2, hasRSS: false, queues: 2, areShared: false),
        // It cannot.
        Case(device: card, lcores: 4, maxQueues: 3, hasRSS: true, queues: 1, areShared: true),
        Case(device: card, lcores: 4, maxQueues: 8, hasRSS: false, queues: 1, areShared: true),
        Case(device: virtual, lcores: 4, maxQueues: 1, hasRSS: false, queues: 1, areShared: true),
        // What a queue brings by itself must be polled.
        Case(device: virtual, lcores: 4, maxQueues: 2, hasRSS: false, queues: 2, areShared: true),
        // As it was asked for.
        Case(device: card, lcores: 4, maxQueues: 8, hasRSS: true, spreader: .software, queues: 1, areShared: true),
        Case(device: virtual, lcores: 2, maxQueues: 4, hasRSS: false, spreader: .software, queues: 2, areShared: true),
        Case(device: card, lcores: 4, maxQueues: 3, hasRSS: true, spreader: .device, queues: 4, areShared: false),
    ]

    @Test(arguments: cases.indices) func `are the device's for each core if it can spread, and shared if not`(index: Int) {
        let one = Self.cases[index]
        var options = Port.Options(lcores: Array(1...one.lcores))
        options.spreader = one.spreader
        let queues = Port.Queues(one.device, options, Port.Ability(maxQueues: one.maxQueues, hasRSS: one.hasRSS))
        #expect(queues.count == one.queues && queues.areShared == one.areShared)
    }
}
