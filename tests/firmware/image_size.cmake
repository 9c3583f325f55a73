# cmake -DIMAGE=<program> -DSIZE=<arm-none-eabi-size> -DMOST=<bytes> -P image_size.cmake
# The code and constants of the example, with SQLite, the library and a repository.

execute_process(COMMAND "${SIZE}" "${IMAGE}" OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said MATCHES "\n *([0-9]+)")
  message(FATAL_ERROR "Cannot read what ${SIZE} says:\n${said}")
endif()
message(STATUS "text: ${CMAKE_MATCH_1} bytes")
if(CMAKE_MATCH_1 GREATER MOST)
  message(FATAL_ERROR "The image has ${CMAKE_MATCH_1} bytes of text; ${MOST} is the most.")
endif()
