# cmake -DTABLE=<layers.txt> -DSCRATCH=<folder> -P planted.cmake
# Plants one violation at a time in a scratch tree and expects the check that is responsible to say so.
# The rules are the real ones; only the list of public headers is the scratch tree's own.

cmake_minimum_required(VERSION 3.25)
set(tree "${SCRATCH}/tree")
set(table "${SCRATCH}/layers.txt")
file(STRINGS "${TABLE}" rules REGEX "^(layer|only) ")
list(JOIN rules "\n" rules)

# Lays out a small tree that keeps all the rules.
function(lay_tree)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${table}"
       "${rules}\nheader error.hpp : core\nheader pool.hpp : pool\nheader detail/lock.hpp : core/port\n")
  file(WRITE "${tree}/include/holdfast/error.hpp" "#pragma once\n#include <string>\n")
  file(WRITE "${tree}/include/holdfast/pool.hpp" "#pragma once\n#include <holdfast/error.hpp>\n")
  file(WRITE "${tree}/include/holdfast/detail/lock.hpp" "#pragma once\n#include <mutex>\n")
  file(WRITE "${tree}/lib/core/port/mutex.hpp" "#pragma once\n#include <mutex>\n#include <sys/stat.h>\n")
  file(WRITE "${tree}/lib/connection/handle.cpp"
       "#include <sqlite3.h>\n#include <SQLiteCpp/Database.h>\n#include \"policy/limits.hpp\"\n")
  file(WRITE "${tree}/lib/policy/limits.hpp" "#pragma once\n#include <vector>\n")
  file(WRITE "${tree}/lib/pool/slots.cpp" "#include <holdfast/pool.hpp>\n\n#include \"core/port/mutex.hpp\"\n")
  file(WRITE "${tree}/lib/CMakeLists.txt"
       "target_sources(holdfast PRIVATE connection/handle.cpp)\ntarget_sources(holdfast PRIVATE pool/slots.cpp)\n")
  file(WRITE "${tree}/prefix/lib/cmake/holdfast/holdfastTargets.cmake"
       "add_library(holdfast::holdfast STATIC IMPORTED)\n")
endfunction()

# expect(<check> <words the check must say, or nothing when it must pass>)
function(expect check words)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" "-DTREE=${tree}" "-DTABLE=${table}" "-DPREFIX=${tree}/prefix" "-DBUILD=/the/build"
            -P "${CMAKE_CURRENT_LIST_DIR}/${check}.cmake"
    RESULT_VARIABLE result ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "${words}" at)
  if(words STREQUAL "" AND NOT result EQUAL 0)
    message(SEND_ERROR "${check}: a tree without violations fails: ${said}")
  elseif(NOT words STREQUAL "" AND (result EQUAL 0 OR at EQUAL -1))
    message(SEND_ERROR "${check}: expected '${words}', got: ${said}")
  endif()
endfunction()

# plant(<check> <file> <text to append> <words>)
function(plant check file text words)
  lay_tree()
  file(APPEND "${tree}/${file}" "${text}\n")
  expect("${check}" "${words}")
endfunction()

lay_tree()
expect(layers "")
expect(sources "")
expect(exported "")

plant(layers lib/policy/limits.hpp "#include \"pool/slots.hpp\"" "layer policy may not include layer pool")
plant(layers lib/policy/limits.hpp "#include <holdfast/pool.hpp>" "layer policy may not include layer pool")
plant(layers lib/policy/limits.hpp "  #  include \"query/text.hpp\" // [" "layer policy may not include layer query")
plant(layers lib/core/value.cpp "#include \"metrics/counter.hpp\"" "layer core may not include layer metrics")
plant(layers include/holdfast/error.hpp "#include <holdfast/pool.hpp>" "layer core may not include layer pool")
plant(layers include/holdfast/error.hpp "#include \"core/value.hpp\"" "a public header includes other public headers")
plant(layers include/holdfast/error.hpp "#include <sqlite3.h>" "includes sqlite3.h")
plant(layers lib/pool/slots.cpp "#include <sqlite3.h>" "includes sqlite3.h")
plant(layers lib/pool/slots.cpp "#include <SQLiteCpp/Database.h>" "includes SQLiteCpp/Database.h")
plant(layers lib/pool/slots.cpp "#include <mutex>" "includes mutex")
plant(layers lib/core/value.cpp "#include <sys/stat.h>" "includes sys/stat.h")
plant(layers include/holdfast/pool.hpp "#include <thread>" "includes thread")
plant(layers lib/core/port/mutex.hpp "#include <iostream>" "includes iostream")
plant(layers lib/pool/slots.cpp "#include \"../policy/limits.hpp\"" "private headers are named from lib/")
plant(layers lib/pool/slots.cpp "#include HEADER" "includes a macro")
plant(layers lib/pool/slots.cpp "#include <holdfast/unknown.hpp>" "which has no row")
plant(layers lib/loose.cpp "" "lib/loose.cpp is in no layer")
plant(layers lib/extras/more.cpp "" "lib/extras/more.cpp is in no layer")
plant(layers include/holdfast/new.hpp "" "include/holdfast/new.hpp has no row")
plant(layers ../layers.txt "header gone.hpp : core" "there is no public header gone.hpp")
plant(layers ../layers.txt "layer extra : later" "extra names later, which is not a layer above it")
plant(layers ../layers.txt "layers extra" "cannot read the row")

plant(sources lib/pool/forgotten.cpp "" "lib/pool/forgotten.cpp is not listed")
plant(sources lib/core/slots.cpp "" "lib/core/slots.cpp is not listed")

plant(exported prefix/lib/cmake/holdfast/holdfastTargets.cmake "INTERFACE_COMPILE_OPTIONS \"-Wall\"" "contains '-W'")
plant(exported prefix/lib/cmake/holdfast/holdfastTargets.cmake "\"${tree}/include\"" "contains '${tree}/'")
