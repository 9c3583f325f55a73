#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <holdfast/json_fwd.hpp>

#include <holdfast/clock.hpp>
#include <holdfast/logger.hpp>
#include <holdfast/platform.hpp>
#include <holdfast/retry_policy.hpp>
#include <holdfast/units.hpp>

namespace holdfast {

class Migrator;

/// How much of what was acknowledged a power cut may take back.
enum class Durability : std::uint8_t {
  Full,    ///< Nothing: each commit is synced before it returns.
  Normal,  ///< The commits since the last checkpoint; measured: 60 % of the cuts lose some. No sync a commit.
  Off,     ///< Whatever the operating system had not written; a power cut may also damage the file.
};

/// Where sorts, temporary tables and statement journals go that outgrow the cache.
enum class TempStore : std::uint8_t {
  File,    ///< Temporary files beside the database: memory stays bounded.
  Memory,  ///< SQLite's heap: spares the flash, counts against memoryLimit.
};

/// Who runs the pool's housekeeping.
enum class HousekeepingMode : std::uint8_t {
  Thread,  ///< A thread of the pool's own, every housekeepingInterval.
  Manual,  ///< The application, by calling tick().
};

/// When open() checks the file before it uses it.
enum class OpenCheck : std::uint8_t {
  AfterCrash,  ///< Where the last process at it did not close it (quick_check).
  Always,      ///< Each time, and that indexes match their tables, too (integrity_check).
  Never,       ///< Only where its header cannot be right.
};

std::string_view toText(Durability durability) noexcept;
std::string_view toText(TempStore store) noexcept;
std::string_view toText(HousekeepingMode mode) noexcept;
std::string_view toText(OpenCheck check) noexcept;

/// When housekeeping backs the database up: see backup() and docs/backup.md.
struct BackupSchedule {
  /// Path of the backup. Empty: none is made by itself.
  std::string path;
  /// From one backup to the next. The first one is made at once where there is none, else a tenth of this after open();
  /// so is another one after one that failed. 1 s to 8760 h.
  std::chrono::milliseconds interval = std::chrono::hours{24};
};

/// Everything that can be set when a database is opened. Every field has a default; validate() says which values
/// are accepted, and open() calls it. Where nothing else is said a duration is at most 8760 h and a size at most
/// 1024 GiB.
///
/// In JSON the names are the same. A duration is a string with a unit ("250ms", "3s", "5min", "1h") or a whole
/// number of milliseconds; a size is a string ("4MiB", "512KiB") or a number of bytes.
struct ConnectionConfig {
  // --- Behaviour -------------------------------------------------------------------------------------------------

