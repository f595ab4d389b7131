#include "convolution.h"

#include <optional>

#include "../convolution/direct.h"
#include "../convolution/spread.h"
#include "../convolution/steps_after.h"
#include "../depthwise/depthwise.h"
#include "../product/product.h"
#include "../results/result_steps.h"
#include "../strips/stages.h"
#include "../strips/strips.h"
#include "../winograd/winograd.h"
#include "engine.h"
#include "packed_weights.h"
#include "post_operations.h"
#include "rounded_operand.h"

namespace sconce {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using tag = memory::format_tag;

struct Geometry {
  std::optional<WinogradShape> winograd;    // where minimal filtering is the better way
  std::optional<DepthwiseShape> depthwise;  // where each channel has a kernel of its own
  std::optional<DirectShape> direct;        // where all channels make all, channels-last
  std::optional<DirectShape> planes;        // the same with an input that is row-major
  memory::desc x, y;           // as they lie in memory
  memory::desc x_in, y_in;     // as operands
  memory::desc weight;         // as it lies in memory
  memory::desc any_weight;     // whatever layout oneDNN prefers
  memory::desc row, column;    // one value per output channel
  memory::dims stride, dilation, before, after;
};

Geometry read_geometry(Reader& reader) {
  const auto extent = [&] { return reader.integer(1, kLargestExtent); };
  const memory::dim batch = extent(), inputs = extent(), height = extent(), width = extent(), outputs = extent(), kernel_height = extent(), kernel_width = extent();
  Geometry geometry;
  geometry.stride = {extent(), extent()};
  const auto padding = [&] { return reader.integer(0, kLargestExtent); };
  const memory::dim top = padding(), left = padding(), bottom = padding(), right = padding();
  geometry.before = {top, left};
  geometry.after = {bottom, right};
  const memory::dim dilation_height = extent(), dilation_width = extent();
  // oneDNN counts the elements left out between taps.
  geometry.dilation = {dilation_height - 1, dilation_width - 1};
  const memory::dim groups = extent();
  if (inputs % groups != 0 || outputs % groups != 0) reader.fail("the channels do not divide into the groups");
  const tag x_tag = reader.integer(0, 1) == 1 ? tag::nhwc : tag::nchw;
  const tag y_tag = reader.integer(0, 1) == 1 ? tag::nhwc : tag::nchw;
  const Precision asked = static_cast<Precision>(reader.integer(0, 1));
  // From one layout to the other, oneDNN has only its reference for bfloat16, which takes a hundred times as long.
  const Precision precision = x_tag == y_tag ? asked : Precision::kFloat32;
  const memory::dim spread_height = (kernel_height - 1) * dilation_height + 1;
  const memory::dim spread_width = (kernel_width - 1) * dilation_width + 1;
  if (height + top + bottom < spread_height || width + left + right < spread_width) reader.fail("the kernel is larger than the padded input");
  const memory::dim output_height = (height + top + bottom - spread_height) / geometry.stride[0] + 1;
  const memory::dim output_width = (width + left + right - spread_width) / geometry.stride[1] + 1;
  reader.elements({batch, inputs, height, width});
  reader.elements({batch, outputs, output_height, output_width});
  reader.elements({outputs, inputs / groups, kernel_height, kernel_width});
  const bool ours = precision == Precision::kFloat32 && x_tag == tag::nhwc && y_tag == tag::nhwc;
  const bool plain = groups == 1 && kernel_height == 3 && kernel_width == 3 && geometry.stride == memory::dims{1, 1} && geometry.dilation == memory::dims{0, 0};
  if (ours && plain) {
    const WinogradShape shape = {batch, inputs, height, width, outputs, top, left, output_height, output_width};
    if (suits_winograd(shape)) geometry.winograd = shape;
  }
  const bool from_planes = precision == Precision::kFloat32 && x_tag == tag::nchw && y_tag == tag::nhwc;
  if ((ours || from_planes) && groups == 1) {
    (ours ? geometry.direct : geometry.planes) = {batch, inputs, height, width, outputs, kernel_height, kernel_width, geometry.stride[0], geometry.stride[1], top, left,
                       dilation_height, dilation_width, output_height, output_width};
  }
  if (ours && groups == inputs && groups == outputs && groups >= kDepthwiseChannels) {
    geometry.depthwise = {batch, inputs, height, width, kernel_height, kernel_width, geometry.stride[0], geometry.stride[1],
                          top, left, dilation_height, dilation_width, output_height, output_width};
  }
  geometry.x = floats({batch, inputs, height, width}, x_tag);
  geometry.y = floats({batch, outputs, output_height, output_width}, y_tag);
  geometry.x_in = in_precision(geometry.x, x_tag, precision);
  geometry.y_in = in_precision(geometry.y, y_tag, precision);
  const auto any = [&](const memory::dims& dims) { return in_precision(floats(dims, tag::any), tag::any, precision); };
  if (groups > 1) {
    const memory::dims dims = {groups, outputs / groups, inputs / groups, kernel_height, kernel_width};
    geometry.weight = floats(dims, tag::goihw);
    geometry.any_weight = any(dims);
  } else {
    const memory::dims dims = {outputs, inputs, kernel_height, kernel_width};
    geometry.weight = floats(dims, tag::oihw);
    geometry.any_weight = any(dims);
  }
  geometry.row = geometry.column = floats({1, outputs, 1, 1}, tag::nchw);
  return geometry;
}

dnnl::convolution_forward::primitive_desc forward_desc(const Geometry& g, const dnnl::primitive_attr& attributes, prop_kind kind) {
  return {{kind, algorithm::convolution_direct, g.x_in, g.any_weight, g.y, g.stride, g.dilation, g.before, g.after}, attributes, cpu_engine()};
}

/** What the gradients' descriptions want to know of the forward one. */
dnnl::convolution_forward::primitive_desc forward_hint(const Geometry& g) {
  return {{prop_kind::forward_training, algorithm::convolution_direct, g.x_in, g.any_weight, g.y_in, g.stride, g.dilation, g.before, g.after}, cpu_engine()};
}

dnnl::primitive_attr user_scratch() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

class Forward final : public Kernel {
 public:
  Forward(const Geometry& g, PostOperations post)
      : desc_(forward_desc(g, post.attributes(), prop_kind::forward_inference)), primitive_(desc_), weights_(g.weight, desc_.weights_desc()), x_(g.x, g.x_in), post_(std::move(post)), y_(g.y) {
    bytes_ = {g.x.get_size(), g.weight.get_size()};
    for (const std::size_t bytes : post_.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    calls_library_ = true;
    bytes_.push_back(y_.get_size());
    scratch_bytes_ = x_.scratch_bytes() + weights_.scratch_bytes() + desc_.scratchpad_desc().get_size();
  }

  /** What oneDNN calls the way in which it does this. */
  std::string implementation() const { return desc_.impl_info_str(); }

  void run(const Range* buffers, void* memory_of_all) const override {
    char* scratch = static_cast<char*>(memory_of_all) + x_.scratch_bytes();
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, x_.get(buffers[0].pointer, memory_of_all)},
        {DNNL_ARG_WEIGHTS, weights_.get(buffers[1], scratch)},
        {DNNL_ARG_DST, view(y_, buffers[inputs_].pointer)},
        {DNNL_ARG_SCRATCHPAD, view(desc_.scratchpad_desc(), scratch + weights_.scratch_bytes())},
    };
    post_.add(arguments, buffers + 2);
    primitive_.execute(cpu_stream(), arguments);
  }

