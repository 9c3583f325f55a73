#pragma once

// Everything an application needs. Start at connection_manager.hpp (open a database, run SQL), go on to
// transaction.hpp, and to mapping.hpp and repository.hpp for structs in tables; connection_config.hpp holds the knobs,
// error.hpp what can go wrong, metrics.hpp and event.hpp what can be watched.

#include <holdfast/arena_options.hpp>
#include <holdfast/backup.hpp>
#include <holdfast/bounded_calls.hpp>
#include <holdfast/cache_manager.hpp>
#include <holdfast/clock.hpp>
#include <holdfast/column_type.hpp>
#include <holdfast/condition.hpp>
#include <holdfast/connection.hpp>
#include <holdfast/connection_config.hpp>
#include <holdfast/connection_manager.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/error.hpp>
#include <holdfast/event.hpp>
#include <holdfast/expression.hpp>
#include <holdfast/features.hpp>
#include <holdfast/flash_report.hpp>
#include <holdfast/future.hpp>
#include <holdfast/json_fwd.hpp>
#include <holdfast/logger.hpp>
#include <holdfast/memory_arena.hpp>
#include <holdfast/memory_budget.hpp>
#include <holdfast/memory_signals.hpp>
#include <holdfast/memory_stage.hpp>
#include <holdfast/metrics.hpp>
#include <holdfast/migration.hpp>
#include <holdfast/migration_report.hpp>
#include <holdfast/observation.hpp>
#include <holdfast/place.hpp>
#include <holdfast/recovery.hpp>
#include <holdfast/report.hpp>
#include <holdfast/retry_policy.hpp>
#include <holdfast/row.hpp>
#include <holdfast/row_cursor.hpp>
#include <holdfast/sizing.hpp>
#include <holdfast/sql.hpp>
#include <holdfast/statement_executor.hpp>
#include <holdfast/storage_state.hpp>
#include <holdfast/transaction.hpp>
#include <holdfast/units.hpp>
#include <holdfast/uuid.hpp>
#include <holdfast/value.hpp>
#include <holdfast/verify.hpp>

#if HOLDFAST_REPOSITORY
#include <holdfast/active_record.hpp>
#include <holdfast/aggregate.hpp>
#include <holdfast/column.hpp>
#include <holdfast/entity_stream.hpp>
#include <holdfast/field.hpp>
#include <holdfast/include.hpp>
#include <holdfast/mapping.hpp>
#include <holdfast/page.hpp>
#include <holdfast/query_builder.hpp>
#include <holdfast/query_options.hpp>
#include <holdfast/relation.hpp>
#include <holdfast/repository.hpp>
#include <holdfast/repository_hooks.hpp>
#include <holdfast/repository_options.hpp>
#include <holdfast/repository_reads.hpp>
#include <holdfast/schema_diff.hpp>
#include <holdfast/table_schema.hpp>
#if HOLDFAST_JSON
#include <holdfast/json_repository.hpp>
#endif
#endif
