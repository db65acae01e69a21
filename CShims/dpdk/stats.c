#include "fovea_dpdk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

_Static_assert(RTE_ETH_XSTATS_NAME_SIZE == shim_xstat_name_size, "DPDK's length of a name");

int shim_port_read_stats(uint16_t port, shim_port_stats *stats) {
    struct rte_eth_stats raw;
    int answer = rte_eth_stats_get(port, &raw);
    if (answer < 0) return answer;
    *stats = (shim_port_stats){
        .packets = raw.ipackets,
        .bytes = raw.ibytes,
        .missed = raw.imissed,
        .errors = raw.ierrors,
        .no_buffer = raw.rx_nombuf,
    };
    return 0;
}

int shim_port_read_xstats(uint16_t port, unsigned capacity, uint8_t *names, uint64_t *values) {
    int count = rte_eth_xstats_get(port, NULL, 0);
    if (count <= 0 || capacity == 0) return count;
    struct rte_eth_xstat *stats = calloc(count, sizeof *stats);
    struct rte_eth_xstat_name *texts = calloc(count, sizeof *texts);
    int answer = stats == NULL || texts == NULL ? -ENOMEM : rte_eth_xstats_get(port, stats, count);
    if (answer > 0) answer = rte_eth_xstats_get_names(port, texts, count);
    for (int i = 0; i < answer && i < count && i < (int)capacity; i++) {
        memcpy(names + i * shim_xstat_name_size, texts[stats[i].id].name, shim_xstat_name_size);
        values[i] = stats[i].value;
    }
    free(stats);
    free(texts);
    return answer;
}

int shim_port_read_link(uint16_t port, uint32_t *megabits, bool *is_up) {
    struct rte_eth_link link;
    int answer = rte_eth_link_get_nowait(port, &link);
    if (answer < 0) return answer;
    *is_up = link.link_status == RTE_ETH_LINK_UP;
    *megabits = *is_up && link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN ? link.link_speed : 0;
    return 0;
}
