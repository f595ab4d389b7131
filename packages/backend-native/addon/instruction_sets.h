// Files whose names end in blocks.cc are compiled once per instruction set, each time into the namespace SCONCE_ISA
// (see build-addon.mjs). SCONCE_DISPATCH makes the function that picks one of them: the best for this processor, or a
// lesser one that the environment asks for, by which the tests run them all.
#pragma once

namespace sconce {

/** From the least to the best. On arm64 every processor has NEON, which is the compiler's baseline. */
enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

/**
 * The one in use by this process: the best that the processor has, or what the environment variable
 * SCONCE_NATIVE_INSTRUCTIONS names when it is first asked for. Throws ArgumentError where the processor lacks that.
 */
InstructionSet instruction_set();

/** "baseline", "avx2" or "avx512". */
const char* name_of(InstructionSet set);

/** Whether oneDNN multiplies bfloat16 numbers with instructions made for it here. */
bool has_bfloat16();

#if defined(__x86_64__)

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

#define SCONCE_DISPATCH(Table, name)          \
  namespace baseline { const Table& name(); } \
  const Table& name() { return baseline::name(); }

#endif

}  // namespace sconce
