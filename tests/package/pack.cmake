# cmake -DBUILD=<build folder> -DCPACK=<cpack> -DGENERATOR=TGZ|DEB -DINTO=<folder> -P pack.cmake
# Makes the archive or Debian package of a build and unpacks it into INTO/root, as on the machine that it is for.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${INTO}")
file(MAKE_DIRECTORY "${INTO}/root")
execute_process(COMMAND "${CPACK}" -G ${GENERATOR} --config "${BUILD}/CPackConfig.cmake" -B "${INTO}"
                COMMAND_ERROR_IS_FATAL ANY)
file(GLOB made "${INTO}/*.tar.gz" "${INTO}/*.deb")
list(LENGTH made count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "cpack -G ${GENERATOR} made '${made}', not one package.")
endif()
if(GENERATOR STREQUAL "TGZ")
  file(ARCHIVE_EXTRACT INPUT "${made}" DESTINATION "${INTO}/root")
  return()
endif()

execute_process(COMMAND dpkg-deb -x "${made}" "${INTO}/root" COMMAND_ERROR_IS_FATAL ANY)
foreach(field IN ITEMS Package Version Architecture Depends)
  execute_process(COMMAND dpkg-deb -f "${made}" ${field} OUTPUT_VARIABLE ${field} OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
message(STATUS "${Package} ${Version} for ${Architecture}, needs: ${Depends}")
if(NOT Package STREQUAL "libholdfast-dev" OR NOT Architecture STREQUAL ARCHITECTURE)
  message(FATAL_ERROR "The package is ${Package} for ${Architecture}; expected libholdfast-dev for ${ARCHITECTURE}.")
endif()
