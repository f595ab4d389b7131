// Compiled once per instruction set, with SCONCE_ISA naming the namespace; dispatch.cc chooses. Plain loops: the
// compiler turns them into vector code.
#include "blocks.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "../vectors.h"
#include "functions.h"
#include "half.h"
#include "power.h"
#include "trigonometry.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint32_t;

/** A block operator of one operand from a function of one element. */
template <class T, class F>
void unary(void* out, const void* a, const void*, const void*, int64_t n, int uniform) {
  const T* from = static_cast<const T*>(a);
  T* to = static_cast<T*>(out);
  if (uniform & 1) {
    const T value = F()(*from);
    for (int64_t i = 0; i < n; i++) to[i] = value;
    return;
  }
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) to[i] = F()(from[i]);
}

/** A block operator of two operands. */
template <class Result, class T, class F>
void binary(void* out, const void* a, const void* b, const void*, int64_t n, int uniform) {
  const T* left = static_cast<const T*>(a);
  const T* right = static_cast<const T*>(b);
  Result* to = static_cast<Result*>(out);
  if ((uniform & 3) == 3) {
    const Result value = F()(*left, *right);
    for (int64_t i = 0; i < n; i++) to[i] = value;
  } else if (uniform & 1) {
    const T l = *left;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) to[i] = F()(l, right[i]);
  } else if (uniform & 2) {
    const T r = *right;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) to[i] = F()(left[i], r);
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) to[i] = F()(left[i], right[i]);
  }
}

template <class T>
void where(void* out, const void* condition, const void* a, const void* b, int64_t n, int uniform) {
  const int32_t* test = static_cast<const int32_t*>(condition);
  const T* yes = static_cast<const T*>(a);
  const T* no = static_cast<const T*>(b);
  T* to = static_cast<T*>(out);
  if (uniform & 1) {
    const T* from = *test ? yes : no;
    const bool single = uniform & (*test ? 2 : 4);
    if (single) {
      const T value = *from;
      for (int64_t i = 0; i < n; i++) to[i] = value;
    } else if (from != to) {
      std::memmove(to, from, static_cast<std::size_t>(n) * sizeof(T));
    }
    return;
  }
  const T y0 = *yes;
  const T n0 = *no;
  switch (uniform & 6) {
    case 6:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) to[i] = test[i] ? y0 : n0;
      break;
    case 2:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) {
        const T other = no[i];
        to[i] = test[i] ? y0 : other;
      }
      break;
    case 4:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) {
        const T value = yes[i];
        to[i] = test[i] ? value : n0;
      }
      break;
    default:
#pragma GCC ivdep
      for (int64_t i = 0; i < n; i++) {
        const T value = yes[i];
        const T other = no[i];
        to[i] = test[i] ? value : other;
      }
  }
}

// ---- functions of one element -------------------------------------------------------------------------------------

struct Negate { template <class T> T operator()(T a) const { return static_cast<T>(-a); } };
struct NegateInteger { int32_t operator()(int32_t a) const { return static_cast<int32_t>(0u - static_cast<uint32_t>(a)); } };
struct NegateByte { int32_t operator()(int32_t a) const { return (0 - a) & 255; } };
struct AbsoluteFloat { template <class T> T operator()(T a) const { return std::fabs(a); } };
struct AbsoluteInteger { int32_t operator()(int32_t a) const { return a < 0 ? NegateInteger()(a) : a; } };
struct Same { template <class T> T operator()(T a) const { return a; } };
struct SignFloat { template <class T> T operator()(T a) const { return a > 0 ? T(1) : a < 0 ? T(-1) : a; } };
struct SignInteger { int32_t operator()(int32_t a) const { return (a > 0) - (a < 0); } };
struct SignUnsigned { int32_t operator()(int32_t a) const { return a != 0; } };
struct Floor { template <class T> T operator()(T a) const { return std::floor(a); } };
struct Ceil { template <class T> T operator()(T a) const { return std::ceil(a); } };
struct Round { template <class T> T operator()(T a) const { return std::nearbyint(a); } };
struct Sqrt { template <class T> T operator()(T a) const { return std::sqrt(a); } };
struct Exp { float operator()(float a) const { return exp_float(a); } double operator()(double a) const { return std::exp(a); } };
struct Expm1 { float operator()(float a) const { return expm1_float(a); } double operator()(double a) const { return std::expm1(a); } };
struct Log { float operator()(float a) const { return log_float(a); } double operator()(double a) const { return std::log(a); } };
struct Log1p { float operator()(float a) const { return log1p_float(a); } double operator()(double a) const { return std::log1p(a); } };
struct Tanh { float operator()(float a) const { return tanh_float(a); } double operator()(double a) const { return std::tanh(a); } };
struct Erf { float operator()(float a) const { return erf_float(a); } double operator()(double a) const { return std::erf(a); } };
struct SinDouble { double operator()(double a) const { return std::sin(a); } };
struct CosDouble { double operator()(double a) const { return std::cos(a); } };
struct TanDouble { double operator()(double a) const { return std::tan(a); } };
struct Not { int32_t operator()(int32_t a) const { return a == 0; } };

