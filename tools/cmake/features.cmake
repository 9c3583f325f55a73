# What of holdfast is built: the one list of the switches. include/holdfast/features.hpp tells sources of them; what is built
# and installed without one is in lib/CMakeLists.txt and install.cmake.
# Whether there are threads is asked in port.cmake.
option(HOLDFAST_REPOSITORY "Build the repositories: structs in tables" ON)
option(HOLDFAST_JSON "Build what reads and writes JSON: configurations, reports, columns, JsonRepository" ON)
option(HOLDFAST_ASYNC "Build posted work, calls on the pool's own threads, and futures" ${HOLDFAST_THREADS})
if(HOLDFAST_ASYNC AND NOT HOLDFAST_THREADS)
  message(FATAL_ERROR "HOLDFAST_ASYNC needs HOLDFAST_THREADS: somebody has to do the work; switch it off, too.")
endif()

# The switches that are off, as definitions for the library and for whoever links it.
set(holdfast_feature_definitions "")
foreach(feature IN ITEMS REPOSITORY JSON ASYNC THREADS)
  if(NOT HOLDFAST_${feature})
    list(APPEND holdfast_feature_definitions HOLDFAST_${feature}=0)
  endif()
endforeach()

# Benches and examples show all of it; without threads there are other examples.
if(holdfast_feature_definitions)
  foreach(part IN ITEMS BENCH EXAMPLES)
    if(HOLDFAST_BUILD_${part} AND (HOLDFAST_THREADS OR part STREQUAL "BENCH"))
      message(FATAL_ERROR "HOLDFAST_BUILD_${part} needs HOLDFAST_REPOSITORY, HOLDFAST_JSON and HOLDFAST_ASYNC: switch them on, or "
                          "configure with -DHOLDFAST_BUILD_${part}=OFF.")
    endif()
  endforeach()
endif()

# Components of the installed package: what find_package(holdfast COMPONENTS ...) can ask for.
set(holdfast_components core)
if(HOLDFAST_REPOSITORY)
  list(APPEND holdfast_components repository)
endif()
if(HOLDFAST_JSON)
  list(APPEND holdfast_components json)
endif()
if(HOLDFAST_ASYNC)
  list(APPEND holdfast_components async)
endif()

# Public headers of what is left out, which are not installed.
set(holdfast_left_out "")
if(NOT HOLDFAST_REPOSITORY)
  list(
    APPEND holdfast_left_out
    active_record.hpp
    aggregate.hpp
    column.hpp
    detail/bound_entity.hpp
    detail/cache_key.hpp
    detail/entity_inserter.hpp
    detail/entity_reads.hpp
    detail/entity_text.hpp
    detail/key_index.hpp
    detail/key_set.hpp
    detail/relation_loader.hpp
    detail/repository_core.hpp
    detail/schema.hpp
    detail/table_facts.hpp
    detail/table_shape.hpp
    entity_stream.hpp
    field.hpp
    include.hpp
    json_repository.hpp
    mapping.hpp
    page.hpp
    query_builder.hpp
    query_options.hpp
    relation.hpp
    repository.hpp
    repository_finds.hpp
    repository_hooks.hpp
    repository_options.hpp
    repository_reads.hpp
    schema_diff.hpp
    table_schema.hpp)
endif()
if(NOT HOLDFAST_JSON)
  list(APPEND holdfast_left_out json_repository.hpp)
endif()
