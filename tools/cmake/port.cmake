# What the library is built for: with or without threads, on POSIX or on a device that the application brings
# (docs/firmware.md).

set(holdfast_hosted ON)
if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
  set(holdfast_hosted OFF)
endif()

option(HOLDFAST_THREADS "Use threads; off: one handle, no write-ahead log, housekeeping by tick()" ${holdfast_hosted})

set(holdfast_default_port posix)
if(NOT holdfast_hosted)
  set(holdfast_default_port device)
endif()
set(HOLDFAST_PORT ${holdfast_default_port}
    CACHE STRING "What files, time and random numbers come from: posix, or device for the application's holdfast::DevicePort")
set_property(CACHE HOLDFAST_PORT PROPERTY STRINGS posix device)

if(HOLDFAST_PORT STREQUAL "device")
  if(HOLDFAST_THREADS)
    message(FATAL_ERROR "HOLDFAST_PORT=device needs HOLDFAST_THREADS=OFF: a device has no threads for the library.")
  endif()
  if(NOT HOLDFAST_SQLITE_AMALGAMATION)
    message(FATAL_ERROR "HOLDFAST_PORT=device needs an SQLite without a file layer of its own: name its source in "
                        "HOLDFAST_SQLITE_AMALGAMATION and SQLiteCpp's in HOLDFAST_SQLITECPP_SOURCE; tools/amalgamation "
                        "makes both.")
  endif()
elseif(NOT HOLDFAST_PORT STREQUAL "posix")
  message(FATAL_ERROR "HOLDFAST_PORT is '${HOLDFAST_PORT}'; it must be posix or device.")
endif()