  /// Path of the database file, UTF-8. Relative names are made absolute once, at open. Never taken as a URI.
  std::string database;
  /// Create the file where it is missing. Off: a missing file is Error{CannotOpen}.
  bool createIfMissing = true;
  /// Where the storage of the database is mounted. open() is Error{CannotOpen} while nothing is mounted there, so that no
  /// new database is begun beneath storage that is away. Empty: not looked at. Not for directories bound within one file
  /// system.
  std::string mountPoint;
  /// When open() checks the file; docs/recovery.md says what it does with what it finds, ...
  OpenCheck checkAtOpen = OpenCheck::AfterCrash;
  /// ... and how long it may take: then it opens with a warning. Zero: no limit. At most 1 h.
  std::chrono::milliseconds checkAtOpenLimit = std::chrono::minutes{1};
  /// Replace a damaged or lost database by its last good backup (`backup.path`), a damaged one without a backup by what can
  /// be read of it; the damaged files are kept. Off: a damaged one is left to `readDamaged`, a lost one is
  /// Error{CannotOpen}.
  bool repairAtOpen = true;
  /// Do the same with damage that calls meet while the pool is open, once a check has confirmed it: leases get
  /// closeTimeout to come back and are forced then, and who waits for a handle waits for the repair. Off, or with
  /// repairAtOpen off: writes are refused and reads go on until the database is opened anew.
  bool repairWhileOpen = true;
  /// A damaged database without a good backup is replaced by what can be read of it. Off: it is left to `readDamaged`.
  bool salvage = true;
  /// A damaged database that is not to be repaired, or cannot be, is opened for reading only, as far as its schema can be
  /// read: it is left as it is, and writes are Error{Corrupt}. Off: so is open(), or Error{NotADatabase}.
  bool readDamaged = true;
  /// Triggers fire and views can be read. Off for files that others have made: their schema cannot act then.
  bool triggersAndViews = true;
  /// A checksum in each page, written with it and compared when it is read: what the medium has changed is Error{Corrupt}
  /// and never data. A database without them is written anew, once, by open(), which takes as long and as much room as
  /// VACUUM. One that has them keeps and compares them also where this is off. docs/integrity.md has what it costs.
  bool pageChecksums = false;
  /// What a commit that returned has survived; a transaction may ask for another one.
  Durability durability = Durability::Full;
  /// How long SQLite waits for a lock that another process holds. Zero: not at all. At most 10 min.
  std::chrono::milliseconds busyTimeout = std::chrono::seconds{3};
  /// A read that has kept its snapshot for longer is interrupted where it keeps the log above half of walSizeLimit.
  std::chrono::milliseconds snapshotBudget = std::chrono::seconds{10};
  /// The longest acquire() may take in all: waiting, liveness check, opening. Zero: do not wait. At most 1 h.
  std::chrono::milliseconds acquireTimeout = std::chrono::seconds{5};
  /// The longest that opening one handle may wait for locks of other processes. At most 10 min.
  std::chrono::milliseconds openTimeout = std::chrono::seconds{5};
  /// The longest close() waits for asynchronous calls before it revokes their leases, and then for other leases before
  /// it interrupts their statements. At most 1 h.
  std::chrono::milliseconds closeTimeout = std::chrono::seconds{5};
  /// A handle unused for so long is closed while more than minPoolSize are open. Counted from its last return.
  std::chrono::milliseconds idleTimeout = std::chrono::minutes{5};
  /// A handle is renewed at this age, counted from when it was opened, less up to a tenth of jitter. Zero: never.
  std::chrono::milliseconds maxConnectionAge = std::chrono::hours{1};
  /// A handle unused for longer is verified (a page is read, the file is still the same) before it is leased.
  std::chrono::milliseconds verifyAfter = std::chrono::seconds{30};
  /// A lease held for longer is reported as a leak, once, with the place that took it. Zero: never.
  std::chrono::milliseconds leakThreshold = std::chrono::minutes{1};
  /// A lease held for longer is forced back: its statements are interrupted and the handle is replaced when the
  /// holder lets go. Zero: never; otherwise at least leakThreshold, so that a lease is reported before it is forced.
  std::chrono::milliseconds forceCleanupAfter = std::chrono::milliseconds{0};
  /// Who runs housekeeping. Without threads (HOLDFAST_THREADS=OFF) the application.
  HousekeepingMode housekeeping = kHasThreads ? HousekeepingMode::Thread : HousekeepingMode::Manual;
  /// How often. 10 ms to 1 h.
  std::chrono::milliseconds housekeepingInterval = std::chrono::seconds{10};
  /// The pause after a failed open before the slot is tried again; doubles up to 64 times this, or half of
  /// acquireTimeout where that is shorter, so that who waits its whole time sees an attempt; but never less than
  /// this. 1 ms to 10 min.
  std::chrono::milliseconds openRetryDelay = std::chrono::milliseconds{200};
  /// On: a handle that cannot be opened fails the acquire that wanted it at once. Off: the acquire goes on waiting
  /// for another handle until its timeout, and reports the cause then.
  bool propagateOpenError = true;
  /// Enforce FOREIGN KEY constraints.
  bool foreignKeys = true;
  /// Retries of transactions and of single statements that met contention.
  RetryPolicy retry;
  /// Backups that are made by themselves.
  BackupSchedule backup;
  /// Transactions of several threads share a COMMIT: at most so many, 1 to 1000; 1: each commits on its own. ...
  std::size_t groupMaxTransactions = 64;
  /// ... and none joins one that was begun longer ago. At most 10 s.
  std::chrono::milliseconds groupMaxDelay = std::chrono::milliseconds{20};
  /// Posted work is written once it is so old, at the latest, ... At most 1 h.
  std::chrono::milliseconds postDelay = std::chrono::milliseconds{100};
  /// ... or so many pieces wait, ... 1 to 100000.
  std::size_t postBatch = 256;
  /// ... or with the next transaction. So many may wait at once; post() blocks while they do. 1 to 1000000.
  std::size_t postCapacity = 8192;
  /// Let the idle write handle hold a snapshot: the newest one while reads are hot, which spares the read handles two
  /// system calls a read, and that of the last write, which spares the next one four. Until the next housekeeping round
  /// other processes cannot cut the log then. Not while others write; see docs/reading.md. Without threads: off.
  bool readAnchor = kHasThreads;
  /// Threads for async(), started when it is first used. 1 to 64.
  std::size_t asyncThreads = 1;
  /// Calls of async() that may wait for a thread; async() blocks while they do. 1 to 100000.
  std::size_t asyncCapacity = 64;

