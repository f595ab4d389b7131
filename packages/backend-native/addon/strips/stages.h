// The operations that can be stages.
#pragma once

#include "../convolution/direct.h"
#include "../depthwise/depthwise_blocks.h"
#include "../pooling/geometry.h"
#include "stage.h"

namespace sconce {

/** Convolution of an image with few channels, row-major as programs are given it, to many channels, channels-last. */
bool suits_planes(const DirectShape& shape);
/** Positions of its result lie `distance` elements apart. */
StagePointer planes_stage(const DirectShape& shape, std::int64_t distance, const PostOperations& post);

/** A 1x1 convolution. */
bool suits_product_stage(const DirectShape& shape);
StagePointer product_stage(const DirectShape& shape, const PostOperations& post);

StagePointer depthwise_stage(const DepthwiseShape& shape, const PostOperations& post);

/** The largest elements of windows, channels-last. */
StagePointer pool_stage(const PoolShape& shape);

}  // namespace sconce
