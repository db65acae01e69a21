#include "fovea_dpdk.h"
