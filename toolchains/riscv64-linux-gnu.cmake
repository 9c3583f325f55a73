# 64-bit RISC-V: needs g++-riscv64-linux-gnu, and qemu-user-static to run the tests.
set(holdfast_triple riscv64-linux-gnu)
set(holdfast_processor riscv64)
set(holdfast_emulator qemu-riscv64-static)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
