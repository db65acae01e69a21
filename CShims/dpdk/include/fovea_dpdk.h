/// DPDK as Swift sees it: plain C, no rte_*.h. Functions are shim_verb_noun or shim_noun_verb; those that can fail return a
/// negative errno. Each .c file is one DPDK subject.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// eal.c

/// Starts the environment abstraction layer (rte_eal_init), once a process. `arguments` begins with the program's name.
int shim_eal_start(int count, char *_Nonnull *_Nonnull arguments);
/// Releases what it holds (rte_eal_cleanup).
int shim_eal_stop(void);
/// The text of an errno, negative or not (rte_strerror).
const char *shim_strerror(int code);
/// Runs a function on a worker lcore (rte_eal_remote_launch); its answer comes from shim_lcore_wait.
int shim_lcore_launch(unsigned lcore, int (*function)(void *), void *argument);
int shim_lcore_wait(unsigned lcore);
bool shim_lcore_is_running(unsigned lcore);
/// DPDK knows lcores below this number (RTE_MAX_LCORE).
unsigned shim_lcore_limit(void);
/// The NUMA socket of an lcore, 0 where there is no NUMA.
int shim_lcore_socket(unsigned lcore);
/// The time-stamp counter, and its cycles a second.
uint64_t shim_cycles(void);
uint64_t shim_cycles_per_second(void);

// pool.c

/// Makes a pool of `capacity` mbufs that hold `room` bytes each (rte_pktmbuf_pool_create).
int shim_pool_create(const char *name, unsigned capacity, unsigned cache, uint16_t room, int socket, void *_Nullable *_Nonnull pool);
void shim_pool_free(void *pool);
unsigned shim_pool_available(const void *pool);

// port.c

typedef struct {
    uint16_t max_queues;
    /// Whether it spreads packets over queues by RSS, both directions of a flow to the same one.
    bool has_rss;
} shim_port_ability;

typedef struct {
    /// Rounded to what the device takes.
    uint16_t descriptors;
    uint16_t mtu;
    /// 0 when the device does not spread by RSS.
    uint64_t rss_hash_functions;
    uint16_t redirection_table_size;
    /// That the device has; set when `queues` is more, too.
    uint16_t max_queues;
    int socket;
    char driver[64];
} shim_port_setup;

typedef struct {
    uint16_t queues;
    uint16_t descriptors;
    uint16_t mtu;
    bool promiscuous;
    /// Hash ports, too, where there are any; otherwise addresses alone.
    bool rss_by_ports;
} shim_port_wish;

/// The RSS hash functions (RTE_ETH_RSS_*) to ask of a device that offers these: by addresses, if it can do that alone, or by addresses and ports.
uint64_t shim_rss_functions(uint64_t offered, bool by_ports);
bool shim_rss_has_ports(uint64_t functions);

/// Plugs a device in by its devargs: a PCI address, or a virtual device such as net_pcap0,rx_pcap=file (rte_dev_probe).
int shim_port_attach(const char *device, uint16_t *port);
/// What the device could do for several queues (rte_eth_dev_info_get).
int shim_port_read_ability(uint16_t port, shim_port_ability *ability);
/// Configures `queues` rx queues, one pool each, with symmetric RSS where the device has it, and starts the port. On failure
/// `call` names the DPDK function.
int shim_port_start(uint16_t port, const shim_port_wish *wish, void *_Nonnull const *_Nonnull pools, shim_port_setup *setup, const char *_Nullable *_Nonnull call);
/// Stops, closes and unplugs it.
void shim_port_detach(uint16_t port);

// flow.c

enum { shim_flow_drop, shim_flow_queue, shim_flow_rss };
enum { shim_flow_max_queues = 256 };

/// Frames that a card could pick out by itself, and where to. A zero is "any": a mask's bits that are not set, a version, a transport.
typedef struct {
    /// 4 or 6; without it neither addresses nor a transport's number count.
    uint8_t ip_version;
    /// IP's protocol number; ports count for TCP, UDP and SCTP.
    uint8_t transport;
    /// Network order; IPv4's are the first four bytes.
    uint8_t source[16], source_mask[16];
    uint8_t destination[16], destination_mask[16];
    /// Host order.
    uint16_t source_port, source_port_mask;
    uint16_t destination_port, destination_port_mask;
    uint8_t action;
    /// shim_flow_queue: which.
    uint16_t queue;
    /// shim_flow_rss: over the first so many queues, by these hash functions, 0: the driver's own choice.
    uint16_t queues;
    uint64_t rss_hash_functions;
} shim_flow_rule;

/// Asks whether the port's device would take the rule (rte_flow_validate); sets nothing. When it would not, `message` says why.
int shim_flow_validate(uint16_t port, const shim_flow_rule *rule, char *message, unsigned size);

// hash.c

/// The Toeplitz hash of an input in words of the machine's order, by a key as long as that and a word more (rte_softrss).
uint32_t shim_softrss(uint32_t *input, unsigned words, const uint8_t *key);

// burst.c

/// A received frame. Swift's `Frame` has the same layout.
typedef struct {
    /// The mbuf; NULL of a capture file's frame.
    void *_Nullable buffer;
    const void *bytes;
    int64_t timestamp;
    uint32_t length;
    uint32_t wire_length;
    uint32_t rss_hash;
    uint32_t link_type;
} shim_frame;

typedef struct {
    uint16_t port;
    uint16_t queue;
    /// Nanoseconds a unit of the mbuf's receive timestamp; 0: it has none, the burst's time counts.
    uint32_t timestamp_unit;
    /// Where frames of several segments are copied to be in one piece.
    void *_Nullable jumbo_pool;
} shim_queue;

enum { shim_burst_capacity = 64 };

/// Receives at most `capacity` frames (rte_eth_rx_burst), each in one piece. `now`: the time of frames that bring none, nanoseconds.
uint16_t shim_burst_receive(const shim_queue *queue, shim_frame *frames, uint16_t capacity, int64_t now);
/// Gives the frames' mbufs back to their pools (rte_pktmbuf_free_bulk).
void shim_burst_free(const shim_frame *frames, uint16_t count);
/// Registers the receive timestamp's dynamic field (rte_mbuf_dyn_rx_timestamp_register); before the first burst.
int shim_timestamp_register(void);
/// The time of day, nanoseconds since 1970.
int64_t shim_wall_clock(void);

// stats.c

typedef struct {
    uint64_t packets;
    uint64_t bytes;
    /// Dropped by the device because its queues were full.
    uint64_t missed;
    uint64_t errors;
    /// Dropped because the pool was empty.
    uint64_t no_buffer;
} shim_port_stats;

int shim_port_read_stats(uint16_t port, shim_port_stats *stats);
enum { shim_xstat_name_size = 64 };

/// How many extended statistics the port has; fills at most `capacity` names, shim_xstat_name_size bytes each, and values (rte_eth_xstats_get).
int shim_port_read_xstats(uint16_t port, unsigned capacity, uint8_t *_Nullable names, uint64_t *_Nullable values);
/// Megabits a second, 0 when the link is down (rte_eth_link_get_nowait).
int shim_port_read_link(uint16_t port, uint32_t *megabits, bool *is_up);

#pragma clang assume_nonnull end
