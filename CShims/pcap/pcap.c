#include "fovea_pcap.h"
