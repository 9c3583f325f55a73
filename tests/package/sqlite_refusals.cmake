# cmake -DTREE=<source> -DSCRATCH=<folder> -P sqlite_refusals.cmake
# Values of HOLDFAST_SQLITE_... that make no sense are refused when the project is configured, with what is wrong.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${SCRATCH}")
foreach(version IN ITEMS 3.40.1 3.37.2)
  file(WRITE "${SCRATCH}/${version}/sqlite3.c" "")
  file(WRITE "${SCRATCH}/${version}/sqlite3.h" "#define SQLITE_VERSION        \"${version}\"\n")
endforeach()
file(WRITE "${SCRATCH}/headless/sqlite3.c" "")
file(WRITE "${SCRATCH}/sqlitecpp/include/SQLiteCpp/SQLiteCpp.h" "#define SQLITECPP_VERSION \"3.01.01\"\n")
# Commas stand for semicolons, which do not travel well.
foreach(script IN ITEMS sqlite sqlitecpp)
  file(CONFIGURE OUTPUT "${SCRATCH}/${script}.cmake" @ONLY CONTENT [[
cmake_minimum_required(VERSION 3.25)
if(DEFINED HOLDFAST_SQLITE_OPTIONS)
  string(REPLACE "," ";" HOLDFAST_SQLITE_OPTIONS "${HOLDFAST_SQLITE_OPTIONS}")
endif()
include("@TREE@/tools/cmake/@script@.cmake")
]])
endforeach()

# refused(<script> <words> <variable=value>...)
function(refused script words)
  list(TRANSFORM ARGN PREPEND "-D" OUTPUT_VARIABLE given)
  execute_process(COMMAND "${CMAKE_COMMAND}" -DHOLDFAST_THREADS=ON -Dholdfast_thread_library=Threads::Threads ${given}
                          -P "${SCRATCH}/${script}.cmake"
                  RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_QUIET)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "${words}" at)
  if(result EQUAL 0 OR at EQUAL -1)
    message(SEND_ERROR "${script} with ${ARGN}: expected '${words}', got: ${said}")
  endif()
endfunction()

# options(<words> <options, separated by commas> [<variable=value>...])
function(options words options)
  refused(sqlite "${words}" "HOLDFAST_SQLITE_AMALGAMATION=${SCRATCH}/3.40.1" "HOLDFAST_SQLITE_OPTIONS=${options}"
          HOLDFAST_SQLITECPP_SOURCE=/source ${ARGN})
endfunction()

refused(sqlite "there is no sqlite3.c in" "HOLDFAST_SQLITE_AMALGAMATION=${SCRATCH}")
refused(sqlite "there is no sqlite3.h in" "HOLDFAST_SQLITE_AMALGAMATION=${SCRATCH}/headless")
refused(sqlite "holds SQLite '3.37.2'; 3.38 or later is needed" "HOLDFAST_SQLITE_AMALGAMATION=${SCRATCH}/3.37.2")
refused(sqlite "has no effect on the system's SQLite" HOLDFAST_SQLITE_OPTIONS=SQLITE_DQS=0)
refused(sqlitecpp "there is no include/SQLiteCpp/SQLiteCpp.h in" "HOLDFAST_SQLITECPP_SOURCE=${SCRATCH}")
refused(sqlitecpp "holds SQLiteCpp '3.01.01'; 3.2 or later is needed" "HOLDFAST_SQLITECPP_SOURCE=${SCRATCH}/sqlitecpp")

options("'-DSQLITE_DQS=0' is no option of SQLite" device,-DSQLITE_DQS=0)
options("'devise' is no option of SQLite" devise)
options("SQLITE_OMIT_AUTHORIZATION: the guard of statements is an authorizer" device,SQLITE_OMIT_AUTHORIZATION)
options("SQLITE_OMIT_PROGRESS_CALLBACK=1: deadlines of statements" device,SQLITE_OMIT_PROGRESS_CALLBACK=1)
options("SQLITE_DEFAULT_MEMSTATUS=0: limits of memory" device,SQLITE_DEFAULT_MEMSTATUS=0)
options("SQLITE_THREADSAFE=0 is for builds without threads" device,SQLITE_THREADSAFE=0)
options("cannot live with SQLITE_OMIT_WAL" device,SQLITE_OMIT_WAL)
refused(sqlite "refers to what SQLITE_OMIT_LOAD_EXTENSION leaves out" "HOLDFAST_SQLITE_AMALGAMATION=${SCRATCH}/3.40.1"
        HOLDFAST_SQLITE_OPTIONS=device,SQLITE_OMIT_LOAD_EXTENSION)
refused(sqlite "refers to what SQLITE_ENABLE_COLUMN_METADATA adds" "HOLDFAST_SQLITE_AMALGAMATION=${SCRATCH}/3.40.1"
        HOLDFAST_SQLITE_OPTIONS=SQLITE_DQS=0)
