// Results that stay from one run of a program to the next.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

/** A loop nest that runs only where its results are not those of its inputs already; described like any nest. */
KernelPointer kept_nest(Reader& reader);

/**
 * Does nothing. As a program's last kernel it keeps its inputs' memory from being used for anything else. Described by
 * how many these are; it has an output of no bytes.
 */
KernelPointer hold(Reader& reader);

}  // namespace sconce