// ---- functions of two elements ------------------------------------------------------------------------------------

uint32_t u(int32_t a) { return static_cast<uint32_t>(a); }

struct Subtract { template <class T> T operator()(T a, T b) const { return a - b; } };
struct Divide { template <class T> T operator()(T a, T b) const { return a / b; } };
struct AddInteger { int32_t operator()(int32_t a, int32_t b) const { return static_cast<int32_t>(u(a) + u(b)); } };
struct SubtractInteger { int32_t operator()(int32_t a, int32_t b) const { return static_cast<int32_t>(u(a) - u(b)); } };
struct MultiplyInteger { int32_t operator()(int32_t a, int32_t b) const { return static_cast<int32_t>(u(a) * u(b)); } };
template <class F> struct Byte { int32_t operator()(int32_t a, int32_t b) const { return F()(a, b) & 255; } };
// In double: the rounded quotient of two floats may reach a whole number that the true one does not.
struct FloorDivide { template <class T> T operator()(T a, T b) const { return static_cast<T>(std::floor(static_cast<double>(a) / static_cast<double>(b))); } };
struct FloorDivideInteger {
  int32_t operator()(int32_t a, int32_t b) const {
    if (b == 0) return 0;
    if (b == -1) return NegateInteger()(a);
    const int32_t quotient = a / b;
    return quotient - ((a % b != 0) && ((a < 0) != (b < 0)));
  }
};
struct FloorDivideUnsigned { int32_t operator()(int32_t a, int32_t b) const { return b == 0 ? 0 : static_cast<int32_t>(u(a) / u(b)); } };
struct Remainder {
  template <class T> T operator()(T a, T b) const {
    if (std::isinf(b)) {
      if (!std::isfinite(a)) return std::numeric_limits<T>::quiet_NaN();
      return a == 0 || (a > 0) == (b > 0) ? a : b;
    }
    const double x = static_cast<double>(a);
    const double y = static_cast<double>(b);
    return static_cast<T>(x - std::floor(x / y) * y);
  }
};
struct RemainderInteger {
  int32_t operator()(int32_t a, int32_t b) const {
    if (b == 0 || b == -1) return 0;
    const int32_t rest = a % b;
    return rest != 0 && ((rest < 0) != (b < 0)) ? rest + b : rest;
  }
};
struct RemainderUnsigned { int32_t operator()(int32_t a, int32_t b) const { return b == 0 ? 0 : static_cast<int32_t>(u(a) % u(b)); } };
// IEEE 754's pow already gives 1 for a base of 1 and for -1 to an infinite power.
struct Power {
  float operator()(float a, float b) const { return power_float(a, b); }
  double operator()(double a, double b) const { return std::pow(a, b); }
};
struct MaximumInteger { int32_t operator()(int32_t a, int32_t b) const { return a > b ? a : b; } };
struct MinimumInteger { int32_t operator()(int32_t a, int32_t b) const { return a < b ? a : b; } };
struct MaximumUnsigned { int32_t operator()(int32_t a, int32_t b) const { return u(a) > u(b) ? a : b; } };
struct MinimumUnsigned { int32_t operator()(int32_t a, int32_t b) const { return u(a) < u(b) ? a : b; } };
struct And { int32_t operator()(int32_t a, int32_t b) const { return a & b; } };
struct Or { int32_t operator()(int32_t a, int32_t b) const { return a | b; } };
struct Xor { int32_t operator()(int32_t a, int32_t b) const { return a ^ b; } };
struct ShiftLeft { int32_t operator()(int32_t a, int32_t b) const { return static_cast<int32_t>(u(a) << (b & 31)); } };
struct ShiftRight { int32_t operator()(int32_t a, int32_t b) const { return a >> (b & 31); } };
struct ShiftRightUnsigned { int32_t operator()(int32_t a, int32_t b) const { return static_cast<int32_t>(u(a) >> (b & 31)); } };
struct Equal { template <class T> int32_t operator()(T a, T b) const { return a == b; } };
struct NotEqual { template <class T> int32_t operator()(T a, T b) const { return a != b; } };
struct Less { template <class T> int32_t operator()(T a, T b) const { return a < b; } };
struct LessEqual { template <class T> int32_t operator()(T a, T b) const { return a <= b; } };
struct Greater { template <class T> int32_t operator()(T a, T b) const { return a > b; } };
struct GreaterEqual { template <class T> int32_t operator()(T a, T b) const { return a >= b; } };
template <class F> struct Unsigned { int32_t operator()(int32_t a, int32_t b) const { return F()(u(a), u(b)); } };

