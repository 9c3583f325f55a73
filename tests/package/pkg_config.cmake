# cmake -DPREFIX=<installed> -DSOURCE=<file> -DBINARY=<folder> -DCOMPILER=<g++> -DRUNNER=<emulator, or nothing>
#       [-DSYSROOT=<folder> -DTRIPLE=<triple>] -P pkg_config.cmake
# Builds a consumer with what pkg-config says, by itself and fully static, and runs it. The installed folder is moved first:
# the file must not know where it was.
cmake_minimum_required(VERSION 3.25)
set(moved "${BINARY}/moved")
file(REMOVE_RECURSE "${BINARY}")
file(MAKE_DIRECTORY "${BINARY}")
file(COPY "${PREFIX}/" DESTINATION "${moved}")
file(GLOB_RECURSE pc "${moved}/holdfast.pc")
get_filename_component(folder "${pc}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} "${folder}")
if(SYSROOT)
  # No .pc file of the build machine; those of the sysroot lie elsewhere than they believe.
  set(ENV{PKG_CONFIG_LIBDIR} "${folder}:${SYSROOT}/usr/lib/${TRIPLE}/pkgconfig:${SYSROOT}/usr/share/pkgconfig")
  set(relocate --define-prefix)
endif()

# ask(<variable> <argument>...)
function(ask variable)
  execute_process(COMMAND pkg-config ${relocate} ${ARGN} holdfast OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "pkg-config ${ARGN} holdfast: ${answer}")
  separate_arguments(answer)
  set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

ask(version --modversion)
if(NOT version STREQUAL VERSION)
  message(FATAL_ERROR "holdfast.pc says ${version}, not ${VERSION}.")
endif()
ask(cflags --cflags)
ask(libs --libs)
ask(static_libs --static --libs)
set(object "${BINARY}/consumer.o")
execute_process(COMMAND "${COMPILER}" -std=c++20 ${cflags} -c "${SOURCE}" -o "${object}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${COMPILER}" "${object}" ${libs} -o "${BINARY}/consumer" COMMAND_ERROR_IS_FATAL ANY)
set(programs consumer)

# A packaged SQLite asks for libraries in static programs that need not be there, whoever links it.
file(WRITE "${BINARY}/empty.cpp" "int main() {}\n")
set(others ${static_libs})
list(FILTER others EXCLUDE REGEX "holdfast|SQLiteCpp")
execute_process(COMMAND "${COMPILER}" -static "${BINARY}/empty.cpp" ${others} -o "${BINARY}/empty" RESULT_VARIABLE missing
                ERROR_QUIET)
if(missing)
  message(STATUS "Not linked statically: of ${others} some are not there.")
else()
  execute_process(COMMAND "${COMPILER}" -static "${object}" ${static_libs} -o "${BINARY}/consumer_static"
                  ERROR_VARIABLE warnings COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND programs consumer_static)
endif()
foreach(program IN LISTS programs)
  execute_process(COMMAND ${RUNNER} "${BINARY}/${program}" WORKING_DIRECTORY "${BINARY}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
