# cpack -G TGZ and cpack -G DEB: what `cmake --install` installs, as an archive and as a Debian package, for this machine or
# for the target of a cross build. packaging/debian makes the package that a distribution would.
set(CPACK_PACKAGE_NAME holdfast)
set(CPACK_PACKAGE_VENDOR "The holdfast authors")
set(CPACK_PACKAGE_CONTACT "The holdfast authors <holdfast@localhost.localdomain>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGE_FILE_NAME "holdfast-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_STRIP_FILES OFF) # A static library would lose what it is linked by.
set(CPACK_GENERATOR TGZ)

set(CPACK_DEBIAN_PACKAGE_NAME libholdfast-dev)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "${holdfast_deb_depends}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Debian's name of the architecture; without it CPack would take the build machine's.
set(architecture_x86_64 amd64)
set(architecture_aarch64 arm64)
set(architecture_armv7l armhf)
set(architecture_armv5te armel)
set(architecture_riscv64 riscv64)
set(architecture_s390x s390x)
if(DEFINED architecture_${CMAKE_SYSTEM_PROCESSOR})
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${architecture_${CMAKE_SYSTEM_PROCESSOR}})
endif()

include(CPack)
