#include "plain_product.h"

#include "panels.h"

namespace sconce {

void multiply(const PlainProduct& p) {
  constexpr std::int64_t most_rows = 96;
  const std::int64_t width = product_table().panel_width;
  for (std::int64_t row = 0; row < p.rows; row += most_rows) {
    const std::int64_t count = std::min(most_rows, p.rows - row);
    const float* rows[most_rows];
    for (std::int64_t i = 0; i < count; i++) rows[i] = p.a + (row + i) * p.a_row;
    for (std::int64_t column = 0; column < p.columns; column += width) {
      PanelProduct product;
      product.rows = rows;
      product.row_count = product.last = count;
      product.depth = p.depth;
      product.step = p.a_step;
      product.panel = p.b + column;
      product.panel_step = p.b_step;
      product.columns = std::min(width, p.columns - column);
      product.result = p.c + row * p.c_row + column;
      product.result_step = p.c_row;
      product.accumulates = p.accumulates;
      product_table().multiply(product);
    }
  }
}

}  // namespace sconce
