# What an installed holdfast needs beside itself, for its CMake package, for pkg-config and for Debian: all that is not
# bundled. Sets holdfast_find_dependencies, holdfast_pc_requires, holdfast_pc_libs, holdfast_pc_cflags, holdfast_deb_depends.

set(holdfast_find_dependencies "")
set(holdfast_pc_requires "")
set(holdfast_pc_libs "")
set(holdfast_pc_cflags "")
set(holdfast_deb_depends "")

foreach(definition IN LISTS holdfast_feature_definitions)
  string(APPEND holdfast_pc_cflags " -D${definition}")
endforeach()

if(holdfast_thread_library)
  string(APPEND holdfast_find_dependencies "find_dependency(Threads)\n")
endif()

if(TARGET holdfast_sqlite3)
  string(APPEND holdfast_find_dependencies [[
if(TARGET SQLite::SQLite3 AND NOT TARGET holdfast::sqlite3)
  set(holdfast_FOUND FALSE)
  set(holdfast_NOT_FOUND_MESSAGE
      "this holdfast brings an SQLite of its own, but the project has found another one already: find holdfast first")
  return()
endif()
]])
else()
  string(APPEND holdfast_find_dependencies "find_dependency(SQLite3 3.38)\n")
  list(APPEND holdfast_pc_requires "sqlite3 >= 3.38")
  list(APPEND holdfast_deb_depends "libsqlite3-dev (>= 3.38)")
endif()

if(TARGET holdfast_sqlitecpp)
  string(APPEND holdfast_pc_libs " -lholdfast_sqlitecpp")
else()
  # It has no file for pkg-config.
  string(APPEND holdfast_pc_libs " -lSQLiteCpp")
  list(APPEND holdfast_deb_depends "libsqlitecpp-dev (>= 3.2)")
  if(TARGET holdfast_sqlite3)
    # A packaged SQLiteCpp links SQLite::SQLite3 and looks for the system's, which must not come in beside the bundled one.
    string(CONFIGURE [[
if(NOT TARGET SQLite::SQLite3)
  add_library(SQLite::SQLite3 INTERFACE IMPORTED)
  set_property(TARGET SQLite::SQLite3 PROPERTY INTERFACE_LINK_LIBRARIES holdfast::sqlite3)
endif()
set(SQLite3_INCLUDE_DIR "${PACKAGE_PREFIX_DIR}/@CMAKE_INSTALL_INCLUDEDIR@/holdfast/bundled")
set(SQLite3_LIBRARY holdfast::sqlite3)
]] bundled_first @ONLY)
    string(APPEND holdfast_find_dependencies "${bundled_first}")
  endif()
  string(APPEND holdfast_find_dependencies "find_dependency(SQLiteCpp 3.2)\n")
endif()

if(TARGET holdfast_sqlite3)
  string(APPEND holdfast_pc_libs " -lholdfast_sqlite3")
  get_target_property(linked holdfast_sqlite3 INTERFACE_LINK_LIBRARIES)
  foreach(library IN LISTS linked)
    if(library MATCHES "^[a-z]+$")
      string(APPEND holdfast_pc_libs " -l${library}")
    endif()
  endforeach()
endif()
if(holdfast_thread_library)
  string(APPEND holdfast_pc_libs " -pthread")
  string(APPEND holdfast_pc_cflags " -pthread")
endif()

if(HOLDFAST_JSON)
  string(APPEND holdfast_find_dependencies "find_dependency(nlohmann_json 3.11)\n")
  list(APPEND holdfast_pc_requires "nlohmann_json >= 3.11")
  list(APPEND holdfast_deb_depends "nlohmann-json3-dev (>= 3.11)")
endif()

list(JOIN holdfast_pc_requires ", " holdfast_pc_requires)
list(JOIN holdfast_deb_depends ", " holdfast_deb_depends)
string(STRIP "${holdfast_pc_libs}" holdfast_pc_libs)
string(STRIP "${holdfast_pc_cflags}" holdfast_pc_cflags)
