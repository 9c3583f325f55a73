# The options of an SQLite that is compiled with holdfast. docs/sqlite.md says what each of them saves or gives.

# Refused: what holdfast cannot do without, with the reason.
set(holdfast_sqlite_refused
    "SQLITE_OMIT_AUTHORIZATION:the guard of statements is an authorizer"
    "SQLITE_OMIT_PROGRESS_CALLBACK:deadlines of statements are kept by the progress handler"
    "SQLITE_OMIT_VIRTUALTABLE:schemas are read through the table-valued pragmas"
    "SQLITE_OMIT_JSON:lists are bound as one JSON array"
    "SQLITE_OMIT_FOREIGN_KEY:foreign keys are part of a handle's profile"
    "SQLITE_OMIT_PRAGMA:a handle's profile is set by pragmas"
    "SQLITE_OMIT_FLAG_PRAGMAS:a handle's profile is set by pragmas"
    "SQLITE_OMIT_PAGER_PRAGMAS:a handle's profile is set by pragmas"
    "SQLITE_OMIT_SCHEMA_PRAGMAS:schemas are read through pragmas"
    "SQLITE_OMIT_SCHEMA_VERSION_PRAGMAS:caches are checked by PRAGMA data_version"
    "SQLITE_OMIT_DECLTYPE:SQLiteCpp refers to sqlite3_column_decltype()"
    "SQLITE_OMIT_FLOATING_POINT:doubles are values"
    "SQLITE_OMIT_DISKIO:databases are files"
    "SQLITE_OMIT_AUTOINIT:an application may use SQLite before holdfast does"
    "SQLITE_DEFAULT_MEMSTATUS=0:limits of memory are kept by SQLite's statistics")

# holdfast_device_sqlite_options(<variable>)
# The recommended set for the target of this build.
function(holdfast_device_sqlite_options variable)
  set(set SQLITE_DQS=0 SQLITE_ENABLE_MEMSYS5 SQLITE_ENABLE_PREUPDATE_HOOK SQLITE_ENABLE_SESSION SQLITE_MAX_MMAP_SIZE=0
          SQLITE_OMIT_DEPRECATED SQLITE_OMIT_SHARED_CACHE)
  if(HOLDFAST_SQLITECPP_SOURCE)
    list(APPEND set SQLITE_OMIT_LOAD_EXTENSION)
  else()
    # A packaged SQLiteCpp refers to both.
    list(APPEND set SQLITE_ENABLE_COLUMN_METADATA)
  endif()
  if(holdfast_thread_library)
    list(APPEND set SQLITE_THREADSAFE=2)
  else()
    list(APPEND set SQLITE_THREADSAFE=0)
  endif()
  if(HOLDFAST_PORT STREQUAL "device")
    # The library brings sqlite3_os_init(), on the application's device; there are no processes to share a log with.
    list(APPEND set SQLITE_OS_OTHER=1 SQLITE_OMIT_LOCALTIME SQLITE_OMIT_WAL SQLITE_TEMP_STORE=3 SQLITE_ZERO_MALLOC)
  endif()
  set(${variable} "${set}" PARENT_SCOPE)
endfunction()

# holdfast_resolve_sqlite_options(<variable>)
# HOLDFAST_SQLITE_OPTIONS with the word device replaced by the recommended set. Of one option given twice the later holds.
function(holdfast_resolve_sqlite_options variable)
  holdfast_device_sqlite_options(device)
  set(given "")
  foreach(option IN LISTS HOLDFAST_SQLITE_OPTIONS)
    if(option STREQUAL "device")
      list(APPEND given ${device})
    elseif(option MATCHES "^(SQLITE|HAVE|USE|YY)[A-Z0-9_]*(=.+)?$")
      list(APPEND given "${option}")
    else()
      message(FATAL_ERROR "HOLDFAST_SQLITE_OPTIONS: '${option}' is no option of SQLite. Accepted: 'device' for the recommended "
                          "set, and options separated by ';' and written without -D, such as SQLITE_ENABLE_FTS5.")
    endif()
  endforeach()
  set(resolved "")
  foreach(option IN LISTS given)
    string(REGEX REPLACE "=.*" "" name "${option}")
    list(FILTER resolved EXCLUDE REGEX "^${name}(=|$)")
    list(APPEND resolved "${option}")
  endforeach()
  set(${variable} "${resolved}" PARENT_SCOPE)
endfunction()

# holdfast_check_sqlite_options(<options>...)
function(holdfast_check_sqlite_options)
  foreach(option IN LISTS ARGN)
    string(REGEX REPLACE "=1$" "" plain "${option}")
    foreach(refused IN LISTS holdfast_sqlite_refused)
      string(REGEX MATCH "^([^:]+):(.*)$" _ "${refused}")
      if(plain STREQUAL CMAKE_MATCH_1)
        message(FATAL_ERROR "HOLDFAST_SQLITE_OPTIONS: holdfast cannot live with ${option}: ${CMAKE_MATCH_2}. Leave it out.")
      endif()
    endforeach()
    if(plain STREQUAL "SQLITE_THREADSAFE=0" AND holdfast_thread_library)
      message(FATAL_ERROR "HOLDFAST_SQLITE_OPTIONS: SQLITE_THREADSAFE=0 is for builds without threads; use 1 or 2.")
    elseif(plain STREQUAL "SQLITE_OMIT_WAL" AND HOLDFAST_THREADS)
      message(FATAL_ERROR "HOLDFAST_SQLITE_OPTIONS: holdfast cannot live with SQLITE_OMIT_WAL: readers beside the writer need the "
                          "log. Leave it out.")
    elseif(plain STREQUAL "SQLITE_OMIT_LOAD_EXTENSION" AND NOT HOLDFAST_SQLITECPP_SOURCE)
      message(FATAL_ERROR "HOLDFAST_SQLITE_OPTIONS: a packaged SQLiteCpp refers to what SQLITE_OMIT_LOAD_EXTENSION leaves out. Leave "
                          "it out, or build SQLiteCpp as well: HOLDFAST_SQLITECPP_SOURCE.")
    endif()
  endforeach()
  if(NOT HOLDFAST_SQLITECPP_SOURCE AND NOT "SQLITE_ENABLE_COLUMN_METADATA" IN_LIST ARGN
     AND NOT "SQLITE_ENABLE_COLUMN_METADATA=1" IN_LIST ARGN)
    message(FATAL_ERROR "HOLDFAST_SQLITE_OPTIONS: a packaged SQLiteCpp refers to what SQLITE_ENABLE_COLUMN_METADATA adds. Add it, or "
                        "build SQLiteCpp as well: HOLDFAST_SQLITECPP_SOURCE.")
  endif()
endfunction()
