# Any other cross compiler for Linux, as the environment names it: OpenWrt's, Buildroot's, crosstool-NG's, one for musl.
#   CROSS_COMPILE       what its programs' names begin with, path included: /opt/sdk/bin/aarch64-openwrt-linux-musl-
#   SYSROOT             the target's root folder, where the compiler does not know it by itself
#   HOLDFAST_SYSROOT    a folder with SQLite, SQLiteCpp and the header-only packages, where they are not in there
#   HOLDFAST_EMULATOR   what runs the target's programs, with its arguments, separated by semicolons
# An SDK that brings a toolchain file of its own, as those of Yocto and Buildroot do, needs none of ours.

set(_cross "$ENV{CROSS_COMPILE}")
if(_cross STREQUAL "")
  message(FATAL_ERROR "CROSS_COMPILE is not set: it is what the names of the cross compiler's programs begin with, "
                      "such as /opt/sdk/bin/aarch64-openwrt-linux-musl-")
endif()
find_program(HOLDFAST_CROSS_GCC "${_cross}gcc" NO_CACHE NO_CMAKE_FIND_ROOT_PATH)
if(NOT HOLDFAST_CROSS_GCC)
  message(FATAL_ERROR "There is no ${_cross}gcc: CROSS_COMPILE should end as in .../bin/aarch64-linux-gnu-")
endif()
execute_process(COMMAND "${HOLDFAST_CROSS_GCC}" -dumpmachine OUTPUT_VARIABLE _machine OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX MATCH "^[^-]+" _processor "${_machine}")

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${_processor})
set(CMAKE_C_COMPILER "${_cross}gcc")
set(CMAKE_CXX_COMPILER "${_cross}g++")
if(NOT "$ENV{SYSROOT}" STREQUAL "")
  set(CMAKE_SYSROOT "$ENV{SYSROOT}")
endif()
if(NOT HOLDFAST_SYSROOT)
  set(HOLDFAST_SYSROOT "$ENV{HOLDFAST_SYSROOT}")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HOLDFAST_SYSROOT)

set(CMAKE_FIND_ROOT_PATH ${HOLDFAST_SYSROOT} ${CMAKE_SYSROOT})
if(NOT CMAKE_FIND_ROOT_PATH)
  # The compiler's own: nothing of the host's may be found.
  execute_process(COMMAND "${HOLDFAST_CROSS_GCC}" -print-sysroot OUTPUT_VARIABLE CMAKE_FIND_ROOT_PATH
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
if(NOT "$ENV{HOLDFAST_EMULATOR}" STREQUAL "")
  set(CMAKE_CROSSCOMPILING_EMULATOR $ENV{HOLDFAST_EMULATOR})
endif()
