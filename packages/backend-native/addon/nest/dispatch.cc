// Chooses the block operators for this processor.
#include "../instruction_sets.h"
#include "blocks.h"
#include "fused_blocks.h"

namespace sconce {

SCONCE_DISPATCH(BlockTable, block_table)
SCONCE_DISPATCH(FusedTable, fused_table)

}  // namespace sconce
