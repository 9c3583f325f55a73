# 32-bit ARM with a floating-point unit: needs g++-arm-linux-gnueabihf, and qemu-user-static to run the tests.
set(holdfast_triple arm-linux-gnueabihf)
set(holdfast_processor armv7l)
set(holdfast_emulator qemu-arm-static)

# Time and file sizes have 64 bits, or both end in 2038 and at 2 GiB. -Wno-psabi silences pages of notes about
# a calling convention that changed before any compiler that knows C++20.
set(_flags "-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64")
set(CMAKE_C_FLAGS_INIT "${_flags}")
set(CMAKE_CXX_FLAGS_INIT "${_flags} -Wno-psabi")
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
