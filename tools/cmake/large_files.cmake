# On 32-bit systems files end at 2 GiB and time in 2038 unless both are asked to have 64 bits, of our sources and of SQLite's.
# Set for the whole tree, whoever wrote the toolchain file. lib/core/port/files.cpp refuses to compile without.
if(CMAKE_SIZEOF_VOID_P EQUAL 4 AND UNIX)
  add_compile_definitions(_FILE_OFFSET_BITS=64 _TIME_BITS=64)
endif()
