// Chooses the block operators for this processor.
#include "../instruction_sets.h"
#include "blocks.h"
#include "chain_blocks.h"

namespace sconce {

SCONCE_DISPATCH(BlockTable, block_table)
SCONCE_DISPATCH(ChainTable, chain_table)

}  // namespace sconce
