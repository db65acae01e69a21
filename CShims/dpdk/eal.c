#include "fovea_dpdk.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_memory.h>

int shim_eal_start(int count, char **arguments) {
    return rte_eal_init(count, arguments) < 0 ? -rte_errno : 0;
}

int shim_eal_stop(void) {
    return rte_eal_cleanup();
}

const char *shim_strerror(int code) {
    return rte_strerror(code < 0 ? -code : code);
}

int shim_lcore_launch(unsigned lcore, int (*function)(void *), void *argument) {
    return rte_eal_remote_launch(function, argument, lcore);
}

int shim_lcore_wait(unsigned lcore) {
    return rte_eal_wait_lcore(lcore);
}

bool shim_lcore_is_running(unsigned lcore) {
    return rte_eal_get_lcore_state(lcore) == RUNNING;
}

unsigned shim_lcore_limit(void) {
    return RTE_MAX_LCORE;
}

int shim_lcore_socket(unsigned lcore) {
    unsigned socket = rte_lcore_to_socket_id(lcore);
    return socket == (unsigned)SOCKET_ID_ANY ? 0 : (int)socket;
}

uint64_t shim_cycles(void) {
    return rte_rdtsc();
}

uint64_t shim_cycles_per_second(void) {
    return rte_get_tsc_hz();
}