  // --- Resources -------------------------------------------------------------------------------------------------

  /// Slots of the fixed pool: one write handle and poolSize - 1 read handles; 1: one handle does both. 1 to 60; without
  /// threads 1.
  std::size_t poolSize = kHasThreads ? 4 : 1;
  /// Handles that stay open however idle, the write handle among them. 1 to poolSize.
  std::size_t minPoolSize = 1;
  /// Begin with minPoolSize handles, open another one only once a caller has waited 2 ms for a reader while memory is
  /// not short, and close it again after three rounds of housekeeping without use (or idleTimeout). Off: every caller
  /// that finds no free handle opens one, up to poolSize.
  bool dynamicSizing = false;
  /// SQLite's heap, the caches of repositories and posted work in the whole process, in bytes; 0: unlimited, else at
  /// least 256 KiB.
  /// Where several databases are open the smallest limit holds, divided over the handles of all.
  std::int64_t memoryLimit = 0;
  /// Resident memory of the process from which its caches are given back, and from 97 % of which new transactions are
  /// refused, in bytes; 0: none. Looked at by housekeeping. Else at least 1 MiB.
  std::int64_t residentLimit = 0;
  /// Heed what the device says about memory (control group, PSI): see docs/memory.md. Read by housekeeping.
  bool memorySignals = true;
  /// Directory under which its files are looked for (proc/, sys/fs/cgroup/), where they are mounted elsewhere. Empty: /.
  std::string memorySignalsRoot;
  /// Page cache of one handle, in bytes; 0: its share of memoryLimit, or 512 KiB where there is no limit; otherwise at
  /// least 16 KiB.
  std::int64_t cacheSize = 0;
  /// Prepared statements kept for each handle: at most so many, 1 to 4096, ...
  std::size_t statementCacheEntries = 64;
  /// ... and so many bytes; 0: its share of memoryLimit, or 256 KiB where there is no limit.
  std::int64_t statementCacheBytes = 0;
  /// What joins a shared COMMIT, and what posted work is due at: bound values of so many bytes. At least 4 KiB.
  std::int64_t groupMaxBytes = MiB;
  /// What one transaction, or one statement through run(), may take: page cache and statements of its handle and the
  /// pages it has already moved out to the log, in bytes. More is Error{MemoryLimit} and a rollback. 0: no bound but
  /// memoryLimit; else at least 64 KiB.
  std::int64_t maxTransactionBytes = 0;
  /// Where sorts and temporary tables spill.
  TempStore tempStore = TempStore::File;
  /// Pages of 4 KiB in the write-ahead log at which the write handle checkpoints after a commit. 16 to 262144.
  int checkpointPages = 1000;
  /// The write-ahead log stays below so many bytes. A reader that keeps an old snapshot keeps it from being begun anew:
  /// from half of this it is reported, past snapshotBudget it is interrupted, and at the limit writes wait for it until
  /// their deadline, then fail with Error{StorageFull}. Those that share one COMMIT may pass it by what they write:
  /// groupMaxBytes and maxTransactionBytes bound that. 0: sixteen times checkpointPages; else at least twice that many
  /// pages.
  std::int64_t walSizeLimit = 0;
  /// From where so many bytes, or less, are free on the file system new write transactions are refused with
  /// Error{StorageFull}, before the medium is full; pages that are unused in the database count as free. Work of
  /// Priority::Control goes on, so that rows can be deleted. 0: none.
  std::int64_t storageReserve = 0;
  /// So many bytes for the database and its log; then as with storageReserve. 0: no limit, else at least 64 KiB.
  std::int64_t storageQuota = 0;
  /// A file beside the database (its name with "-ballast") that takes so many bytes, given up when there is no room so
  /// that rows can be deleted, and laid out again when there is. 0: none, else at least 4 KiB.
  std::int64_t ballastSize = 0;
  /// checkHealth() proves that the database can be written by the commits that were; where there was none for so long it
  /// writes a page. Zero: each time.
  std::chrono::milliseconds writeProofInterval = std::chrono::hours{1};
  /// For flash that may ruin what lies beside a write when the power fails, within the same 4 KiB: each commit fills up
  /// the page of the log that it began, so that no later one touches what is durable. Costs up to 4 KiB more a commit
  /// (docs/storage.md has the figures).
  bool carefulFlash = false;
  /// Keep the ledger of writes (flashReport()) in a file beside the database, its name with "-flash", over restarts. Two
  /// pages, of which one is written at close and for each 4 MiB or day of the account. Off: it begins with open().
  bool flashLedger = false;
  /// What the medium is rated to endure, in bytes that are written to it ("TBW"), less by how much more flash and file
  /// system write than they are given. For flashReport() to say how many days are left. 0: not known. At most 2^60.
  std::int64_t flashEndurance = 0;
  /// From so many bytes in a day of running EventKind::FlashOverBudget tells, once a day. 0: never. At most 2^60.
  std::int64_t flashDailyBudget = 0;

