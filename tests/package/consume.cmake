# cmake -DCONSUMER=<source> -DBINARY=<folder> -DGENERATOR=... -DCOMPILER=... [...] -P consume.cmake
# Configures, builds and runs a consumer project as its own user would, with nothing cached.
cmake_minimum_required(VERSION 3.25)
set(options "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}")
if(TOOLCHAIN)
  list(APPEND options "-DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN}" "-DHOLDFAST_SYSROOT=${SYSROOT}" "-DHOLDFAST_STATIC=${STATIC}")
endif()
if(PREFIX)
  # The exact folder: a holdfast that is installed in the system must not be the one under test.
  file(GLOB_RECURSE config "${PREFIX}/holdfastConfig.cmake")
  get_filename_component(package_dir "${config}" DIRECTORY)
  list(APPEND options "-Dholdfast_DIR=${package_dir}")
endif()

foreach(variable IN ITEMS CMAKE_UNITY_BUILD COMPONENTS DEPENDENCIES HOLDFAST_SQLITE_AMALGAMATION HOLDFAST_SQLITECPP_SOURCE)
  if(DEFINED ${variable})
    list(APPEND options "-D${variable}=${${variable}}")
  endif()
endforeach()

execute_process(COMMAND "${CMAKE_COMMAND}" --fresh -G "${GENERATOR}" -S "${CONSUMER}" -B "${BINARY}" ${options}
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BINARY}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_CTEST_COMMAND}" --test-dir "${BINARY}" --no-tests=error --output-on-failure
                COMMAND_ERROR_IS_FATAL ANY)
