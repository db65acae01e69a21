/// Zstandard as it is (RFC 8878) for result files.
#pragma once

#include <zstd.h>
