# The examples in README.md and in the guides are those in examples/ to the letter: what a reader copies has been built
# and run.
#
# cmake -D SOURCE_DIR=... -P readme.cmake
function(check_example page file)
  file(READ "${SOURCE_DIR}/${page}" text)
  file(READ "${SOURCE_DIR}/${file}" example)
  string(STRIP "${example}" example)
  string(FIND "${text}" "```cpp\n${example}\n```" found)
  if(found EQUAL -1)
    message(SEND_ERROR "The example in ${page} differs from ${file}.")
  endif()
endfunction()

check_example(README.md examples/quickstart.cpp)
check_example(docs/testing-with-faults.md examples/fault_test.cpp)
