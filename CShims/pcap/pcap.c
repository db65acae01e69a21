#include "fovea_pcap.h"

#include <stdio.h>

#include <pcap/pcap.h>

_Static_assert(shim_pcap_error_size == PCAP_ERRBUF_SIZE, "libpcap's error buffer");

static pcap_t *libpcap(shim_pcap *file) {
    return (pcap_t *)file;
}

shim_pcap *shim_pcap_open(const char *path, char *error) {
    error[0] = 0;
    return (shim_pcap *)pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
}

void shim_pcap_close(shim_pcap *file) {
    pcap_close(libpcap(file));
}

int shim_pcap_next(shim_pcap *file, shim_pcap_record *record) {
    struct pcap_pkthdr *header;
    const u_char *bytes;
    switch (pcap_next_ex(libpcap(file), &header, &bytes)) {
    case 1:
        // With nanosecond precision asked for, tv_usec holds nanoseconds. Wraps rather than overflows on a hostile file's seconds.
        record->timestamp = (int64_t)((uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec);
        record->bytes = bytes;
        record->length = header->caplen;
        record->wire_length = header->len;
        return 1;
    case PCAP_ERROR_BREAK:
        return 0;
    default:
        return -1;
    }
}

const char *shim_pcap_last_error(shim_pcap *file) {
    return pcap_geterr(libpcap(file));
}

int shim_pcap_descriptor(shim_pcap *file) {
    FILE *stream = pcap_file(libpcap(file));
    return stream == NULL ? -1 : fileno(stream);
}

uint32_t shim_pcap_snap_length(shim_pcap *file) {
    return pcap_snapshot(libpcap(file));
}

uint32_t shim_pcap_link_type(shim_pcap *file) {
    return pcap_datalink(libpcap(file));
}

const char *shim_pcap_link_type_name(uint32_t link_type) {
    return pcap_datalink_val_to_name(link_type);
}

int64_t shim_pcap_position(shim_pcap *file) {
    FILE *stream = pcap_file(libpcap(file));
    return stream == NULL ? -1 : ftell(stream);
}
