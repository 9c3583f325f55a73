# SQLite::SQLite3: the system's library, or an amalgamation compiled with holdfast (docs/sqlite.md).

set(HOLDFAST_SQLITE_AMALGAMATION "" CACHE PATH "Folder with sqlite3.c and sqlite3.h; empty: the system's SQLite")
set(HOLDFAST_SQLITE_OPTIONS "device" CACHE STRING
    "Options of the amalgamation, ;-separated and without -D; device stands for the recommended set")
set(HOLDFAST_SQLITECPP_SOURCE "" CACHE PATH "Source tree of SQLiteCpp; empty: the system's SQLiteCpp")

if(NOT HOLDFAST_SQLITE_AMALGAMATION)
  if(NOT HOLDFAST_SQLITE_OPTIONS STREQUAL "device")
    message(FATAL_ERROR "HOLDFAST_SQLITE_OPTIONS has no effect on the system's SQLite; name an amalgamation in "
                        "HOLDFAST_SQLITE_AMALGAMATION (tools/amalgamation makes one) or unset it.")
  endif()
  find_package(SQLite3 3.38 REQUIRED)
  return()
endif()

include(${CMAKE_CURRENT_LIST_DIR}/sqlite_options.cmake)

if(TARGET SQLite::SQLite3)
  message(FATAL_ERROR "HOLDFAST_SQLITE_AMALGAMATION is given, but the project has found an SQLite already: one program must not "
                      "have two. Find it after holdfast, or leave the amalgamation out.")
endif()
foreach(file IN ITEMS sqlite3.c sqlite3.h)
  if(NOT EXISTS "${HOLDFAST_SQLITE_AMALGAMATION}/${file}")
    message(FATAL_ERROR "HOLDFAST_SQLITE_AMALGAMATION: there is no ${file} in '${HOLDFAST_SQLITE_AMALGAMATION}'. Name the folder with "
                        "sqlite3.c and sqlite3.h; tools/amalgamation makes one.")
  endif()
endforeach()
file(STRINGS "${HOLDFAST_SQLITE_AMALGAMATION}/sqlite3.h" version REGEX "^#define SQLITE_VERSION[ \t]+\"")
string(REGEX REPLACE ".*\"(.*)\".*" "\\1" version "${version}")
if(NOT version VERSION_GREATER_EQUAL 3.38)
  message(FATAL_ERROR "HOLDFAST_SQLITE_AMALGAMATION: '${HOLDFAST_SQLITE_AMALGAMATION}' holds SQLite '${version}'; 3.38 or later is needed.")
endif()
holdfast_resolve_sqlite_options(options)
holdfast_check_sqlite_options(${options})

enable_language(C)
add_library(holdfast_sqlite3 STATIC "${HOLDFAST_SQLITE_AMALGAMATION}/sqlite3.c")
add_library(SQLite::SQLite3 ALIAS holdfast_sqlite3)
set_target_properties(holdfast_sqlite3 PROPERTIES EXPORT_NAME sqlite3)
# An older header in /usr/include must not be found first.
target_include_directories(
  holdfast_sqlite3 SYSTEM BEFORE
  PUBLIC $<BUILD_INTERFACE:${HOLDFAST_SQLITE_AMALGAMATION}>
         $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/holdfast/bundled>)
# Public, as they decide what the header declares and what SQLiteCpp refers to.
target_compile_definitions(holdfast_sqlite3 PUBLIC ${options})
# What SQLite would find out by a configure script. Without fdatasync() every commit writes the inode, too; without
# pread() a read of a page is two calls.
if(UNIX)
  target_compile_definitions(
    holdfast_sqlite3 PRIVATE HAVE_FDATASYNC=1 HAVE_GMTIME_R=1 HAVE_LOCALTIME_R=1 HAVE_STRERROR_R=1 HAVE_USLEEP=1 HAVE_PREAD=1
                             HAVE_PWRITE=1)
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  # Otherwise each allocation is 8 bytes longer, to know its own size.
  target_compile_definitions(holdfast_sqlite3 PRIVATE HAVE_MALLOC_H=1 HAVE_MALLOC_USABLE_SIZE=1)
endif()
# SQLite is written under other warnings than ours.
target_compile_options(holdfast_sqlite3 PRIVATE -w -ffunction-sections -fdata-sections)
if(holdfast_thread_library)
  target_link_libraries(holdfast_sqlite3 PUBLIC ${holdfast_thread_library})
endif()
if(UNIX)
  target_link_libraries(holdfast_sqlite3 PUBLIC m)
  if(NOT options MATCHES "SQLITE_OMIT_LOAD_EXTENSION")
    target_link_libraries(holdfast_sqlite3 PUBLIC ${CMAKE_DL_LIBS})
  endif()
endif()
list(JOIN options " " shown)
message(STATUS "SQLite ${version} is compiled with: ${shown}")
