#include "primitives.h"

#include <map>

#include "convolution/joined.h"
#include "dnnl/convolution.h"
#include "dnnl/matmul.h"
#include "images/convolution.h"
#include "indexing/take_add.h"
#include "kept/kept.h"
#include "moments/moments.h"
#include "movement/concatenate.h"
#include "movement/transpose.h"
#include "nest/nest_kernel.h"
#include "parts/parts.h"
#include "pooling/pooling.h"
#include "softmax/softmax.h"

namespace sconce {

namespace {

using Maker = KernelPointer (*)(Reader&);

KernelPointer make_nest(Reader& reader) { return nest_kernel(decode_nest(reader)); }
KernelPointer make_joined_nest(Reader& reader) { return nest_kernel(decode_joined_nest(reader)); }

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all = {
      {"averagePool", average_pool},
      {"averagePoolGradient", average_pool_gradient},
      {"concatenate", concatenate},
      {"convolution", convolution},
      {"convolutionInputGradient", convolution_input_gradient},
      {"convolutionWeightGradient", convolution_weight_gradient},
      {"imagesConvolution", images_convolution},
      {"imagesConvolutionInputGradient", images_convolution_input_gradient},
      {"imagesConvolutionWeightGradient", images_convolution_weight_gradient},
      {"hold", hold},
      {"joinedConvolutions", joined_convolutions},
      {"joinedNest", make_joined_nest},
      {"keptNest", kept_nest},
      {"logSoftmax", log_softmax},
      {"matmul", matmul},
      {"maxPool", max_pool},
      {"maxPoolGradient", max_pool_gradient},
      {"maxPoolSelect", max_pool_select},
      {"moments", moments},
      {"nest", make_nest},
      {"parts", parts},
      {"softmax", softmax},
      {"strips", strips},
      {"takeAdd", take_add},
      {"transpose", transpose},
  };
  return all;
}

}  // namespace

KernelPointer make_kernel(const std::string& name, Reader& description) {
  const auto maker = makers().find(name);
  return maker == makers().end() ? nullptr : maker->second(description);
}

}  // namespace sconce
