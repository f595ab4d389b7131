// Operations on images one after the other, as one kernel: the images between them are never written as a whole.
#pragma once

#include "stage.h"

namespace sconce {

/** (input of the first stage, its operands, those of the second, ...) to the results of the last. Each stage follows the one before. */
KernelPointer strips(std::vector<StagePointer> stages);

}  // namespace sconce
