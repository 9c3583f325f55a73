// The backup before a migration, and what puts it back.

#include "connection/database_copy.hpp"
#include "core/port/files.hpp"
#include "core/text.hpp"
#include "pool/pool_migrations.hpp"
#include "storage/backup_target.hpp"
#include "storage/trial_undo.hpp"

namespace holdfast {

std::string ConnectionPool::Core::Migrating::backUp(Core& core, Connection& writer, const std::string& wanted) {
  constexpr int kPagesAtATime = 1000;
  const auto start = std::chrono::steady_clock::now();
  BackupTarget target(wanted.empty() ? core.path + ".before-migration" : wanted, core.path, 0, &Core::isOpenFile);
  ContentFacts facts;
  std::vector<std::string> warnings;
  target.begin();
  {
    DatabaseCopy copy(writer.impl(), target.part());
    facts = copy.facts();
    while (!copy.step(kPagesAtATime)) {
    }
    copy.finish();
  }
  target.verify(facts, {});
  target.publish(warnings);
  for (const std::string& warning : warnings) core.log(LogLevel::Warning, {warning});
  core.publish(EventKind::BackupMade, 0,
               {target.path(), ": ", formatBytes(facts.pages * facts.pageBytes), " in ",
                formatDuration(std::chrono::steady_clock::now() - start)});
  return target.path();
}

void ConnectionPool::Core::Migrating::putBack(Core& core, const std::string& backup, UndoneMigration& undone) {
  int error = 0;
  const std::string& scheduled = core.config.backup.path;
  TrialUndo undo(core.path, scheduled.empty() ? scheduled : port::absolutePath(scheduled, error));
  core.exchangeFile([&] { undo.run(backup, undone); });
}

}  // namespace holdfast
