# Which test files need which of the library's features (tools/cmake/features.cmake).

set(holdfast_tests_of_ASYNC
    allocation_sweep_test.cpp
    async_test.cpp
    bounded_calls_test.cpp
    call_allocation_test.cpp
    checkpoint_beside_writer_test.cpp
    executor_stop_test.cpp
    executor_test.cpp
    future_resume_test.cpp
    future_test.cpp
    group_commit_lease_test.cpp
    group_kill_test.cpp
    group_stress_test.cpp
    kept_view_test.cpp
    log_limit_test.cpp
    memory_actions_test.cpp
    memory_report_test.cpp
    post_errors_test.cpp
    post_queue_test.cpp
    post_storage_test.cpp
    post_test.cpp
    posted_bytes_test.cpp
    repository_cache_test.cpp
    running_damage_others_test.cpp
    upkeep_allocation_test.cpp)

set(holdfast_tests_of_JSON
    allocation_sweep_test.cpp
    arena_test.cpp
    base64_test.cpp
    config_json_test.cpp
    edge_agent_kill_test.cpp
    json_repository_test.cpp
    memory_actions_test.cpp
    memory_report_test.cpp
    metrics_json_test.cpp
    pool_metrics_test.cpp
    pool_sizing_test.cpp
    query_builder_test.cpp
    query_builder_write_test.cpp
    repository_errors_test.cpp
    repository_test.cpp)

set(holdfast_tests_of_REPOSITORY
    allocation_sweep_test.cpp
    base64_test.cpp
    cache_key_test.cpp
    cached_rows_test.cpp
    call_allocation_test.cpp
    json_repository_test.cpp
    query_builder_test.cpp
    query_builder_write_test.cpp
    repository_active_record_test.cpp
    repository_aggregate_test.cpp
    repository_allocation_test.cpp
    repository_batch_test.cpp
    repository_cache_test.cpp
    repository_create_many_test.cpp
    repository_errors_test.cpp
    repository_hooks_test.cpp
    repository_page_test.cpp
    repository_relations_test.cpp
    repository_stream_test.cpp
    repository_test.cpp
    schema_diff_test.cpp
    schema_text_test.cpp
    table_schema_test.cpp)

# holdfast_remove_tests_left_out(<variable>): from a list of files, which may lie in other folders.
function(holdfast_remove_tests_left_out variable)
  set(left_out "")
  foreach(feature IN ITEMS ASYNC JSON REPOSITORY)
    if(NOT HOLDFAST_${feature})
      list(APPEND left_out ${holdfast_tests_of_${feature}})
    endif()
  endforeach()
  set(files "")
  foreach(file IN LISTS ${variable})
    get_filename_component(name "${file}" NAME)
    if(NOT name IN_LIST left_out)
      list(APPEND files "${file}")
    endif()
  endforeach()
  set(${variable} "${files}" PARENT_SCOPE)
endfunction()
