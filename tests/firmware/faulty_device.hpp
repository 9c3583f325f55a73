#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <string_view>

#include <holdfast/device_port.hpp>

#include "firmware/medium_image.hpp"

namespace holdfast::test {

/// A device whose medium fails from one of its changes on: writes, cuts, syncs and deletions. The first of these that
/// fails may be carried out in part, those after it store nothing. work() is a medium that came back, restart() a power
/// cut: of what no sync() has confirmed anything may be left.
class FaultyDevice final : public DevicePort {
 public:
  explicit FaultyDevice(DevicePort& inner) : inner_(inner) { setDevicePort(*this); }
  FaultyDevice(const FaultyDevice&) = delete;
  FaultyDevice& operator=(const FaultyDevice&) = delete;
  ~FaultyDevice() override { setDevicePort(inner_); }

  /// So many changes from now on succeed; then so many fail, with `how`, and none after them.
  void failAfter(int changes, int failures = kForEver, DeviceResult how = DeviceResult::Failed) {
    left_ = changes;
    failures_ = failures;
    how_ = how;
    failed_ = 0;
  }
  void work() {
    failAfter(kForEver);
    opens_ = true;
  }
  /// Failures since it was set to.
  int failed() const { return failed_; }
  static constexpr int kForEver = 1'000'000'000;

  /// The next read of so many bytes there fails, once.
  void failRead(std::int64_t offset, std::size_t bytes) {
    failingOffset_ = offset;
    failingBytes_ = bytes;
  }
  /// From here on no file can be opened.
  void refuseToOpen(DeviceResult why = DeviceResult::Failed) {
    opens_ = false;
    whyNot_ = why;
  }
  /// From here on sync() says Ok and does nothing.
  void loseSyncs() { syncs_ = false; }

  /// The power has gone, and is there again: what is on the medium goes by CutLuck. No file may be open.
  void restart(std::uint32_t seed) {
    CutLuck luck(seed);
    for (MediumImage& image : images_) {
      image.cutPower(luck);
      inner_.remove(image.name().c_str());
      if (image.exists()) store(image);
    }
    work();
  }
  bool hasOpenFiles() const {
    return std::any_of(files_.begin(), files_.end(), [](const File& file) { return file.inner != nullptr; });
  }
  /// Files that were deleted while they were open, against what is said of remove().
  int deletedOpenFiles() const { return deletedOpenFiles_; }

  DeviceFile* open(const char* name, bool create, DeviceResult& result) noexcept override {
    result = whyNot_;
    if (!opens_) return nullptr;
    for (File& file : files_) {
      if (file.inner != nullptr) continue;
      file.image = &imageOf(name);
      file.inner = inner_.open(name, create, result);
      file.device = this;
      return file.inner == nullptr ? nullptr : &file;
    }
    result = DeviceResult::Full;
    return nullptr;
  }
  DeviceResult remove(const char* name) noexcept override {
    for (const File& file : files_) {
      if (file.inner == nullptr || file.image->name() != name) continue;
      ++deletedOpenFiles_;
      return DeviceResult::Failed;
    }
    DeviceResult result = change();
    if (result != DeviceResult::Ok) return result;
    result = inner_.remove(name);
    if (result == DeviceResult::Ok) imageOf(name).remove();
    return result;
  }
  DeviceResult find(const char* name) noexcept override { return inner_.find(name); }
  DeviceTraits traits() const noexcept override { return promises; }
  bool randomBytes(std::span<std::byte> bytes) noexcept override {
    return hasRandomNumbers && inner_.randomBytes(bytes);
  }
  void sleep(std::chrono::nanoseconds) noexcept override {}
  void log(std::string_view text) noexcept override { inner_.log(text); }

  DeviceTraits promises{};  ///< Nothing is promised.
  bool hasRandomNumbers = true;

 private:
  struct File final : DeviceFile {
    DeviceResult read(std::int64_t offset, std::span<std::byte> bytes, std::size_t& count) noexcept override {
      if (device->mustFail(offset, bytes.size())) return DeviceResult::Failed;
      return inner->read(offset, bytes, count);
    }
    DeviceResult write(std::int64_t offset, std::span<const std::byte> bytes) noexcept override {
      const DeviceResult result = device->change();
      if (result == DeviceResult::Ok) return store(offset, bytes);
      // Torn in the middle, unless nothing may be stored.
      if (result == DeviceResult::Failed && device->failed_ == 1) store(offset, bytes.first(bytes.size() / 2));
      return result;
    }
    DeviceResult truncate(std::int64_t bytes) noexcept override {
      DeviceResult result = device->change();
      if (result != DeviceResult::Ok) return result;
      result = inner->truncate(bytes);
      if (result == DeviceResult::Ok) image->truncate(bytes);
      return result;
    }
    DeviceResult sync() noexcept override {
      DeviceResult result = device->change();
      if (result != DeviceResult::Ok || !device->syncs_) return result;
      result = inner->sync();
      if (result == DeviceResult::Ok) image->sync();
      return result;
    }
    DeviceResult size(std::int64_t& bytes) noexcept override { return inner->size(bytes); }
    void close() noexcept override {
      inner->close();
      inner = nullptr;
    }
    DeviceResult store(std::int64_t offset, std::span<const std::byte> bytes) noexcept {
      const DeviceResult result = inner->write(offset, bytes);
      if (result == DeviceResult::Ok) image->write(offset, bytes);
      return result;
    }

    FaultyDevice* device = nullptr;
    DeviceFile* inner = nullptr;
    MediumImage* image = nullptr;
  };

  DeviceResult change() noexcept {
    if (left_ > 0) {
      --left_;
      return DeviceResult::Ok;
    }
    if (failures_ == 0) return DeviceResult::Ok;
    --failures_;
    ++failed_;
    return how_;
  }
  bool mustFail(std::int64_t offset, std::size_t bytes) noexcept {
    if (offset != failingOffset_ || bytes != failingBytes_) return false;
    failingOffset_ = -1;
    return true;
  }

  MediumImage& imageOf(std::string_view name) {
    for (MediumImage& image : images_) {
      if (image.name() == name) return image;
    }
    MediumImage& image = images_.emplace_back(name);
    DeviceResult result = DeviceResult::Failed;
    DeviceFile* const file = inner_.open(image.name().c_str(), false, result);
    if (file == nullptr) return image;
    std::int64_t bytes = 0;
    file->size(bytes);
    MediumImage::Bytes content(static_cast<std::size_t>(bytes));
    std::size_t count = 0;
    file->read(0, content, count);
    file->close();
    image.adopt(std::move(content));
    return image;
  }
  void store(const MediumImage& image) {
    DeviceResult result = DeviceResult::Failed;
    DeviceFile* const file = inner_.open(image.name().c_str(), true, result);
    if (file == nullptr) return;
    file->write(0, image.content());
    file->sync();
    file->close();
  }

  DevicePort& inner_;
  std::array<File, 8> files_;
  std::list<MediumImage> images_;
  int left_ = kForEver;
  int failures_ = kForEver;
  int failed_ = 0;
  DeviceResult how_ = DeviceResult::Failed;
  bool opens_ = true;
  DeviceResult whyNot_ = DeviceResult::Failed;
  bool syncs_ = true;
  std::int64_t failingOffset_ = -1;
  std::size_t failingBytes_ = 0;
  int deletedOpenFiles_ = 0;
};

}  // namespace holdfast::test
