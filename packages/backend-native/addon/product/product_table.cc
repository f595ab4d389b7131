#include "../instruction_sets.h"
#include "product_blocks.h"

namespace sconce {
SCONCE_DISPATCH(ProductTable, product_table)
}  // namespace sconce
