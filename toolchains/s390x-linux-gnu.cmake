# A machine whose bytes are the other way round, to see that nothing depends on it: needs g++-s390x-linux-gnu, and
# qemu-user-static to run the tests.
set(holdfast_triple s390x-linux-gnu)
set(holdfast_processor s390x)
set(holdfast_emulator qemu-s390x-static)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
