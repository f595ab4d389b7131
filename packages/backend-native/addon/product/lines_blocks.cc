// Where rows lie evenly, one pointer stands for all rows of a tile, and none has to be loaded beside the elements. For the
// usual distances their places are part of the instructions.
#include "lines.h"
#include "tile.h"

namespace sconce {
namespace SCONCE_ISA {

void multiply_lines(const PanelProduct& product) {
  if (product.row_apart == 1) multiply<1>(product);
  else if (product.row_apart == 2) multiply<2>(product);
  else multiply<kAnyApart>(product);
}

}  // namespace SCONCE_ISA
}  // namespace sconce
