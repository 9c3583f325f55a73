# cmake -DIMAGE=<program> -DEMULATOR=<command or nothing> -DSQLITE3=<program> -DFOLDER=<folder> -P host_reads.cmake
# Runs the example on its board, twice, and has the host's sqlite3 check the file that it leaves.

separate_arguments(emulator UNIX_COMMAND "${EMULATOR}")
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
foreach(run RANGE 1 2)
  execute_process(COMMAND ${emulator} "${IMAGE}" readings.db WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE code
                  OUTPUT_VARIABLE said ERROR_VARIABLE said)
  message(STATUS "${said}")
  if(NOT code EQUAL 0 OR NOT said MATCHES "all is well")
    message(FATAL_ERROR "The program ended with ${code}.")
  endif()
endforeach()
if(EMULATOR)
  string(REGEX MATCH "high water ([0-9]+) bytes" _ "${said}")
  if(NOT CMAKE_MATCH_1 GREATER 0 OR CMAKE_MATCH_1 GREATER 98304)
    message(FATAL_ERROR "SQLite's memory went up to '${CMAKE_MATCH_1}' bytes; 96 KiB is the most.")
  endif()
endif()
set(query "PRAGMA integrity_check; SELECT count(*), count(DISTINCT sensor) FROM reading")
execute_process(COMMAND "${SQLITE3}" -batch readings.db "${query}" WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE code
                OUTPUT_VARIABLE found ERROR_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT code EQUAL 0 OR NOT found STREQUAL "ok\n1000|2")
  message(FATAL_ERROR "The host's sqlite3 ended with ${code} and said:\n${found}")
endif()