// ---- casts --------------------------------------------------------------------------------------------------------

template <class To, class From>
To convert(From value, DType from, DType to) {
  if (to == DType::kBool) return static_cast<To>(value != 0);
  if constexpr (std::is_floating_point_v<From> && !std::is_floating_point_v<To>) {
    // Outside the range the result is unspecified, but the conversion itself must be defined.
    const double whole = static_cast<double>(value);
    if (!(whole > -2147483649.0 && whole < 4294967296.0)) return 0;
    return static_cast<To>(static_cast<int64_t>(whole));
  } else if constexpr (std::is_floating_point_v<To> && !std::is_floating_point_v<From>) {
    return from == DType::kUint32 ? static_cast<To>(static_cast<uint32_t>(value)) : static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

template <class To, class From, DType kFrom, DType kTo>
void cast(void* out, const void* a, const void*, const void*, int64_t n, int uniform) {
  const From* from = static_cast<const From*>(a);
  To* to = static_cast<To*>(out);
  const bool single = uniform & 1;
  for (int64_t i = 0; i < n; i++) {
    To value = convert<To, From>(from[single ? 0 : i], kFrom, kTo);
    if constexpr (kTo == DType::kUint8) value = static_cast<To>(static_cast<int32_t>(value) & 255);
    if constexpr (kTo == DType::kFloat16) value = static_cast<To>(half_to_float(float_to_half(static_cast<float>(value))));
    to[i] = value;
  }
}

// ---- reductions ---------------------------------------------------------------------------------------------------

/** As many groups of vectors as there are from column `i` on; they stay in registers through all rows. The result is where they end. */
template <int kVectors, class T, class F>
int64_t combine_vectors(T* to, const T* from, int64_t rows, int64_t n, int64_t i) {
  using Vector = typename VectorOf<T>::Type;
  constexpr int64_t lanes = VectorOf<T>::kLanes;
  for (; i + kVectors * lanes <= n; i += kVectors * lanes) {
    Vector* place = reinterpret_cast<Vector*>(to + i);
    Vector running[kVectors];
    for (int v = 0; v < kVectors; v++) running[v] = place[v];
    for (int64_t row = 0; row < rows; row++) {
      const Vector* next = reinterpret_cast<const Vector*>(from + row * n + i);
      for (int v = 0; v < kVectors; v++) running[v] = F()(running[v], next[v]);
    }
    for (int v = 0; v < kVectors; v++) place[v] = running[v];
  }
  return i;
}

template <class T, class F>
void combine(void* into, const void* values, int64_t rows, int64_t n) {
  T* to = static_cast<T*>(into);
  const T* from = static_cast<const T*>(values);
  int64_t i = 0;
  if constexpr (std::is_floating_point_v<T>) {
    i = combine_vectors<4, T, F>(to, from, rows, n, i);
    i = combine_vectors<1, T, F>(to, from, rows, n, i);
  }
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t j = i; j < n; j++) to[j] = F()(to[j], from[row * n + j]);
  }
}

// ---- loads and stores ---------------------------------------------------------------------------------------------

