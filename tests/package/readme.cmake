# The example in README.md is examples/quickstart.cpp to the letter: what a reader copies has been built and run.
#
# cmake -D SOURCE_DIR=... -P readme.cmake
file(READ "${SOURCE_DIR}/README.md" readme)
file(READ "${SOURCE_DIR}/examples/quickstart.cpp" example)
string(STRIP "${example}" example)
string(FIND "${readme}" "```cpp\n${example}\n```" found)
if(found EQUAL -1)
  message(FATAL_ERROR "The example in README.md differs from examples/quickstart.cpp.")
endif()
