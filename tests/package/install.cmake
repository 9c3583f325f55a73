# cmake -DBUILD=<build folder> -DPREFIX=<folder> -P install.cmake
# Starts from nothing: a file left by an earlier install would hide one that is no longer installed.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}" COMMAND_ERROR_IS_FATAL ANY)