template <class To, class From>
void load(void* out, const void* from, int64_t stride, int64_t n) {
  To* to = static_cast<To*>(out);
  const From* source = static_cast<const From*>(from);
  if (stride == 1) {
    for (int64_t i = 0; i < n; i++) to[i] = static_cast<To>(source[i]);
  } else if (stride == 0) {
    const To value = static_cast<To>(*source);
    for (int64_t i = 0; i < n; i++) to[i] = value;
  } else {
    for (int64_t i = 0; i < n; i++) to[i] = static_cast<To>(source[i * stride]);
  }
}

void load_half(void* out, const void* from, int64_t stride, int64_t n) {
  float* to = static_cast<float*>(out);
  const std::uint16_t* source = static_cast<const std::uint16_t*>(from);
  for (int64_t i = 0; i < n; i++) to[i] = half_to_float(source[i * stride]);
}

template <class To, class From>
void store(void* to, const void* values, int64_t n) {
  To* target = static_cast<To*>(to);
  const From* from = static_cast<const From*>(values);
  for (int64_t i = 0; i < n; i++) target[i] = static_cast<To>(from[i]);
}

/** Stores 4-byte elements past the caches, where `to` is aligned as vectors are; so their lines are not read first. */
void stream(void* to, const void* values, int64_t n) {
  char* target = static_cast<char*>(to);
  const char* from = static_cast<const char*>(values);
  int64_t bytes = n * 4;
#if defined(__SSE2__)
  if (reinterpret_cast<std::uintptr_t>(target) % kVectorBytes == 0) {
    for (; bytes >= kVectorBytes; bytes -= kVectorBytes, target += kVectorBytes, from += kVectorBytes) {
#if defined(__AVX512F__)
      _mm512_stream_si512(reinterpret_cast<__m512i*>(target), _mm512_loadu_si512(from));
#elif defined(__AVX__)
      _mm256_stream_si256(reinterpret_cast<__m256i*>(target), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#else
      _mm_stream_si128(reinterpret_cast<__m128i*>(target), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#endif
    }
  }
#endif
  std::memcpy(target, from, static_cast<std::size_t>(bytes));
}

void store_half(void* to, const void* values, int64_t n) {
  std::uint16_t* target = static_cast<std::uint16_t*>(to);
  const float* from = static_cast<const float*>(values);
  for (int64_t i = 0; i < n; i++) target[i] = float_to_half(from[i]);
}

// ---- the table ----------------------------------------------------------------------------------------------------

constexpr int index(DType dtype) { return static_cast<int>(dtype); }
constexpr int index(Operator op) { return static_cast<int>(op); }
constexpr int index(Combine combine) { return static_cast<int>(combine); }

template <DType kFrom>
void fill_casts_from(BlockTable& table) {
  using From = std::conditional_t<kFrom == DType::kFloat64, double, std::conditional_t<(kFrom == DType::kFloat32 || kFrom == DType::kFloat16), float, int32_t>>;
  auto& row = table.casts[index(kFrom)];
  row[index(DType::kBool)] = cast<int32_t, From, kFrom, DType::kBool>;
  row[index(DType::kUint8)] = cast<int32_t, From, kFrom, DType::kUint8>;
  row[index(DType::kInt32)] = cast<int32_t, From, kFrom, DType::kInt32>;
  row[index(DType::kUint32)] = cast<int32_t, From, kFrom, DType::kUint32>;
  row[index(DType::kFloat16)] = cast<float, From, kFrom, DType::kFloat16>;
  row[index(DType::kFloat32)] = cast<float, From, kFrom, DType::kFloat32>;
  row[index(DType::kFloat64)] = cast<double, From, kFrom, DType::kFloat64>;
}

template <class T>
void fill_float(BlockTable& table, DType dtype) {
  const auto set = [&](Operator op, BlockOperator function) { table.operators[index(op)][index(dtype)] = function; };
  set(Operator::kNegate, unary<T, Negate>);
  set(Operator::kAbsolute, unary<T, AbsoluteFloat>);
  set(Operator::kSign, unary<T, SignFloat>);
  set(Operator::kFloor, unary<T, Floor>);
  set(Operator::kCeil, unary<T, Ceil>);
  set(Operator::kRound, unary<T, Round>);
  set(Operator::kSqrt, unary<T, Sqrt>);
  set(Operator::kExp, unary<T, Exp>);
  set(Operator::kExpm1, unary<T, Expm1>);
  set(Operator::kLog, unary<T, Log>);
  set(Operator::kLog1p, unary<T, Log1p>);
  set(Operator::kTanh, unary<T, Tanh>);
  set(Operator::kErf, unary<T, Erf>);
  if constexpr (std::is_same_v<T, double>) {
    set(Operator::kSin, unary<T, SinDouble>);
    set(Operator::kCos, unary<T, CosDouble>);
    set(Operator::kTan, unary<T, TanDouble>);
  } else {
    set(Operator::kSin, trigonometric_block<Sine>);
    set(Operator::kCos, trigonometric_block<Cosine>);
    set(Operator::kTan, trigonometric_block<Tangent>);
  }
  set(Operator::kAdd, binary<T, T, Add>);
  set(Operator::kSubtract, binary<T, T, Subtract>);
  set(Operator::kMultiply, binary<T, T, Multiply>);
  set(Operator::kDivide, binary<T, T, Divide>);
  set(Operator::kFloorDivide, binary<T, T, FloorDivide>);
  set(Operator::kRemainder, binary<T, T, Remainder>);
  set(Operator::kPower, binary<T, T, Power>);
  set(Operator::kMaximum, binary<T, T, MaximumFloat>);
  set(Operator::kMinimum, binary<T, T, MinimumFloat>);
  set(Operator::kEqual, binary<int32_t, T, Equal>);
  set(Operator::kNotEqual, binary<int32_t, T, NotEqual>);
  set(Operator::kLess, binary<int32_t, T, Less>);
  set(Operator::kLessEqual, binary<int32_t, T, LessEqual>);
  set(Operator::kGreater, binary<int32_t, T, Greater>);
  set(Operator::kGreaterEqual, binary<int32_t, T, GreaterEqual>);
  set(Operator::kWhere, where<T>);
  const int at = index(dtype);
  table.combines[index(Combine::kSum)][at] = combine<T, Add>;
  table.combines[index(Combine::kProduct)][at] = combine<T, Multiply>;
  table.combines[index(Combine::kMax)][at] = combine<T, MaximumFloat>;
  table.combines[index(Combine::kMin)][at] = combine<T, MinimumFloat>;
  table.reductions[index(Combine::kSum)][at] = reduce<T, Add>;
  table.reductions[index(Combine::kProduct)][at] = reduce<T, Multiply>;
  table.reductions[index(Combine::kMax)][at] = reduce<T, MaximumFloat>;
  table.reductions[index(Combine::kMin)][at] = reduce<T, MinimumFloat>;
}

/** int32, uint32, uint8 and bool, whose arithmetic differs in sign and width. */
void fill_integer(BlockTable& table, DType dtype) {
  const auto set = [&](Operator op, BlockOperator function) { table.operators[index(op)][index(dtype)] = function; };
  const bool is_signed = dtype == DType::kInt32;
  const bool is_byte = dtype == DType::kUint8 || dtype == DType::kBool;
  using I = int32_t;
  set(Operator::kNegate, is_byte ? unary<I, NegateByte> : unary<I, NegateInteger>);
  set(Operator::kAbsolute, is_signed ? unary<I, AbsoluteInteger> : unary<I, Same>);
  set(Operator::kSign, is_signed ? unary<I, SignInteger> : unary<I, SignUnsigned>);
  set(Operator::kNot, unary<I, Not>);
  set(Operator::kAdd, is_byte ? binary<I, I, Byte<AddInteger>> : binary<I, I, AddInteger>);
  set(Operator::kSubtract, is_byte ? binary<I, I, Byte<SubtractInteger>> : binary<I, I, SubtractInteger>);
  set(Operator::kMultiply, is_byte ? binary<I, I, Byte<MultiplyInteger>> : binary<I, I, MultiplyInteger>);
  set(Operator::kFloorDivide, is_signed ? binary<I, I, FloorDivideInteger> : binary<I, I, FloorDivideUnsigned>);
  set(Operator::kRemainder, is_signed ? binary<I, I, RemainderInteger> : binary<I, I, RemainderUnsigned>);
  set(Operator::kMaximum, is_signed ? binary<I, I, MaximumInteger> : binary<I, I, MaximumUnsigned>);
  set(Operator::kMinimum, is_signed ? binary<I, I, MinimumInteger> : binary<I, I, MinimumUnsigned>);
  set(Operator::kAnd, binary<I, I, And>);
  set(Operator::kOr, binary<I, I, Or>);
  set(Operator::kBitwiseAnd, binary<I, I, And>);
  set(Operator::kBitwiseOr, binary<I, I, Or>);
  set(Operator::kBitwiseXor, binary<I, I, Xor>);
  set(Operator::kShiftLeft, is_byte ? binary<I, I, Byte<ShiftLeft>> : binary<I, I, ShiftLeft>);
  set(Operator::kShiftRight, is_signed ? binary<I, I, ShiftRight> : binary<I, I, ShiftRightUnsigned>);
  set(Operator::kEqual, binary<I, I, Equal>);
  set(Operator::kNotEqual, binary<I, I, NotEqual>);
  set(Operator::kLess, is_signed ? binary<I, I, Less> : binary<I, I, Unsigned<Less>>);
  set(Operator::kLessEqual, is_signed ? binary<I, I, LessEqual> : binary<I, I, Unsigned<LessEqual>>);
  set(Operator::kGreater, is_signed ? binary<I, I, Greater> : binary<I, I, Unsigned<Greater>>);
  set(Operator::kGreaterEqual, is_signed ? binary<I, I, GreaterEqual> : binary<I, I, Unsigned<GreaterEqual>>);
  set(Operator::kWhere, where<I>);
  const int at = index(dtype);
  table.combines[index(Combine::kSum)][at] = is_byte ? combine<I, Byte<AddInteger>> : combine<I, AddInteger>;
  table.combines[index(Combine::kProduct)][at] = is_byte ? combine<I, Byte<MultiplyInteger>> : combine<I, MultiplyInteger>;
  table.combines[index(Combine::kMax)][at] = is_signed ? combine<I, MaximumInteger> : combine<I, MaximumUnsigned>;
  table.combines[index(Combine::kMin)][at] = is_signed ? combine<I, MinimumInteger> : combine<I, MinimumUnsigned>;
  table.reductions[index(Combine::kSum)][at] = is_byte ? reduce<I, Byte<AddInteger>> : reduce<I, AddInteger>;
  table.reductions[index(Combine::kProduct)][at] = is_byte ? reduce<I, Byte<MultiplyInteger>> : reduce<I, MultiplyInteger>;
  table.reductions[index(Combine::kMax)][at] = is_signed ? reduce<I, MaximumInteger> : reduce<I, MaximumUnsigned>;
  table.reductions[index(Combine::kMin)][at] = is_signed ? reduce<I, MinimumInteger> : reduce<I, MinimumUnsigned>;
}

BlockTable make_table() {
  BlockTable table{};
  fill_float<float>(table, DType::kFloat16);
  fill_float<float>(table, DType::kFloat32);
  fill_float<double>(table, DType::kFloat64);
  for (const DType dtype : {DType::kBool, DType::kUint8, DType::kInt32, DType::kUint32}) fill_integer(table, dtype);
  fill_casts_from<DType::kBool>(table);
  fill_casts_from<DType::kUint8>(table);
  fill_casts_from<DType::kInt32>(table);
  fill_casts_from<DType::kUint32>(table);
  fill_casts_from<DType::kFloat16>(table);
  fill_casts_from<DType::kFloat32>(table);
  fill_casts_from<DType::kFloat64>(table);
  table.loads[index(DType::kBool)] = load<int32_t, std::uint8_t>;
  table.loads[index(DType::kUint8)] = load<int32_t, std::uint8_t>;
  table.loads[index(DType::kInt32)] = load<int32_t, int32_t>;
  table.loads[index(DType::kUint32)] = load<int32_t, int32_t>;
  table.loads[index(DType::kFloat16)] = load_half;
  table.loads[index(DType::kFloat32)] = load<float, float>;
  table.loads[index(DType::kFloat64)] = load<double, double>;
  table.stream = stream;
  table.stores[index(DType::kBool)] = store<std::uint8_t, int32_t>;
  table.stores[index(DType::kUint8)] = store<std::uint8_t, int32_t>;
  table.stores[index(DType::kInt32)] = store<int32_t, int32_t>;
  table.stores[index(DType::kUint32)] = store<int32_t, int32_t>;
  table.stores[index(DType::kFloat16)] = store_half;
  table.stores[index(DType::kFloat32)] = store<float, float>;
  table.stores[index(DType::kFloat64)] = store<double, double>;
  return table;
}

}  // namespace

const BlockTable& block_table() {
  static const BlockTable made = make_table();
  return made;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
