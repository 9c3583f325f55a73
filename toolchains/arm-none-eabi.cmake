# Bare metal on a Cortex-M: needs gcc-arm-none-eabi, libnewlib-arm-none-eabi and libstdc++-arm-none-eabi-newlib, and
# qemu-system-arm to run the tests (tools/setup --firmware).
#
# HOLDFAST_CPU is cortex-m7 (with its floating-point unit) or cortex-m3. HOLDFAST_SYSROOT names a folder with the
# header-only packages, as debian-cross.cmake says; by default the one that tools/sysroot makes. Programs link a board (examples/firmware/board), which brings the
# start-up code and the linker script.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
# Without a board nothing can be linked.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

if(NOT HOLDFAST_CPU)
  set(HOLDFAST_CPU "$ENV{HOLDFAST_CPU}")
endif()
if(NOT HOLDFAST_SYSROOT)
  set(HOLDFAST_SYSROOT "$ENV{HOLDFAST_SYSROOT}")
endif()
if(NOT HOLDFAST_SYSROOT)
  # Where tools/sysroot puts one; only its header-only packages are used.
  set(HOLDFAST_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/arm-none-eabi")
endif()
# The compiler checks read this file again in projects of their own, which know only these variables.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HOLDFAST_CPU HOLDFAST_SYSROOT)

if(HOLDFAST_CPU STREQUAL "cortex-m7")
  set(_flags "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16")
elseif(HOLDFAST_CPU STREQUAL "cortex-m3")
  set(_flags "-mcpu=cortex-m3 -mthumb -mfloat-abi=soft")
else()
  message(FATAL_ERROR "HOLDFAST_CPU is '${HOLDFAST_CPU}'; it must be cortex-m7 or cortex-m3.")
endif()
set(CMAKE_SYSTEM_PROCESSOR ${HOLDFAST_CPU})
set(_flags "${_flags} -ffunction-sections -fdata-sections")
set(CMAKE_C_FLAGS_INIT "${_flags}")
# -Wno-psabi silences notes about a calling convention that changed before any compiler that knows C++20.
set(CMAKE_CXX_FLAGS_INIT "${_flags} -Wno-psabi")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--gc-sections")

set(CMAKE_FIND_ROOT_PATH ${HOLDFAST_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# Not BOTH, even for header-only packages: the host's would put its /usr/include, with the host's C library,
# in front of the target's.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/qemu-mps2" ${HOLDFAST_CPU})
