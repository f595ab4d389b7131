// Chooses the block operators for this processor.
#include "../instruction_sets.h"
#include "blocks.h"

namespace sconce {

SCONCE_DISPATCH(BlockTable, block_table)

}  // namespace sconce
