#include "matmul.h"

#include <algorithm>
#include <memory>

#include "../product/product.h"
#include "../results/result_steps.h"
#include "engine.h"
#include "packed_copies.h"
#include "packed_weights.h"
#include "post_operations.h"
#include "rounded_operand.h"

namespace sconce {
namespace {

using dnnl::memory;

/** A float array with dims and strides of its own. */
memory::desc strided(const memory::dims& dims, const memory::dims& strides) { return memory::desc(dims, memory::data_type::f32, strides); }

/** A product as oneDNN computes it for one layout of b. */
struct Product {
  Product(const memory::desc& a, const memory::desc& b, const memory::desc& c, const PostOperations& post)
      : desc({a, b, c}, post.attributes(), cpu_engine()), primitive(desc) {}
  dnnl::matmul::primitive_desc desc;
  dnnl::matmul primitive;
};

memory::desc with_any_layout(const memory::desc& desc) { return floats(desc.dims(), memory::format_tag::any); }

/** The product of operands rounded to bfloat16; where the second comes again with the same contents, so does its rounded form. */
class RoundedMatmul final : public Kernel {
 public:
  RoundedMatmul(const memory::desc& a, const memory::desc& b, const memory::desc& c, PostOperations post, std::size_t a_bytes, std::size_t b_bytes)
      : post_(std::move(post)), a_(a, in_precision(a, plain_tag(a), Precision::kBfloat16)),
        product_(in_precision(a, plain_tag(a), Precision::kBfloat16), in_precision(b, memory::format_tag::any, Precision::kBfloat16), c, post_),
        b_(b, product_.desc.weights_desc()), c_(c) {
    bytes_ = {a_bytes, b_bytes};
    for (const std::size_t bytes : post_.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    calls_library_ = true;
    bytes_.push_back(c_.get_size());
    scratch_bytes_ = a_.scratch_bytes() + b_.scratch_bytes() + product_.desc.scratchpad_desc().get_size();
  }

  void run(const Range* buffers, void* scratch) const override {
    char* const of_b = static_cast<char*>(scratch) + a_.scratch_bytes();
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, a_.get(buffers[0].pointer, scratch)},
        {DNNL_ARG_WEIGHTS, b_.get(buffers[1], of_b)},
        {DNNL_ARG_DST, view(c_, buffers[inputs_].pointer)},
        {DNNL_ARG_SCRATCHPAD, view(product_.desc.scratchpad_desc(), of_b + b_.scratch_bytes())},
    };
    post_.add(arguments, buffers + 2);
    product_.primitive.execute(cpu_stream(), arguments);
  }

 private:
  /** Row-major order for an array of any rank. */
  static memory::format_tag plain_tag(const memory::desc& desc) {
    static const memory::format_tag tags[] = {memory::format_tag::ab, memory::format_tag::abc, memory::format_tag::abcd, memory::format_tag::abcde, memory::format_tag::abcdef};
    return tags[std::min<std::size_t>(desc.dims().size() - 2, 4)];
  }

  PostOperations post_;
  RoundedOperand a_;
  Product product_;
  mutable PackedWeights b_;
  memory::desc c_;
};

class Matmul final : public Kernel {
 public:
  Matmul(memory::desc a, memory::desc b, memory::desc c, PostOperations post, std::size_t a_bytes, std::size_t b_bytes)
      : post_(std::move(post)), plain_(a, b, c, post_), packed_(a, with_any_layout(b), c, post_), a_(a), b_(b), c_(c) {
    bytes_ = {a_bytes, b_bytes};
    for (const std::size_t bytes : post_.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    calls_library_ = true;
    bytes_.push_back(c_.get_size());
    scratch_bytes_ = std::max(plain_.desc.scratchpad_desc().get_size(), packed_.desc.scratchpad_desc().get_size());
    // Batches of matrices are hardly weights. Without blocks (below AVX-512) a copy would only be turned, and sums then be
    // made in another order.
    if (b.dims().size() == 2 && packed_.desc.weights_desc().data.format_desc.blocking.inner_nblks > 0) copies_ = std::make_unique<PackedCopies>(b, packed_.desc.weights_desc());
  }

  void run(const Range* buffers, void* scratch) const override {
    // Both ways, brgemm's, add up in the same order: the results are the same, bit by bit.
    const void* copy = copies_ ? copies_->find(buffers[1]) : nullptr;
    const Product& product = copy != nullptr ? packed_ : plain_;
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, view(a_, buffers[0].pointer)},
        {DNNL_ARG_WEIGHTS, copy != nullptr ? view(packed_.desc.weights_desc(), copy) : view(b_, buffers[1].pointer)},
        {DNNL_ARG_DST, view(c_, buffers[inputs_].pointer)},
        {DNNL_ARG_SCRATCHPAD, view(product.desc.scratchpad_desc(), scratch)},
    };
    post_.add(arguments, buffers + 2);
    product.primitive.execute(cpu_stream(), arguments);
  }