 private:
  dnnl::convolution_forward::primitive_desc desc_;
  dnnl::convolution_forward primitive_;
  mutable PackedWeights weights_;
  RoundedOperand x_;
  PostOperations post_;
  memory::desc y_;
};

class InputGradient final : public Kernel {
 public:
  explicit InputGradient(const Geometry& g)
      : desc_({algorithm::convolution_direct, g.x, g.any_weight, g.y_in, g.stride, g.dilation, g.before, g.after}, user_scratch(), cpu_engine(), forward_hint(g)),
        primitive_(desc_), weights_(g.weight, desc_.weights_desc()), x_(g.x), y_(g.y, g.y_in) {
    bytes_ = {g.y.get_size(), g.weight.get_size(), x_.get_size()};
    inputs_ = 2;
    calls_library_ = true;
    scratch_bytes_ = y_.scratch_bytes() + weights_.scratch_bytes() + desc_.scratchpad_desc().get_size();
  }

  void run(const Range* buffers, void* memory_of_all) const override {
    char* scratch = static_cast<char*>(memory_of_all) + y_.scratch_bytes();
    primitive_.execute(cpu_stream(), {
        {DNNL_ARG_DIFF_DST, y_.get(buffers[0].pointer, memory_of_all)},
        {DNNL_ARG_WEIGHTS, weights_.get(buffers[1], scratch)},
        {DNNL_ARG_DIFF_SRC, view(x_, buffers[2].pointer)},
        {DNNL_ARG_SCRATCHPAD, view(desc_.scratchpad_desc(), scratch + weights_.scratch_bytes())},
    });
  }

