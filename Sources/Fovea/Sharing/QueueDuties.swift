/// Which cores poll which queues of a run's ports.
///
///     port A: a queue for each of cores 1, 2       core 1 ── A0        its own: it polls that itself
///     port B: cores 2, 3 share its one             core 2 ── A1        shared, by itself alone, since its time is that of who reads
///                                                  cores 2, 3 ── B0    shared
///
/// Queues of several ports that the same cores share are one source: there the two directions of a link, each on a port of its own, come together.
struct QueueDuties: Equatable {
    /// A port as far as this is about it.
    struct Port {
        let cores: [Int]
        let queues: Int
        /// Whether all of the cores poll all queues; otherwise each has its own, in their order.
        let areShared: Bool
    }

    struct Queue: Equatable {
        /// Its place among the ports.
        let port: Int
        let number: Int
    }

    struct Group: Equatable {
        /// In order.
        let cores: [Int]
        var queues: [Queue]
    }

    /// What each core polls by itself, for those that share nothing.
    private(set) var own: [Int: [Queue]] = [:]
    private(set) var shared: [Group] = []

    init(_ ports: [Port]) {
        let sharing = Set(ports.filter(\.areShared).flatMap(\.cores))
        for (place, port) in ports.enumerated() {
            for number in 0..<port.queues {
                let queue = Queue(port: place, number: number)
                let cores = port.areShared ? port.cores.sorted() : [port.cores[number]]
                if sharing.isDisjoint(with: cores) {
                    own[cores[0], default: []].append(queue)
                } else if let index = shared.firstIndex(where: { $0.cores == cores }) {
                    shared[index].queues.append(queue)
                } else {
                    shared.append(Group(cores: cores, queues: [queue]))
                }
            }
        }
    }
}
