// Results whose rows lie further apart than they are long, from a kernel that knows only rows side by side.
#pragma once

#include "../kernel.h"

namespace sconce {

/** `kernel`, whose result of `rows` rows of `length` floats gets them `distance` apart. */
KernelPointer spread_rows(KernelPointer kernel, std::int64_t rows, std::int64_t length, std::int64_t distance);

}  // namespace sconce
