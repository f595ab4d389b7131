#include "../instruction_sets.h"
#include "winograd_blocks.h"

namespace sconce {

SCONCE_DISPATCH(WinogradTable, winograd_table)

}  // namespace sconce
