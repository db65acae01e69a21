#include "fovea_dpdk.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

int shim_pool_create(const char *name, unsigned capacity, unsigned cache, uint16_t room, int socket, void **pool) {
    // The room that a frame may fill lies behind the headroom; together they must fit DPDK's 16 bits.
    if (room > UINT16_MAX - RTE_PKTMBUF_HEADROOM) return -EINVAL;
    *pool = rte_pktmbuf_pool_create(name, capacity, cache, 0, room + RTE_PKTMBUF_HEADROOM, socket);
    return *pool == NULL ? -rte_errno : 0;
}

void shim_pool_free(void *pool) {
    rte_mempool_free(pool);
}

unsigned shim_pool_available(const void *pool) {
    return rte_mempool_avail_count(pool);
}
