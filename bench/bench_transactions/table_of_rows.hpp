#pragma once

#include <string>

#include <holdfast/connection_config.hpp>
#include <holdfast/connection_pool.hpp>

#include "support/bare_sqlite.hpp"

namespace bench {

inline constexpr char kInsertRow[] = "INSERT INTO reading (payload) VALUES (?)";

/// What every row holds: 100 bytes.
inline constexpr char kPayload[] =
    "2024-11-05T13:37:00.000Z boiler 78.25 78.50 79.00 77.75 ok; attic 11.50 11.25 12.00 10.75 ok; #00000";
static_assert(sizeof kPayload == 100 + 1);

/// Makes a database with `reading (id INTEGER PRIMARY KEY, payload TEXT NOT NULL)`, empty, with a log.
void makeRowTable(const std::string& path, int pageSize = 4096);

/// The same settings for both sides; who wants to write waits for 10 s.
BareSettings writerSettings(holdfast::Durability durability);
holdfast::ConnectionConfig writerConfig(const std::string& path, holdfast::Durability durability);

/// A log that still grows costs a sync twice what one does that is written over. It stops growing with the first
/// checkpoint, so each side makes that many commits, unsynced, before it is measured.
inline constexpr int kGrowingInserts = 2000;
void growLog(BareHandle& handle);
void growLog(holdfast::ConnectionPool& pool);

}  // namespace bench
