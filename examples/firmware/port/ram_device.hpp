#pragma once

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/device_port.hpp>

#include "port/stand_in.hpp"

namespace firmware {

/// Files in RAM: gone after a reset. For tests, and as the shortest port there can be.
class RamDevice final : public holdfast::DevicePort {
 public:
  holdfast::DeviceFile* open(const char* name, bool create, holdfast::DeviceResult& result) noexcept override;
  holdfast::DeviceResult remove(const char* name) noexcept override;
  holdfast::DeviceResult find(const char* name) noexcept override;
  holdfast::DeviceTraits traits() const noexcept override;
  /// Of a stand-in that anybody can guess: a board has a source of its own.
  bool randomBytes(std::span<std::byte> bytes) noexcept override;
  void sleep(std::chrono::nanoseconds duration) noexcept override;
  void log(std::string_view text) noexcept override;

  /// Deletes every file whose name begins so; none may be open.
  void removeAll(std::string_view beginning) noexcept;
  /// From here on all files together may hold so many bytes; more is DeviceResult::Full.
  void setCapacity(std::size_t bytes) noexcept { capacity_ = bytes; }

 private:
  class File;

  std::list<File>::iterator locate(std::string_view name) noexcept;
  std::size_t usedBytes() const noexcept;

  std::list<File> files_;
  std::size_t capacity_ = static_cast<std::size_t>(-1);
  GuessableRandom random_;
};

/// A file's content. Only RamDevice makes them.
class RamDevice::File final : public holdfast::DeviceFile {
 public:
  File(RamDevice& device, std::string_view name) : device_(&device), name_(name) {}

  holdfast::DeviceResult read(std::int64_t offset, std::span<std::byte> bytes, std::size_t& count) noexcept override;
  holdfast::DeviceResult write(std::int64_t offset, std::span<const std::byte> bytes) noexcept override;
  holdfast::DeviceResult truncate(std::int64_t bytes) noexcept override;
  holdfast::DeviceResult sync() noexcept override { return holdfast::DeviceResult::Ok; }
  holdfast::DeviceResult size(std::int64_t& bytes) noexcept override;
  void close() noexcept override {}

  const std::string& name() const noexcept { return name_; }

 private:
  friend class RamDevice;

  RamDevice* device_;
  std::string name_;
  std::vector<std::byte> content_;
};

}  // namespace firmware