  /// Housekeeping reads so many bytes of the database file a minute, round after round, to find what the medium has lost
  /// before it is needed: unreadable places, and with page checksums changed ones. A share of it each round. 0: none. At
  /// most 1 GiB.
  std::int64_t scrubRate = 64 * KiB;
  /// Take the number of a commit down in a file beside the database (its name with "-commits") when it closes, and while
  /// it is written this often: open() then tells where the database is older than it was. Each time costs a page and a
  /// sync more. Zero: no such file.
  std::chrono::milliseconds commitNoteInterval = std::chrono::milliseconds{0};

  // --- Collaborators (not in JSON) -------------------------------------------------------------------------------

  /// Null: standard error from Warning upwards.
  std::shared_ptr<Logger> logger;
  /// What the schema has to become, by makeMigrator() (migration.hpp). Null: this program knows of no migrations; open() is
  /// Error{SchemaVersion} where those that the database has had shut such programs out.
  std::shared_ptr<const Migrator> migrations;
  /// Null: systemClock(). Ages, idle times and leases are measured on it.
  std::shared_ptr<const Clock> clock;

  /// Throws Error{InvalidConfig} naming the field, its value and the accepted range.
  void validate() const;

  /// Reads the fields that are present over the defaults, then validates. Throws Error{InvalidConfig} naming the key
  /// for an unknown key, a wrong type or an impossible value.
  static ConnectionConfig fromJson(const Json& json);
  /// The same from JSON text, or from a file of at most 1 MiB; Error{CannotOpen} where it cannot be read.
  static ConnectionConfig fromText(std::string_view text);
  static ConnectionConfig fromFile(const std::string& path);
};

/// Every field that JSON can carry; fromJson() of the result gives the same configuration.
Json toJson(const ConnectionConfig& config);

}  // namespace holdfast
