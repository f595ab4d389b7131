// A reduction of one element is none: its nest becomes an elementwise one, which is done in large blocks. One-hot
// gradients are of this kind: a single label is looked at for each result.
#pragma once

#include "nest.h"

namespace sconce {

/** The same nest, without a reduction if that has a single element for each result. */
Nest without_single_reduction(Nest nest);

}  // namespace sconce
