extension Port {
    /// What a device could do for several lcores.
    struct Ability {
        var maxQueues: Int
        /// Whether it spreads flows over its queues by RSS.
        var hasRSS: Bool
    }

    /// How many rx queues a port gets, and whether its lcores share them.
    struct Queues: Equatable {
        let count: Int
        let areShared: Bool

        /// A queue for each lcore where the device has so many and spreads by RSS. It may do so without RSS, too, where its arguments gave it its queues, each
        /// with something of its own to bring: net_pcap's files, net_af_packet's sockets among which the kernel spreads. Otherwise they are shared: one,
        /// or as many of those as there are lcores.
        init(_ device: String, _ options: Options, _ ability: Ability) {
            let lcores = options.lcores.count
            let bringsItsOwn = Port.isVirtual(device) && !ability.hasRSS
            let spreader = options.spreader ?? (ability.maxQueues >= lcores && (ability.hasRSS || bringsItsOwn) ? .device : .software)
            areShared = lcores > 1 && spreader == .software
            count = !areShared ? lcores : bringsItsOwn ? max(1, min(ability.maxQueues, lcores)) : 1
        }
    }
}
