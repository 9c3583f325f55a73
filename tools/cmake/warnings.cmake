# The warnings holdfast itself is written under. Only targets of this build link them, always privately:
# whoever uses the library keeps the flags of their own choosing.
#
# Whether a warning is an error is left to CMAKE_COMPILE_WARNING_AS_ERROR, which the presets switch on. A
# distributor with a newer compiler builds without presets, or configures with --compile-no-warning-as-error.
#
# -Wrestrict of GCC 12 sees overlaps in std::string's own code that are not there (GCC bug 105651).
add_library(holdfast_warnings INTERFACE)
target_compile_options(
  holdfast_warnings
  INTERFACE
    -Wall -Wextra -Wshadow -Wconversion $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wthread-safety>
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
