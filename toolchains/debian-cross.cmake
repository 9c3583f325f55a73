# What Debian's cross compilers have in common. A toolchain file sets holdfast_triple, holdfast_processor and
# holdfast_emulator, then includes this one.
#
# The cross compilers bring the target's C and C++ libraries along, but not SQLite, SQLiteCpp and the
# header-only packages. HOLDFAST_SYSROOT names a folder with these: the target's Debian packages unpacked, so
# that there is HOLDFAST_SYSROOT/usr/lib/<triple>. It can be given to CMake or in the environment; otherwise it is where
# tools/sysroot makes it.
# HOLDFAST_STATIC links everything in, so that programs run on a device without any of these libraries.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${holdfast_processor})
set(CMAKE_C_COMPILER ${holdfast_triple}-gcc)
set(CMAKE_CXX_COMPILER ${holdfast_triple}-g++)
# Debian keeps libraries and package files in folders of this name.
set(CMAKE_LIBRARY_ARCHITECTURE ${holdfast_triple})

if(NOT HOLDFAST_SYSROOT)
  set(HOLDFAST_SYSROOT "$ENV{HOLDFAST_SYSROOT}")
endif()
if(NOT HOLDFAST_SYSROOT)
  get_filename_component(HOLDFAST_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${holdfast_triple}" ABSOLUTE)
endif()
# The compiler checks read this file again in projects of their own, which know only these variables.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES HOLDFAST_SYSROOT HOLDFAST_STATIC)

set(CMAKE_FIND_ROOT_PATH ${HOLDFAST_SYSROOT} /usr/${holdfast_triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# Not BOTH, even for header-only packages: the host's would put its /usr/include, with the host's C library,
# in front of the target's.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# Tests run through the emulator explicitly: a build machine need not have binfmt_misc.
if(HOLDFAST_STATIC)
  set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
  # CMake would find the shared library.
  set(_sqlite "${HOLDFAST_SYSROOT}/usr/lib/${holdfast_triple}/libsqlite3.a")
  if(EXISTS "${_sqlite}")
    set(SQLite3_LIBRARY "${_sqlite}" CACHE FILEPATH "SQLite, to be linked in")
  endif()
  set(CMAKE_CROSSCOMPILING_EMULATOR ${holdfast_emulator})
else()
  # The loader would otherwise take the host's ld.so.cache at its word. Where that lists a second C library
  # for the target, programs mix the two and hang as soon as they start a thread.
  set(CMAKE_CROSSCOMPILING_EMULATOR ${holdfast_emulator} -L /usr/${holdfast_triple} -E
                                    LD_LIBRARY_PATH=/usr/${holdfast_triple}/lib)
endif()