 private:
  dnnl::convolution_backward_data::primitive_desc desc_;
  dnnl::convolution_backward_data primitive_;
  mutable PackedWeights weights_;
  memory::desc x_;
  RoundedOperand y_;
};

class WeightGradient final : public Kernel {
 public:
  explicit WeightGradient(const Geometry& g)
      : desc_({algorithm::convolution_direct, g.x_in, floats(g.any_weight.dims(), tag::any), g.y_in, g.stride, g.dilation, g.before, g.after}, user_scratch(), cpu_engine(), forward_hint(g)),
        primitive_(desc_), x_(g.x, g.x_in), y_(g.y, g.y_in), weight_(g.weight), made_(desc_.diff_weights_desc()) {
    if (made_ != weight_) reorder_ = dnnl::reorder(dnnl::reorder::primitive_desc(cpu_engine(), made_, cpu_engine(), weight_));
    bytes_ = {g.x.get_size(), g.y.get_size(), weight_.get_size()};
    inputs_ = 2;
    calls_library_ = true;
    made_bytes_ = made_ != weight_ ? padded(made_.get_size()) : 0;
    scratch_bytes_ = x_.scratch_bytes() + y_.scratch_bytes() + made_bytes_ + desc_.scratchpad_desc().get_size();
  }

  void run(const Range* buffers, void* memory_of_all) const override {
    char* const of_y = static_cast<char*>(memory_of_all) + x_.scratch_bytes();
    char* const scratch = of_y + y_.scratch_bytes();
    const memory made = view(made_, made_bytes_ > 0 ? scratch : buffers[2].pointer);
    primitive_.execute(cpu_stream(), {
        {DNNL_ARG_SRC, x_.get(buffers[0].pointer, memory_of_all)},
        {DNNL_ARG_DIFF_DST, y_.get(buffers[1].pointer, of_y)},
        {DNNL_ARG_DIFF_WEIGHTS, made},
        {DNNL_ARG_SCRATCHPAD, view(desc_.scratchpad_desc(), scratch + made_bytes_)},
    });
    if (made_bytes_ > 0) reorder_.execute(cpu_stream(), {{DNNL_ARG_FROM, made}, {DNNL_ARG_TO, view(weight_, buffers[2].pointer)}});
  }

 private:
  dnnl::convolution_backward_weights::primitive_desc desc_;
  dnnl::convolution_backward_weights primitive_;
  dnnl::reorder reorder_;
  RoundedOperand x_, y_;
  memory::desc weight_, made_;
  std::size_t made_bytes_ = 0;
};

/** A forward convolution as it is described. */
struct Description {
  Geometry geometry;
  std::int64_t distance;
  PostOperations post;
  bool suits_our_steps;
};

Description read_description(Reader& reader) {
  Description all;
  all.geometry = read_geometry(reader);
  const Geometry& g = all.geometry;
  const memory::dims dims = g.y.dims();
  all.distance = reader.integer(dims[1], kLargestExtent);
  reader.elements({dims[0] * dims[2] * dims[3], all.distance});
  all.post.read(reader, g.y, g.row, g.column);
  all.suits_our_steps = suits_result_steps(all.post, PostOperation::kRow);
  return all;
}

