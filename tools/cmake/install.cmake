include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/holdfast")

# What is compiled with holdfast is installed with it: a program that links holdfast finds both in the same folder.
set(bundled "")
foreach(library IN ITEMS holdfast_sqlite3 holdfast_sqlitecpp)
  if(TARGET ${library})
    list(APPEND bundled ${library})
  endif()
endforeach()

install(TARGETS holdfast ${bundled} EXPORT holdfastTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
set(left_out "")
foreach(header IN LISTS holdfast_left_out)
  string(REGEX REPLACE "([.+])" "\\\\\\1" header "${header}")
  list(APPEND left_out REGEX "/holdfast/${header}$" EXCLUDE)
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/holdfast" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "testing" EXCLUDE ${left_out})
if(TARGET holdfast_sqlite3)
  # For programs that use a raw handle beside holdfast; in a folder of its own, as no other SQLite's header may be replaced.
  install(FILES "${HOLDFAST_SQLITE_AMALGAMATION}/sqlite3.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/holdfast/bundled")
endif()
install(EXPORT holdfastTargets NAMESPACE holdfast:: DESTINATION "${package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

include(${CMAKE_CURRENT_LIST_DIR}/package_dependencies.cmake)

list(JOIN holdfast_components ", " holdfast_components_text)
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/holdfastConfig.cmake.in" "${PROJECT_BINARY_DIR}/holdfastConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/holdfastConfig.cmake" "${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake"
        DESTINATION "${package_dir}")

file(RELATIVE_PATH holdfast_prefix_of_pc "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" holdfast_prefix_of_pc "${holdfast_prefix_of_pc}")
configure_file("${PROJECT_SOURCE_DIR}/packaging/holdfast.pc.in" "${PROJECT_BINARY_DIR}/holdfast.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/holdfast.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

if(PROJECT_IS_TOP_LEVEL)
  include(${CMAKE_CURRENT_LIST_DIR}/archives.cmake)
endif()
