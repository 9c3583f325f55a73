#pragma once

#include <array>
#include <cstdint>

#include <holdfast/device_port.hpp>

namespace holdfast::test {

/// A device whose medium fails from one of its changes on: writes, cuts, syncs and deletions. What was stored before
/// stays, as after a power cut.
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
  void work() { failAfter(kForEver); }
  /// Failures since it was set to.
  int failed() const { return failed_; }
  static constexpr int kForEver = 1'000'000'000;

  DeviceFile* open(const char* name, bool create, DeviceResult& result) noexcept override {
    for (File& file : files_) {
      if (file.inner != nullptr) continue;
      file.inner = inner_.open(name, create, result);
      file.device = this;
      return file.inner == nullptr ? nullptr : &file;
    }
    result = DeviceResult::Full;
    return nullptr;
  }
  DeviceResult remove(const char* name) noexcept override {
    const DeviceResult result = change();
    return result == DeviceResult::Ok ? inner_.remove(name) : result;
  }
  DeviceResult find(const char* name) noexcept override { return inner_.find(name); }
  DeviceTraits traits() const noexcept override { return {}; }  // Nothing is promised.
  bool randomBytes(std::span<std::byte> bytes) noexcept override { return inner_.randomBytes(bytes); }
  void sleep(std::chrono::nanoseconds) noexcept override {}
  void log(std::string_view text) noexcept override { inner_.log(text); }

 private:
  struct File final : DeviceFile {
    DeviceResult read(std::int64_t offset, std::span<std::byte> bytes, std::size_t& count) noexcept override {
      return inner->read(offset, bytes, count);
    }
    DeviceResult write(std::int64_t offset, std::span<const std::byte> bytes) noexcept override {
      const DeviceResult result = device->change();
      if (result == DeviceResult::Ok) return inner->write(offset, bytes);
      // Torn in the middle, unless nothing may be stored.
      if (result == DeviceResult::Failed) inner->write(offset, bytes.first(bytes.size() / 2));
      return result;
    }
    DeviceResult truncate(std::int64_t bytes) noexcept override {
      const DeviceResult result = device->change();
      return result == DeviceResult::Ok ? inner->truncate(bytes) : result;
    }
    DeviceResult sync() noexcept override {
      const DeviceResult result = device->change();
      return result == DeviceResult::Ok ? inner->sync() : result;
    }
    DeviceResult size(std::int64_t& bytes) noexcept override { return inner->size(bytes); }
    void close() noexcept override {
      inner->close();
      inner = nullptr;
    }

    FaultyDevice* device = nullptr;
    DeviceFile* inner = nullptr;
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

  DevicePort& inner_;
  std::array<File, 8> files_;
  int left_ = kForEver;
  int failures_ = kForEver;
  int failed_ = 0;
  DeviceResult how_ = DeviceResult::Failed;
};

}  // namespace holdfast::test
