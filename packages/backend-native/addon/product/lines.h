// Products of rows that lie evenly, within an instruction set.
#pragma once

#include "product_blocks.h"

namespace sconce {
namespace SCONCE_ISA {

void multiply_lines(const PanelProduct& product);

}  // namespace SCONCE_ISA
}  // namespace sconce
