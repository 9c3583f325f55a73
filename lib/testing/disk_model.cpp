#include <algorithm>
#include <array>
#include <string_view>

#include <holdfast/error.hpp>
#include <holdfast/testing/power_cut.hpp>

namespace holdfast::testing {
namespace {

using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t end) { return end == 0 ? 0 : random() % end; }
bool chance(Random& random, std::uint64_t percent) { return below(random, 100) < percent; }

void overwrite(std::string& content, std::size_t at, std::string_view bytes) {
  if (content.size() < at + bytes.size()) content.resize(at + bytes.size(), '\0');
  content.replace(at, bytes.size(), bytes);
}

void makeNoise(std::string& content, std::size_t at, std::size_t size, Random& random) {
  if (content.size() < at + size) content.resize(at + size, '\0');
  for (std::size_t i = at; i < at + size; ++i) content[i] = static_cast<char>(random());
}

bool isPower(std::size_t bytes) { return (bytes & (bytes - 1)) == 0; }

}  // namespace

/// What survives one cut: nothing that was under way, all of it, a part from the beginning, or any part.
class DiskModel::Survival {
 public:
  enum class Sector : std::uint8_t { New, Old, Noise, Zeros };

  Survival(const Device& device, Random& random, std::uint64_t end) : device_(device), random_(random) {
    const std::uint64_t draw = below(random, 100);
    kind_ = draw < 10 ? Kind::Nothing : draw < 20 ? Kind::Everything : draw < 50 ? Kind::InOrder : Kind::Any;
    // What was asked for last is what is most often under way.
    const std::uint64_t back = chance(random, 50) ? below(random, 8) : below(random, end + 1);
    boundary_ = end - std::min(end, back);
    constexpr std::array<std::uint64_t, 3> kShares{15, 50, 85};
    share_ = kShares[static_cast<std::size_t>(below(random, kShares.size()))];
  }

  /// For what is done as a whole or not at all.
  bool keeps(std::uint64_t order, Fate fate) {
    if (fate == Fate::Durable) return true;
    if (fate == Fate::Unknowable) return chance(random_, 50);
    switch (kind_) {
      case Kind::Nothing: return false;
      case Kind::Everything: return true;
      case Kind::InOrder: return order == boundary_ ? chance(random_, 50) : order < boundary_;
      case Kind::Any: break;
    }
    return chance(random_, share_);
  }

  void write(std::string& content, const Change& change) {
    const std::string_view bytes = change.operation->bytes;
    const auto start = static_cast<std::size_t>(change.operation->offset);
    if (change.fate == Fate::Durable) return overwrite(content, start, bytes);
    // Where it is the last one in order, its first sectors were written.
    std::uint64_t leading = below(random_, bytes.size() / device_.sectorBytes + 2);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::min(bytes.size() - at, device_.sectorBytes - (start + at) % device_.sectorBytes);
      const std::string_view part = bytes.substr(at, size);
      switch (sectorOf(change, leading)) {
        case Sector::New: overwrite(content, start + at, part); break;
        case Sector::Noise: makeNoise(content, start + at, size, random_); break;
        case Sector::Zeros: content.resize(std::max(content.size(), start + at + size), '\0'); break;
        case Sector::Old: break;
      }
      at += size;
    }
  }

 private:
  enum class Kind : std::uint8_t { Nothing, Everything, InOrder, Any };

  Sector sectorOf(const Change& change, std::uint64_t& leading) {
    bool kept = false;
    if (change.fate == Fate::UnderWay && kind_ == Kind::InOrder && change.order == boundary_) {
      kept = leading > 0;
      leading -= kept ? 1 : 0;
    } else {
      kept = keeps(change.order, change.fate);
    }
    if (kept) return Sector::New;
    if (kind_ == Kind::Nothing || !chance(random_, 20)) return Sector::Old;
    return device_.noise && chance(random_, 50) ? Sector::Noise : Sector::Zeros;
  }

  const Device& device_;
  Random& random_;
  Kind kind_ = Kind::Nothing;
  std::uint64_t boundary_ = 0;
  std::uint64_t share_ = 0;
};

DiskModel::DiskModel(const Recording& recording) {
  for (const auto& [name, content] : recording.before) {
    names_[name] = files_.size();
    files_.push_back({content, {}});
  }
}

void DiskModel::validate(const Device& device) {
  constexpr std::size_t kSmallest = 512;
  constexpr std::size_t kLargest = 65536;
  if (!isPower(device.sectorBytes) || device.sectorBytes < kSmallest || device.sectorBytes > kLargest) {
    throw Error(ErrorCode::InvalidArgument, "sectorBytes is " + std::to_string(device.sectorBytes) +
                                                "; it must be a power of two from 512 to 65536");
  }
  if (!isPower(device.damageBytes) || device.damageBytes > kLargest) {
    throw Error(ErrorCode::InvalidArgument, "damageBytes is " + std::to_string(device.damageBytes) +
                                                "; it must be 0 or a power of two up to 65536");
  }
}

