# What holdfast is built on. The package file holdfastConfig.cmake.in repeats what is not bundled, for those who link an
# installed holdfast.

# A device without an operating system has neither threads nor shared libraries.
if(NOT HOLDFAST_THREADS)
  set(holdfast_thread_library "")
else()
  find_package(Threads REQUIRED)
  set(holdfast_thread_library Threads::Threads)
endif()

include(tools/cmake/large_files.cmake)
include(tools/cmake/sqlite.cmake)
include(tools/cmake/sqlitecpp.cmake)
if(HOLDFAST_JSON)
  find_package(nlohmann_json 3.11 REQUIRED)
endif()
