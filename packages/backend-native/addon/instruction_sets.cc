#include "instruction_sets.h"

#include <cstdlib>
#include <string>

#include "dnnl/engine.h"
#include "kernel.h"

namespace sconce {
namespace {

constexpr InstructionSet kAll[] = {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512};

InstructionSet best() {
#if defined(__x86_64__)
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (wide) return InstructionSet::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return InstructionSet::kAvx2;
#endif
  return InstructionSet::kBaseline;
}

InstructionSet choose() {
  const char* wanted = std::getenv("SCONCE_NATIVE_INSTRUCTIONS");
  if (wanted == nullptr || *wanted == '\0') return best();
  for (const InstructionSet set : kAll) {
    if (wanted != std::string(name_of(set))) continue;
    if (set > best()) throw ArgumentError("native: SCONCE_NATIVE_INSTRUCTIONS is " + std::string(wanted) + ", which this processor lacks; its best is " + name_of(best()) + ".");
    limit_instructions(set);
    return set;
  }
  throw ArgumentError("native: SCONCE_NATIVE_INSTRUCTIONS is " + std::string(wanted) + "; it can be baseline, avx2 or avx512, or be left out for the best that there is.");
}

}  // namespace

InstructionSet instruction_set() {
  static const InstructionSet chosen = choose();
  return chosen;
}

const char* name_of(InstructionSet set) { return set == InstructionSet::kAvx512 ? "avx512" : set == InstructionSet::kAvx2 ? "avx2" : "baseline"; }

bool has_bfloat16() {
#if defined(__x86_64__)
  return instruction_set() == InstructionSet::kAvx512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

}  // namespace sconce
