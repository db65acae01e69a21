/// zlib as it is: gzip (RFC 1952) for result files.
#pragma once

#include <zlib.h>