void DiskModel::apply(const Operation& operation) {
  using Kind = Operation::Kind;
  const std::uint64_t order = order_++;
  switch (operation.kind) {
    case Kind::Create:
      files_.resize(std::max(files_.size(), operation.file + 1));
      nameChanges_.push_back({operation.name, operation.file, order, {}});
      break;
    case Kind::Write:
    case Kind::Truncate: files_[operation.file].changes.push_back({&operation, order, Fate::UnderWay}); break;
    case Kind::Sync: settle(files_[operation.file], Fate::Durable); break;
    case Kind::FailedSync: settle(files_[operation.file], Fate::Unknowable); break;
    case Kind::Delete: nameChanges_.push_back({operation.name, kNone, order, {}}); break;
    case Kind::Rename:
      nameChanges_.push_back({operation.other, fileCalled(operation.name), order, operation.name});
      break;
    case Kind::SyncDirectory:
      for (const NameChange& change : nameChanges_) carryOut(change, names_);
      nameChanges_.clear();
      break;
  }
}

void DiskModel::carryOut(const NameChange& change, Names& names) {
  const auto before = names.find(change.from);
  if (before != names.end() && before->second == change.file) names.erase(before);
  if (change.file == kNone) {
    names.erase(change.name);
  } else {
    names[change.name] = change.file;
  }
}

std::size_t DiskModel::fileCalled(const std::string& name) const {
  Names now = names_;
  for (const NameChange& change : nameChanges_) carryOut(change, now);
  const auto found = now.find(name);
  return found == now.end() ? kNone : found->second;
}

void DiskModel::settle(File& file, Fate fate) {
  bool allDurable = true;
  for (Change& change : file.changes) {
    if (change.fate == Fate::UnderWay) change.fate = fate;
    allDurable = allDurable && change.fate == Fate::Durable;
  }
  if (!allDurable) return;  // What cannot be known lies among them: they stay in order.
  Device device;
  Random unused;
  Survival all(device, unused, 0);
  file.base = contentAfter(file, all);
  file.changes.clear();
}

std::string DiskModel::contentAfter(const File& file, Survival& survival) const {
  std::string content = file.base;
  for (const Change& change : file.changes) {
    if (change.operation->kind == Operation::Kind::Write) {
      survival.write(content, change);
    } else if (survival.keeps(change.order, change.fate)) {
      content.resize(static_cast<std::size_t>(change.operation->offset), '\0');
    }
  }
  return content;
}

void DiskModel::damage(std::string& content, const File& file, const Device& device, Random& random) const {
  const auto isWrite = [](const Change& change) {
    return change.fate == Fate::UnderWay && change.operation->kind == Operation::Kind::Write;
  };
  const auto last = std::find_if(file.changes.rbegin(), file.changes.rend(), isWrite);
  if (device.damageBytes == 0 || last == file.changes.rend()) return;
  const std::size_t hit = static_cast<std::size_t>(static_cast<std::uint64_t>(last->operation->offset) +
                                                   below(random, last->operation->bytes.size()));
  const std::size_t begin = hit / device.damageBytes * device.damageBytes;
  const std::size_t end = std::min(content.size(), begin + device.damageBytes);
  if (begin < end) makeNoise(content, begin, end - begin, random);
}

Files DiskModel::cut(const Device& device, Random& random, const Operation* underWay) const {
  DiskModel then(*this);
  using Kind = Operation::Kind;
  const bool changes = underWay != nullptr && (underWay->kind == Kind::Write || underWay->kind == Kind::Truncate ||
                                               underWay->kind == Kind::Create || underWay->kind == Kind::Delete ||
                                               underWay->kind == Kind::Rename);
  if (changes) then.apply(*underWay);
  Survival survival(device, random, then.order_);
  for (const NameChange& change : then.nameChanges_) {
    if (survival.keeps(change.order, Fate::UnderWay)) carryOut(change, then.names_);
  }
  Files result;
  for (const auto& [name, number] : then.names_) {
    const File& file = then.files_[number];
    std::string content = then.contentAfter(file, survival);
    then.damage(content, file, device, random);
    result[name] = std::move(content);
  }
  return result;
}

Files DiskModel::live() const {
  DiskModel then(*this);
  for (File& file : then.files_) {
    for (Change& change : file.changes) change.fate = Fate::Durable;
    then.settle(file, Fate::Durable);
  }
  Operation sync;
  sync.kind = Operation::Kind::SyncDirectory;
  then.apply(sync);
  Files result;
  for (const auto& [name, number] : then.names_) result[name] = then.files_[number].base;
  return result;
}

}  // namespace holdfast::testing
