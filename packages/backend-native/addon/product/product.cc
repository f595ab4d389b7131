// A task is a block of rows times some panels. The columns of a first factor that lies transposed are copied first; a
// second one is read where it lies if that is as good. Where there is much depth and little else, parts of the depth are
// summed apart.
#include "product.h"

#include <cstring>
#include <vector>

#include "../kept_copies.h"
#include "../results/result_steps.h"
#include "../team.h"
#include "../thread_memory.h"
#include "panels.h"

namespace sconce {
namespace {

class MatrixProduct final : public Kernel {
 public:
  MatrixProduct(const ProductShape& shape, const PostOperations& post, bool exchanges)
      : shape_(shape), post_(post), exchanges_(exchanges), panels_(shape.depth, shape.columns),
        parts_(parts_of(shape, post)), depth_(ceiling(shape.depth, parts_)), at_once_(shape.transpose_a ? kDepthOfCopies : kDepthAtOnce),
        shares_(shape.rows, std::min(depth_, at_once_) * kFloat, panels_, ceiling(shape.transpose_a ? kFewestTasks / 2 : kFewestTasks, parts_)), packing_(packing_of(shape)), packed_(panels_.bytes()) {
    bytes_ = {static_cast<std::size_t>(shape.rows * shape.depth * kFloat), static_cast<std::size_t>(shape.depth * shape.columns * kFloat)};
    if (exchanges) std::swap(bytes_[0], bytes_[1]);
    for (const std::size_t bytes : post.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    bytes_.push_back(static_cast<std::size_t>(shape.rows * shape.columns * kFloat));
    parts_ = ceiling(shape.depth, depth_);
    scratch_bytes_ = packed_bytes() + static_cast<std::size_t>((parts_ - 1) * shape.rows * shape.columns * kFloat);
  }

  void run(const Range* buffers, void* scratch) const override {
    const Range& first = buffers[exchanges_ ? 1 : 0];
    const Range& second = buffers[exchanges_ ? 0 : 1];
    const float* a = static_cast<const float*>(first.pointer);
    const float* b = static_cast<const float*>(second.pointer);
    float* c = static_cast<float*>(buffers[inputs_].pointer);
    const auto make = [&](void* target) { pack(b, static_cast<float*>(target)); };
    const void* const packed = packing_ == Packing::kAlways ? packed_.get(second, scratch, make) : packing_ == Packing::kIfKept ? packed_.kept(second, make) : nullptr;
    const Factor factor = {packed != nullptr ? static_cast<const float*>(packed) : b, packed != nullptr};
    float* sums = reinterpret_cast<float*>(static_cast<char*>(scratch) + packed_bytes());
    const std::int64_t size = shape_.rows * shape_.columns;
    const std::vector<ResultStep> steps = result_steps(post_, buffers + 2);
    const ResultChain chain = result_chain(steps);
    parallel_for(parts_ * shares_.tasks(), [&](std::int64_t number) {
      const std::int64_t part = number / shares_.tasks();
      multiply(a, factor, part > 0 ? sums + (part - 1) * size : c, part * depth_, std::min(shape_.depth, (part + 1) * depth_), shares_.task(number % shares_.tasks()), steps.empty() ? nullptr : &chain);
    });
    for (std::int64_t part = 1; part < parts_; part++) add(sums + (part - 1) * size, size, c);
  }

 private:
  /** Elements of a cache line. */
  static constexpr std::int64_t kLine = 64 / kFloat;
  /** Depth of copied columns, so that they stay in the second-level cache beside the rows of b. */
  static constexpr std::int64_t kDepthOfCopies = 512;

  /** In how many parts the depth is summed: the operands are read once where the results are few. */
  static std::int64_t parts_of(const ProductShape& s, const PostOperations& post) {
    constexpr std::int64_t most_bytes = std::int64_t{2} << 20;
    if (!post.steps().empty()) return 1;
    return std::clamp<std::int64_t>(std::min(s.depth / kDepthAtOnce, most_bytes / (s.rows * s.columns * kFloat)), 1, kFewestTasks);
  }

  /** Whether the second factor is packed: kIfKept is only where the copy serves several products. */
  enum class Packing { kNever, kIfKept, kAlways };

  static Packing packing_of(const ProductShape& s) {
    if (s.transpose_b || s.columns % product_table().lanes != 0) return Packing::kAlways;
    // Rows that lie apart by much, and by a power of two, fall on few places of the caches.
    if (s.columns * kFloat % 1024 != 0) return Packing::kNever;
    return s.rows > 2 * product_table().tile_rows ? Packing::kAlways : Packing::kIfKept;
  }

  /** The second factor, as it lies or packed. */
  struct Factor {
    const float* values;
    bool is_packed;
  };

  std::size_t packed_bytes() const { return packing_ == Packing::kAlways ? panels_.bytes() : 0; }

  static void add(const float* from, std::int64_t count, float* to) {
    for (std::int64_t i = 0; i < count; i++) to[i] += from[i];
  }

  void pack(const float* b, float* packed) const {
    constexpr std::int64_t depth = 256;
    const std::int64_t pieces = ceiling(shape_.depth, depth);
    const std::int64_t depth_step = shape_.transpose_b ? 1 : shape_.columns, column_step = shape_.transpose_b ? shape_.depth : 1;
    parallel_for(panels_.count() * pieces, [&](std::int64_t i) {
      const std::int64_t k = i % pieces * depth;
      panels_.pack(i / pieces, k, std::min(depth, shape_.depth - k), b + k * depth_step, depth_step, column_step, packed);
    });
  }

  /** Copies `count` columns of a transposed factor to rows `width` apart: where they lie, rows are often a power of two apart, which fall on few places of the caches. */
  void copy_columns(const float* a, std::int64_t depth, std::int64_t count, std::int64_t width, float* copies) const {
    constexpr std::int64_t ahead = 8;
    for (std::int64_t k = 0; k < depth; k++) {
      const float* const row = a + k * shape_.rows;
      if (k + ahead < depth) {
        for (std::int64_t column = 0; column < count; column += kLine) __builtin_prefetch(row + ahead * shape_.rows + column);
      }
      std::memcpy(copies + k * width, row, static_cast<std::size_t>(count) * sizeof(float));
    }
  }

  /** A task for the depth [begin, end). */
  void multiply(const float* a, const Factor& b, float* c, std::int64_t begin, std::int64_t end, const Shares::Task& task, const ResultChain* chain) const {
    const std::int64_t width = (ceiling(task.rows, kLine) + 1) * kLine;
    const std::size_t pointer_bytes = static_cast<std::size_t>(ceiling(task.rows, 8) * 8) * sizeof(float*);
    const std::size_t copy_bytes = shape_.transpose_a ? static_cast<std::size_t>(width * at_once_ * kFloat) : 0;
    char* const memory = static_cast<char*>(thread_memory(pointer_bytes + copy_bytes));
    const float** rows = reinterpret_cast<const float**>(memory);
    float* const copies = reinterpret_cast<float*>(memory + pointer_bytes);
    for (std::int64_t k = begin; k < end; k += at_once_) {
      const std::int64_t depth = std::min(at_once_, end - k);
      for (std::int64_t i = 0; i < task.rows; i++) {
        rows[i] = shape_.transpose_a ? copies + i : a + (task.first_row + i) * shape_.depth + k;
      }
      if (shape_.transpose_a) copy_columns(a + k * shape_.rows + task.first_row, depth, task.rows, width, copies);
      for (std::int64_t panel = task.first_panel; panel < task.last_panel; panel++) {
        const std::int64_t column = panels_.first_column(panel);
        PanelProduct product;
        product.rows = rows;
        product.row_count = task.rows;
        product.rows_are_new = !shape_.transpose_a && panel == task.first_panel && bytes_[exchanges_ ? 1 : 0] > kFarBytes;
        product.depth = depth;
        product.step = shape_.transpose_a ? width : 1;
        product.panel = b.values + (b.is_packed ? panels_.place(panel, k) : k * shape_.columns + column);
        product.panel_step = b.is_packed ? panels_.padded_columns(panel) : shape_.columns;
        product.last = task.rows;
        product.columns = panels_.columns(panel);
        product.result = c + task.first_row * shape_.columns + column;
        product.result_step = product.place_step = shape_.columns;
        product.accumulates = k > begin;
        product.chain = k + depth == end ? chain : nullptr;
        product.column = column;
        product.place = task.first_row * shape_.columns;
        product_table().multiply(product);
      }
    }
  }

  ProductShape shape_;
  PostOperations post_;
  bool exchanges_;
  Panels panels_;
  std::int64_t parts_, depth_, at_once_;
  Shares shares_;
  Packing packing_;
  mutable KeptCopies packed_;
};

}  // namespace

bool suits_product(const ProductShape& s) { return s.rows >= 6 && s.columns >= 8 && s.depth >= 8; }

KernelPointer product(const ProductShape& shape, const PostOperations& post, bool exchanges) { return std::make_shared<MatrixProduct>(shape, post, exchanges); }

}  // namespace sconce
