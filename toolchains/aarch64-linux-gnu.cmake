# 64-bit ARM: needs g++-aarch64-linux-gnu, and qemu-user-static to run the tests.
set(holdfast_triple aarch64-linux-gnu)
set(holdfast_processor aarch64)
set(holdfast_emulator qemu-aarch64-static)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