/** Only the first reads what is row-major. Only the last adds something as large as its results: of the others there are but some rows. */
StagePointer read_convolution_stage(Reader& reader, bool is_first, bool is_last) {
  const auto [geometry, distance, post, suits] = read_description(reader);
  if (suits && distance == geometry.y.dims()[1] && (is_last || !post.has_elements())) {
    if (geometry.planes && is_first && suits_planes(*geometry.planes)) return planes_stage(*geometry.planes, distance, post);
    if (geometry.direct && suits_product_stage(*geometry.direct)) return product_stage(*geometry.direct, post);
    if (geometry.depthwise) return depthwise_stage(*geometry.depthwise, post);
  }
  reader.fail("a convolution is no stage");
}

StagePointer read_pool_stage(Reader& reader) {
  const PoolShape shape = read_pool_shape(reader);
  if (!shape.channels_last) reader.fail("a pool is not channels-last");
  return pool_stage(shape);
}

}  // namespace

KernelPointer convolution(Reader& reader) {
  const Description description = read_description(reader);
  const Geometry& geometry = description.geometry;
  const PostOperations& post = description.post;
  const std::int64_t distance = description.distance;
  const bool suits = description.suits_our_steps;
  const memory::dims dims = geometry.y.dims();
  const std::int64_t channels = dims[1], rows = dims[0] * dims[2] * dims[3];
  if (distance != channels && (geometry.y != floats(dims, tag::nhwc) || post.has_elements())) reader.fail("its result cannot be part of a larger one");
  if (geometry.winograd && suits) return winograd(*geometry.winograd, distance, post);
  if (geometry.direct && suits && suits_direct(*geometry.direct)) return direct_convolution(*geometry.direct, distance, post);
  if (geometry.planes && suits && suits_planes(*geometry.planes)) {
    std::vector<StagePointer> stages;
    stages.push_back(planes_stage(*geometry.planes, distance, post));
    return strips(std::move(stages));
  }
  const auto dense = [&]() -> KernelPointer {
    if (geometry.depthwise && suits) return depthwise(*geometry.depthwise, post);
    const auto forward = std::make_shared<Forward>(geometry, post);
    if (geometry.y != floats(dims, tag::nhwc) || !needs_steps_after(post, forward->implementation())) return forward;
    return with_steps_after(std::make_shared<Forward>(geometry, PostOperations()), post, rows, channels);
  };
  return distance == channels ? dense() : spread_rows(dense(), rows, channels, distance);
}

KernelPointer strips(Reader& reader) {
  constexpr std::int64_t most = 8;
  std::vector<StagePointer> stages(static_cast<std::size_t>(reader.integer(1, most)));
  for (StagePointer& stage : stages) {
    const bool is_pool = reader.integer(0, 1) == 1;
    stage = is_pool ? read_pool_stage(reader) : read_convolution_stage(reader, &stage == &stages.front(), &stage == &stages.back());
  }
  for (std::size_t i = 1; i < stages.size(); i++) {
    if (!stages[i]->follows(*stages[i - 1])) reader.fail("a stage does not follow upon the one before");
  }
  return strips(std::move(stages));
}

KernelPointer convolution_input_gradient(Reader& reader) {
  const Geometry geometry = read_geometry(reader);
  if (geometry.winograd) return winograd_input_gradient(*geometry.winograd);
  if (geometry.depthwise) return depthwise_input_gradient(*geometry.depthwise);
  if (geometry.direct && suits_direct_gradient(*geometry.direct)) return direct_input_gradient(*geometry.direct);
  return std::make_shared<InputGradient>(geometry);
}

KernelPointer convolution_weight_gradient(Reader& reader) {
  const Geometry geometry = read_geometry(reader);
  if (geometry.winograd) return winograd_weight_gradient(*geometry.winograd);
  if (geometry.depthwise) return depthwise_weight_gradient(*geometry.depthwise);
  if (geometry.direct && suits_direct(*geometry.direct) && is_product(*geometry.direct)) {
    const DirectShape& s = *geometry.direct;
    return product({s.outputs, s.inputs, s.batch * s.height * s.width, true, false}, PostOperations(), true);
  }
  return std::make_shared<WeightGradient>(geometry);
}

}  // namespace sconce
