# SQLiteCpp: the system's library, or its source compiled with holdfast.

if(TARGET SQLiteCpp)
  return() # The project brings one.
endif()
if(NOT HOLDFAST_SQLITECPP_SOURCE)
  if(HOLDFAST_SQLITE_AMALGAMATION)
    # SQLiteCpp's package looks for the system's SQLite, which need not be there.
    set(SQLite3_INCLUDE_DIR "${HOLDFAST_SQLITE_AMALGAMATION}")
    set(SQLite3_LIBRARY holdfast_sqlite3)
  endif()
  find_package(SQLiteCpp 3.2 REQUIRED)
  return()
endif()

if(NOT EXISTS "${HOLDFAST_SQLITECPP_SOURCE}/include/SQLiteCpp/SQLiteCpp.h")
  message(FATAL_ERROR "HOLDFAST_SQLITECPP_SOURCE: there is no include/SQLiteCpp/SQLiteCpp.h in '${HOLDFAST_SQLITECPP_SOURCE}'. Name the "
                      "root of its source; tools/amalgamation unpacks one.")
endif()
file(STRINGS "${HOLDFAST_SQLITECPP_SOURCE}/include/SQLiteCpp/SQLiteCpp.h" version REGEX "^#define SQLITECPP_VERSION[ \t]+\"")
string(REGEX REPLACE ".*\"(.*)\".*" "\\1" version "${version}")
if(NOT version VERSION_GREATER_EQUAL 3.2)
  message(FATAL_ERROR "HOLDFAST_SQLITECPP_SOURCE: '${HOLDFAST_SQLITECPP_SOURCE}' holds SQLiteCpp '${version}'; 3.2 or later is needed.")
endif()
file(GLOB sources "${HOLDFAST_SQLITECPP_SOURCE}/src/*.cpp")

add_library(holdfast_sqlitecpp STATIC ${sources})
add_library(SQLiteCpp ALIAS holdfast_sqlitecpp)
set_target_properties(holdfast_sqlitecpp PROPERTIES EXPORT_NAME sqlitecpp)
target_compile_features(holdfast_sqlitecpp PUBLIC cxx_std_17)
target_include_directories(holdfast_sqlitecpp SYSTEM PUBLIC $<BUILD_INTERFACE:${HOLDFAST_SQLITECPP_SOURCE}/include>)
target_compile_options(holdfast_sqlitecpp PRIVATE -w -ffunction-sections -fdata-sections)
if(NOT UNIX)
  target_compile_definitions(holdfast_sqlitecpp PUBLIC SQLITECPP_DISABLE_STD_FILESYSTEM)
endif()
target_link_libraries(holdfast_sqlitecpp PUBLIC SQLite::SQLite3)
message(STATUS "SQLiteCpp ${version} is compiled from source")
