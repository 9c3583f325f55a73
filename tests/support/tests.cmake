include(${CMAKE_CURRENT_LIST_DIR}/features.cmake)

# holdfast_add_tests(<name> SOURCES <file>... [LIBRARIES <target>...] [TIMEOUT <seconds>] [SERIAL])
#
# Makes the doctest program <name> and one ctest entry for each of its cases, named "<name>/<case>" and
# labelled with its folder. Each case runs in a process of its own, because memory limits and the default
# manager are process-wide. TIMEOUT is 300 unless given and grows under sanitizers. SERIAL is for what
# measures time: nothing else runs beside it. Files of what the library was built without are left out, and so is a program
# without any other file.
function(holdfast_add_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "SOURCES;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "holdfast_add_tests(${name}): SOURCES is missing or '${arg_UNPARSED_ARGUMENTS}' is not known.")
  endif()
  holdfast_remove_tests_left_out(arg_SOURCES)
  if(NOT arg_SOURCES)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${HOLDFAST_TEST_SLOWDOWN}")
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)

  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/lib" "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(
    ${name} PRIVATE holdfast::holdfast holdfast_test_main holdfast_warnings SQLiteCpp SQLite::SQLite3
                    ${holdfast_thread_library} ${arg_LIBRARIES})

  if(HOLDFAST_PRECOMPILE_TESTS)
    target_precompile_headers(${name} REUSE_FROM holdfast_test_headers)
  endif()

  # doctest exits with 0 when a filter matches no case, so a case that cannot be found by its own name
  # (a semicolon in it, say) would pass for ever without running.
  set(properties TIMEOUT ${timeout} LABELS ${folder} FAIL_REGULAR_EXPRESSION "test cases: +0 \\|")
  if(arg_SERIAL)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
    # Their names have blanks, at which an emulated board's arguments are split: one entry for all of them.
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES ${properties})
  else()
    doctest_discover_tests(${name} TEST_PREFIX "${name}/" PROPERTIES ${properties})
  endif()
endfunction()
