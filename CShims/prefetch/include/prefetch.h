/// Fetching memory ahead of its use: Swift has no name for this instruction.
#pragma once

/// Starts loading the cache line at `address`. Never faults, whatever the address.
static inline __attribute__((always_inline)) void prefetch_line(const void *_Nonnull address) {
    __builtin_prefetch(address, 1, 3);
}
