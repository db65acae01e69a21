#include "fovea_dpdk.h"

#include <errno.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

// Toeplitz with this key gives both directions of a flow the same hash (Woo and Park, 2012).
static void fill_symmetric_key(uint8_t *key, unsigned length) {
    for (unsigned i = 0; i < length; i++) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
}

static const uint64_t rss_ports = RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP;

// A transport's function hashes its ports; later fragments have none, and are hashed by the functions of IP. A device without a function for IPv4 as
// such (i40e: each transport is a packet type of its own) would not spread TCP at all by addresses, so that it hashes ports in any case.
uint64_t shim_rss_functions(uint64_t offered, bool by_ports) {
    return offered & (RTE_ETH_RSS_IP | (by_ports || (offered & RTE_ETH_RSS_IPV4) == 0 ? rss_ports : 0));
}

bool shim_rss_has_ports(uint64_t functions) { return (functions & rss_ports) != 0; }

int shim_port_attach(const char *device, uint16_t *port) {
    int answer = rte_dev_probe(device);
    // The bus of virtual devices says so when no driver knows the name.
    if (answer == -EFAULT) return -ENODEV;
    if (answer < 0) return answer;
    struct rte_dev_iterator iterator;
    uint16_t id;
    uint16_t found = RTE_MAX_ETHPORTS;
    // To its end, which frees what the iterator holds.
    RTE_ETH_FOREACH_MATCHING_DEV(id, device, &iterator) found = id;
    if (found == RTE_MAX_ETHPORTS) return -ENODEV;
    *port = found;
    return 0;
}

int shim_port_read_ability(uint16_t port, shim_port_ability *ability) {
    struct rte_eth_dev_info info;
    int answer = rte_eth_dev_info_get(port, &info);
    if (answer < 0) return answer;
    *ability = (shim_port_ability){
        .max_queues = info.max_rx_queues,
        .has_rss = shim_rss_functions(info.flow_type_rss_offloads, true) != 0,
    };
    return 0;
}

static int spread_redirection_table(uint16_t port, uint16_t size, uint16_t queues) {
    struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE] = {0};
    if (size == 0 || size > RTE_ETH_RSS_RETA_SIZE_512) return 0;
    for (unsigned i = 0; i < size; i++) {
        table[i / RTE_ETH_RETA_GROUP_SIZE].mask = UINT64_MAX;
        table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = i % queues;
    }
    return rte_eth_dev_rss_reta_update(port, table, size);
}

#define TRY(name, expression)            \
    do {                                 \
        int answer = (expression);       \
        if (answer < 0) {                \
            *call = name;                \
            return answer;               \
        }                                \
    } while (0)

int shim_port_start(uint16_t port, const shim_port_wish *wish, void *const *pools, shim_port_setup *setup, const char **call) {
    struct rte_eth_dev_info info;
    TRY("rte_eth_dev_info_get", rte_eth_dev_info_get(port, &info));
    setup->max_queues = info.max_rx_queues;
    if (wish->queues > info.max_rx_queues) {
        *call = "rte_eth_dev_configure";
        return -ERANGE;
    }

    uint8_t key[128];
    unsigned key_length = info.hash_key_size == 0 ? 40 : info.hash_key_size;
    if (key_length > sizeof key) key_length = sizeof key;
    fill_symmetric_key(key, key_length);
    uint64_t functions = shim_rss_functions(info.flow_type_rss_offloads, wish->rss_by_ports);

    struct rte_eth_conf conf = {0};
    conf.rxmode.mtu = wish->mtu;
    conf.rxmode.offloads = info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_RSS_HASH);
    if (functions != 0) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){.rss_key = key, .rss_key_len = key_length, .rss_hf = functions};
    }
    if (conf.rxmode.mtu > info.max_mtu) conf.rxmode.mtu = info.max_mtu;
    if (conf.rxmode.mtu < info.min_mtu) conf.rxmode.mtu = info.min_mtu;
    // Nothing is sent; but net_tap wants its queues in pairs.
    uint16_t senders = strcmp(info.driver_name, "net_tap") == 0 ? wish->queues : 0;
    TRY("rte_eth_dev_configure", rte_eth_dev_configure(port, wish->queues, senders, &conf));

    uint16_t rx = wish->descriptors, tx = 64;
    TRY("rte_eth_dev_adjust_nb_rx_tx_desc", rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx));
    for (uint16_t queue = 0; queue < wish->queues; queue++)
        TRY("rte_eth_rx_queue_setup", rte_eth_rx_queue_setup(port, queue, rx, rte_eth_dev_socket_id(port), NULL, pools[queue]));
    for (uint16_t queue = 0; queue < senders; queue++)
        TRY("rte_eth_tx_queue_setup", rte_eth_tx_queue_setup(port, queue, tx, rte_eth_dev_socket_id(port), NULL));
    TRY("rte_eth_dev_start", rte_eth_dev_start(port));

    // A device may not offer these; the port works without.
    if (wish->promiscuous) rte_eth_promiscuous_enable(port);
    if (functions != 0 && spread_redirection_table(port, info.reta_size, wish->queues) < 0) info.reta_size = 0;

    *setup = (shim_port_setup){
        .descriptors = rx,
        .mtu = conf.rxmode.mtu,
        .rss_hash_functions = functions,
        .redirection_table_size = functions == 0 ? 0 : info.reta_size,
        .max_queues = info.max_rx_queues,
        .socket = rte_eth_dev_socket_id(port),
    };
    snprintf(setup->driver, sizeof setup->driver, "%s", info.driver_name);
    return 0;
}

void shim_port_detach(uint16_t port) {
    struct rte_eth_dev_info info;
    struct rte_device *device = rte_eth_dev_info_get(port, &info) == 0 ? info.device : NULL;
    rte_eth_dev_stop(port);
    rte_eth_dev_close(port);
    if (device != NULL) rte_dev_remove(device);
}
