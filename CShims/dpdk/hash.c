#include "fovea_dpdk.h"

#include <rte_thash.h>

uint32_t shim_softrss(uint32_t *input, unsigned words, const uint8_t *key) { return rte_softrss(input, words, key); }
