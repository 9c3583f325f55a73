include(${CMAKE_CURRENT_LIST_DIR}/features.cmake)

option(HOLDFAST_JOIN_TESTS "Compile several test files of a program at once: quicker, and a missing include is not found" OFF)

# holdfast_join_sources(<name> <variable>): the files with as many as possible of them joined, five at a time, each in a
# namespace of its own, because most have fixtures and constants of the same names. Their headers come first, so that what
# they include inside of a namespace has been included already. Who specialises templates or replaces functions stays alone.
function(holdfast_join_sources name variable)
  set(files "")
  set(batch "")
  foreach(file IN LISTS ${variable} ITEMS end)
    if(file MATCHES "_test[.]cpp$")
      get_filename_component(path "${file}" ABSOLUTE)
      file(STRINGS "${path}" reasons LIMIT_COUNT 1 REGEX "^(template <>|struct holdfast::|extern |.*operator new)")
      if(NOT reasons)
        list(APPEND batch "${path}")
        set(file "")
      endif()
    endif()
    list(LENGTH batch length)
    if(length EQUAL 5 OR file STREQUAL "end")
      holdfast_join("${CMAKE_CURRENT_BINARY_DIR}/${name}_joined" batch)
      list(APPEND files ${batch})
      set(batch "")
    endif()
    if(NOT file STREQUAL "end")
      list(APPEND files ${file})
    endif()
  endforeach()
  set(${variable} "${files}" PARENT_SCOPE)
endfunction()

# The files of one batch as one, whose name begins with `prefix`; one file stays as it is.
function(holdfast_join prefix variable)
  list(LENGTH ${variable} length)
  if(length LESS 2)
    return()
  endif()
  set(headers "")
  set(parts "")
  foreach(path IN LISTS ${variable})
    file(STRINGS "${path}" included REGEX "^#include")
    list(APPEND headers ${included})
    get_filename_component(stem "${path}" NAME_WE)
    string(APPEND parts "namespace of_${stem} {\n#include \"${path}\"\n}\n")
    set(last "${stem}")
  endforeach()
  list(REMOVE_DUPLICATES headers)
  list(JOIN headers "\n" headers)
  file(CONFIGURE OUTPUT "${prefix}_to_${last}.cpp" CONTENT "${headers}\n\n${parts}" @ONLY)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Types of unnamed namespaces are meant not to be seen elsewhere, included or not.
    set_source_files_properties("${prefix}_to_${last}.cpp" PROPERTIES COMPILE_OPTIONS -Wno-subobject-linkage)
  endif()
  set(${variable} "${prefix}_to_${last}.cpp" PARENT_SCOPE)
endfunction()

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

  if(HOLDFAST_JOIN_TESTS)
    holdfast_join_sources(${name} arg_SOURCES)
  endif()
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
