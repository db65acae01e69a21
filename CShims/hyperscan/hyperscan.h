/// Hyperscan: many regular expressions in one pass. On x86-64 it is Intel's; Vectorscan has the same interface, pkg-config name and all, on Arm, too.
#pragma once

#include <hs.h>
