// Files whose names end in blocks.cc are compiled once per instruction set, each time into the namespace SCONCE_ISA
// (see build-addon.mjs). SCONCE_DISPATCH makes the function that picks the best of them for this processor.
#pragma once

namespace sconce {

#if defined(__x86_64__)

enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

inline InstructionSet instruction_set() {
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (wide) return InstructionSet::kAvx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? InstructionSet::kAvx2 : InstructionSet::kBaseline;
}

/** Whether oneDNN multiplies bfloat16 numbers with instructions made for it here. */
inline bool has_bfloat16() { return instruction_set() == InstructionSet::kAvx512 && __builtin_cpu_supports("avx512bf16"); }

/** Defines `const Table& name()` from the functions of that name in the namespaces of the instruction sets. */
#define SCONCE_DISPATCH(Table, name)                                                                   \
  namespace avx512 { const Table& name(); }                                                            \
  namespace avx2 { const Table& name(); }                                                              \
  namespace baseline { const Table& name(); }                                                          \
  const Table& name() {                                                                                \
    static const InstructionSet set = instruction_set();                                               \
    return set == InstructionSet::kAvx512 ? avx512::name() : set == InstructionSet::kAvx2 ? avx2::name() : baseline::name(); \
  }

#else

inline bool has_bfloat16() { return false; }

/** On arm64 every processor has NEON, which is the compiler's baseline. */
#define SCONCE_DISPATCH(Table, name)          \
  namespace baseline { const Table& name(); } \
  const Table& name() { return baseline::name(); }

#endif

}  // namespace sconce