 private:
  PostOperations post_;
  Product plain_, packed_;
  std::unique_ptr<PackedCopies> copies_;
  memory::desc a_, b_, c_;
};

}  // namespace

KernelPointer matmul(Reader& reader) {
  const std::vector<std::int64_t> batch = reader.list(1, kLargestExtent, 8);
  const std::vector<std::int64_t> a_batch = reader.list(0, kMostElements, 8);
  const std::vector<std::int64_t> b_batch = reader.list(0, kMostElements, 8);
  if (a_batch.size() != batch.size() || b_batch.size() != batch.size()) reader.fail("its batch strides do not fit its batch");
  const std::int64_t rows = reader.integer(1, kLargestExtent);
  const std::int64_t columns = reader.integer(1, kLargestExtent);
  const std::int64_t depth = reader.integer(1, kLargestExtent);
  const bool transpose_a = reader.integer(0, 1) == 1;
  const bool transpose_b = reader.integer(0, 1) == 1;
  const Precision precision = static_cast<Precision>(reader.integer(0, 1));

  const auto operand = [&](const std::vector<std::int64_t>& batch_strides, std::int64_t m, std::int64_t n, bool transposed, std::size_t& bytes) {
    // A repeated batch dimension is one of extent 1, which oneDNN broadcasts.
    memory::dims dims, strides;
    std::int64_t reach = reader.elements({m, n});
    for (std::size_t i = 0; i < batch.size(); i++) {
      const bool repeated = batch_strides[i] == 0;
      dims.push_back(repeated ? 1 : batch[i]);
      strides.push_back(repeated ? m * n : batch_strides[i]);
      const __int128 more = static_cast<__int128>(batch[i] - 1) * batch_strides[i];
      if (more > kMostElements - reach) reader.fail("an operand reaches too far");
      reach += static_cast<std::int64_t>(more);
    }
    dims.insert(dims.end(), {m, n});
    strides.insert(strides.end(), {transposed ? 1 : n, transposed ? m : 1});
    bytes = static_cast<std::size_t>(reach) * 4;
    return strided(dims, strides);
  };
  std::size_t a_bytes = 0, b_bytes = 0;
  const memory::desc a = operand(a_batch, rows, depth, transpose_a, a_bytes);
  const memory::desc b = operand(b_batch, depth, columns, transpose_b, b_bytes);
  memory::dims dims = batch, strides(batch.size() + 2), row(batch.size() + 2, 1), column(batch.size() + 2, 1);
  dims.insert(dims.end(), {rows, columns});
  reader.elements(dims);
  std::int64_t stride = 1;
  for (std::size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  row[batch.size()] = rows;
  column[batch.size() + 1] = columns;
  const memory::desc c = strided(dims, strides);
  const auto plain = [](const memory::dims& shape) {
    memory::dims steps(shape.size());
    std::int64_t step = 1;
    for (std::size_t i = shape.size(); i-- > 0; step *= shape[i]) steps[i] = step;
    return strided(shape, steps);
  };
  PostOperations post;
  post.read(reader, c, plain(row), plain(column));
  if (precision == Precision::kBfloat16 && batch.size() <= 4) return std::make_shared<RoundedMatmul>(a, b, c, std::move(post), a_bytes, b_bytes);
  const ProductShape shape = {rows, columns, depth, transpose_a, transpose_b};
  const bool single = std::all_of(batch.begin(), batch.end(), [](std::int64_t extent) { return extent == 1; });
  if (single && suits_product(shape) && suits_result_steps(post, PostOperation::kColumn)) return product(shape, post);
  return std::make_shared<Matmul>(a, b, c, std::move(post), a_bytes, b_bytes);
}

}  // namespace sconce
