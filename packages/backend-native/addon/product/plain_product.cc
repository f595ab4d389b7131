#include "plain_product.h"

#include "panels.h"

namespace sconce {

void multiply(const PlainProduct& p) {
  const std::int64_t width = product_table().panel_width;
  for (std::int64_t column = 0; column < p.columns; column += width) {
    PanelProduct product;
    product.rows = &p.a;
    product.row_count = 1;
    product.row_apart = p.a_row;
    product.last = p.rows;
    product.depth = p.depth;
    product.step = p.a_step;
    product.panel = p.b + column;
    product.panel_step = p.b_step;
    product.columns = std::min(width, p.columns - column);
    product.result = p.c + column;
    product.result_step = p.c_row;
    product.accumulates = p.accumulates;
    product_table().multiply_lines(product);
  }
}

}  // namespace sconce
