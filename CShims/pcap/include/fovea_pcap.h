/// libpcap's reading of capture files, as Swift sees it: pcap and pcapng, with nanoseconds.
#pragma once

#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct shim_pcap shim_pcap;

enum { shim_pcap_error_size = 256 };

/// A record of a capture file. Its bytes are libpcap's, until the next call.
typedef struct {
    const void *bytes;
    /// Nanoseconds since 1970.
    int64_t timestamp;
    uint32_t length;
    uint32_t wire_length;
} shim_pcap_record;

/// Opens a capture file; "-" is standard input. On failure NULL, and why in `error` (shim_pcap_error_size bytes).
shim_pcap *_Nullable shim_pcap_open(const char *path, char *error);
void shim_pcap_close(shim_pcap *file);
/// 1: a record; 0: the end; -1: shim_pcap_last_error says what is wrong with the file.
int shim_pcap_next(shim_pcap *file, shim_pcap_record *record);
const char *shim_pcap_last_error(shim_pcap *file);
/// The descriptor of the file, -1 if it has none; libpcap's as long as that is open.
int shim_pcap_descriptor(shim_pcap *file);
/// The longest frame as the file says, or the longest there is where it says nothing (pcap_snapshot).
uint32_t shim_pcap_snap_length(shim_pcap *file);
/// The link type's number (DLT_*).
uint32_t shim_pcap_link_type(shim_pcap *file);
/// The name of a link type, or NULL.
const char *_Nullable shim_pcap_link_type_name(uint32_t link_type);
/// How many bytes of the file have been read; -1 where that is not known.
int64_t shim_pcap_position(shim_pcap *file);

#pragma clang assume_nonnull end
