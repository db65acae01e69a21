#include "fovea_dpdk.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_prefetch.h>

static int timestamp_offset = -1;
static uint64_t timestamp_flag;

int shim_timestamp_register(void) {
    return rte_mbuf_dyn_rx_timestamp_register(&timestamp_offset, &timestamp_flag) < 0 ? -rte_errno : 0;
}

int64_t shim_wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static uint32_t room_of(struct rte_mempool *pool) {
    return rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
}

// One mbuf with the bytes of all segments, or the first segment alone when there is no jumbo mbuf left: then the frame counts as cut.
static struct rte_mbuf *in_one_piece(struct rte_mbuf *chain, void *jumbo_pool) {
    struct rte_mbuf *whole = jumbo_pool == NULL ? NULL : rte_pktmbuf_alloc(jumbo_pool);
    if (whole == NULL) return chain;
    uint32_t length = RTE_MIN(chain->pkt_len, room_of(jumbo_pool));
    void *target = rte_pktmbuf_mtod(whole, void *);
    const void *bytes = rte_pktmbuf_read(chain, 0, length, target);
    if (bytes != target && bytes != NULL) memcpy(target, bytes, length);
    whole->data_len = length;
    whole->pkt_len = chain->pkt_len;
    whole->ol_flags = chain->ol_flags;
    whole->hash.rss = chain->hash.rss;
    if (timestamp_offset >= 0)
        *RTE_MBUF_DYNFIELD(whole, timestamp_offset, rte_mbuf_timestamp_t *) = *RTE_MBUF_DYNFIELD(chain, timestamp_offset, rte_mbuf_timestamp_t *);
    rte_pktmbuf_free(chain);
    return whole;
}

uint16_t shim_burst_receive(const shim_queue *queue, shim_frame *frames, uint16_t capacity, int64_t now) {
    struct rte_mbuf *mbufs[shim_burst_capacity];
    if (capacity > shim_burst_capacity) capacity = shim_burst_capacity;
    uint16_t count = rte_eth_rx_burst(queue->port, queue->queue, mbufs, capacity);
    // Unsigned: a hostile file's time wraps instead of overflowing.
    const uint64_t unit = queue->timestamp_unit;
    for (uint16_t i = 0; i < count; i++) {
        struct rte_mbuf *mbuf = mbufs[i];
        if (unlikely(mbuf->nb_segs > 1)) mbuf = in_one_piece(mbuf, queue->jumbo_pool);
        const void *bytes = rte_pktmbuf_mtod(mbuf, const void *);
        rte_prefetch0(bytes);
        const uint64_t flags = mbuf->ol_flags;
        frames[i] = (shim_frame){
            .buffer = mbuf,
            .bytes = bytes,
            .timestamp = unit != 0 && (flags & timestamp_flag) ? (int64_t)(*RTE_MBUF_DYNFIELD(mbuf, timestamp_offset, rte_mbuf_timestamp_t *) * unit) : now,
            .length = mbuf->data_len,
            .wire_length = mbuf->pkt_len,
            .rss_hash = flags & RTE_MBUF_F_RX_RSS_HASH ? mbuf->hash.rss : 0,
            .link_type = 1,
        };
    }
    return count;
}

void shim_burst_free(const shim_frame *frames, uint16_t count) {
    struct rte_mbuf *mbufs[shim_burst_capacity];
    unsigned held = 0;
    for (uint16_t i = 0; i < count; i++) {
        mbufs[held] = frames[i].buffer;
        held += frames[i].buffer != NULL;
    }
    rte_pktmbuf_free_bulk(mbufs, held);
}
