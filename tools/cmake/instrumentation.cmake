# Sanitizers and coverage are set for the whole directory tree and never on a target, so that they cannot
# end up in the exported package.
set(HOLDFAST_SANITIZE "" CACHE STRING "Sanitizer to build everything with: empty, address (with undefined) or thread")
set_property(CACHE HOLDFAST_SANITIZE PROPERTY STRINGS "" address thread)
option(HOLDFAST_COVERAGE "Build everything for gcov" OFF)
option(HOLDFAST_FUZZ "Build the programs that libFuzzer feeds, and no other test (Clang)" OFF)

# How much longer than in a plain build a test may take.
set(HOLDFAST_TEST_SLOWDOWN 1)
if(CMAKE_CROSSCOMPILING_EMULATOR)
  set(HOLDFAST_TEST_SLOWDOWN 10)
endif()

if(HOLDFAST_SANITIZE STREQUAL "address")
  set(flags -fsanitize=address,undefined -fno-sanitize-recover=all -DHOLDFAST_SANITIZE_ADDRESS)
elseif(HOLDFAST_SANITIZE STREQUAL "thread")
  set(flags -fsanitize=thread -DHOLDFAST_SANITIZE_THREAD)
elseif(NOT HOLDFAST_SANITIZE STREQUAL "")
  message(FATAL_ERROR "HOLDFAST_SANITIZE is '${HOLDFAST_SANITIZE}'; it must be empty, address or thread.")
endif()

if(HOLDFAST_SANITIZE)
  set(HOLDFAST_TEST_SLOWDOWN 5)
  add_compile_options(${flags} -fno-omit-frame-pointer)
  add_link_options(${flags})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC loses track of initialisation and of sizes in instrumented code and warns where nothing is wrong.
    add_compile_options(-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endif()

if(HOLDFAST_COVERAGE)
  # Atomic counters: threads would otherwise lose counts, and a lost count can go negative.
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

if(HOLDFAST_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
