#include "fovea_dpdk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_flow.h>

// An item that no bit is asked of says so by having no specification: drivers take that more willingly than a mask of zeros.
static bool is_zero(const void *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (((const uint8_t *)bytes)[i] != 0) return false;
    return true;
}

#define ITEM(kind, header_spec, header_mask)                                        \
    do {                                                                            \
        bool any = is_zero(&(header_mask), sizeof(header_mask));                    \
        *item++ = (struct rte_flow_item){                                           \
            .type = kind, .spec = any ? NULL : &(header_spec), .mask = any ? NULL : &(header_mask)}; \
    } while (0)

int shim_flow_validate(uint16_t port, const shim_flow_rule *rule, char *message, unsigned size) {
    struct rte_flow_item items[4], *item = items;
    struct rte_flow_item_ipv4 ipv4 = {0}, ipv4_mask = {0};
    struct rte_flow_item_ipv6 ipv6 = {0}, ipv6_mask = {0};
    struct rte_flow_item_tcp tcp = {0}, tcp_mask = {0};
    struct rte_flow_item_udp udp = {0}, udp_mask = {0};
    struct rte_flow_item_sctp sctp = {0}, sctp_mask = {0};

    rte_be16_t source = rte_cpu_to_be_16(rule->source_port), source_mask = rte_cpu_to_be_16(rule->source_port_mask);
    rte_be16_t destination = rte_cpu_to_be_16(rule->destination_port), destination_mask = rte_cpu_to_be_16(rule->destination_port_mask);
    bool has_item = rule->transport == IPPROTO_TCP || rule->transport == IPPROTO_UDP || rule->transport == IPPROTO_SCTP;
    // A transport with an item of its own needs no number in IP's header.
    uint8_t protocol_mask = rule->transport == 0 || has_item ? 0 : 0xff;

    *item++ = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_ETH};
    if (rule->ip_version == 4) {
        memcpy(&ipv4.hdr.src_addr, rule->source, 4);
        memcpy(&ipv4_mask.hdr.src_addr, rule->source_mask, 4);
        memcpy(&ipv4.hdr.dst_addr, rule->destination, 4);
        memcpy(&ipv4_mask.hdr.dst_addr, rule->destination_mask, 4);
        ipv4.hdr.next_proto_id = rule->transport;
        ipv4_mask.hdr.next_proto_id = protocol_mask;
        ITEM(RTE_FLOW_ITEM_TYPE_IPV4, ipv4, ipv4_mask);
    } else if (rule->ip_version == 6) {
        memcpy(ipv6.hdr.src_addr, rule->source, 16);
        memcpy(ipv6_mask.hdr.src_addr, rule->source_mask, 16);
        memcpy(ipv6.hdr.dst_addr, rule->destination, 16);
        memcpy(ipv6_mask.hdr.dst_addr, rule->destination_mask, 16);
        ipv6.hdr.proto = rule->transport;
        ipv6_mask.hdr.proto = protocol_mask;
        ITEM(RTE_FLOW_ITEM_TYPE_IPV6, ipv6, ipv6_mask);
    }
    if (rule->transport == IPPROTO_TCP) {
        tcp.hdr.src_port = source, tcp.hdr.dst_port = destination;
        tcp_mask.hdr.src_port = source_mask, tcp_mask.hdr.dst_port = destination_mask;
        ITEM(RTE_FLOW_ITEM_TYPE_TCP, tcp, tcp_mask);
    } else if (rule->transport == IPPROTO_UDP) {
        udp.hdr.src_port = source, udp.hdr.dst_port = destination;
        udp_mask.hdr.src_port = source_mask, udp_mask.hdr.dst_port = destination_mask;
        ITEM(RTE_FLOW_ITEM_TYPE_UDP, udp, udp_mask);
    } else if (rule->transport == IPPROTO_SCTP) {
        sctp.hdr.src_port = source, sctp.hdr.dst_port = destination;
        sctp_mask.hdr.src_port = source_mask, sctp_mask.hdr.dst_port = destination_mask;
        ITEM(RTE_FLOW_ITEM_TYPE_SCTP, sctp, sctp_mask);
    }
    *item = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_END};

    uint16_t queues[shim_flow_max_queues];
    for (unsigned i = 0; i < shim_flow_max_queues; i++) queues[i] = i;
    struct rte_flow_action_queue queue = {.index = rule->queue};
    struct rte_flow_action_rss rss = {
        .types = rule->rss_hash_functions,
        .queue = queues,
        .queue_num = rule->queues > shim_flow_max_queues ? shim_flow_max_queues : rule->queues,
    };
    struct rte_flow_action actions[2] = {{.type = RTE_FLOW_ACTION_TYPE_DROP}, {.type = RTE_FLOW_ACTION_TYPE_END}};
    if (rule->action == shim_flow_queue) {
        actions[0] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue};
    } else if (rule->action == shim_flow_rss) {
        actions[0] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &rss};
    }

    struct rte_flow_attr attributes = {.ingress = 1};
    struct rte_flow_error error = {0};
    int answer = rte_flow_validate(port, &attributes, items, actions, &error);
    // What rte_flow says for a driver that has no such function, in words of C's library.
    if (answer == -ENOSYS || (answer == -ENOTSUP && error.type == RTE_FLOW_ERROR_TYPE_UNSPECIFIED)) {
        snprintf(message, size, "not supported: the driver has no flow rules");
    } else if (answer < 0) {
        snprintf(message, size, "%s", error.message != NULL ? error.message : rte_strerror(-answer));
    }
    return answer;
}
