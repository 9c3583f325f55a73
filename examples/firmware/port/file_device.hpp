#pragma once

#include <array>
#include <string_view>

#include <holdfast/device_port.hpp>

#include "port/stand_in.hpp"

namespace firmware {

/// Files by the C library's open(), read(), write() and lseek(). On a board without an operating system newlib hands these on to
/// the debugger (semihosting), which opens files of the host; on a host they are the host's own.
///
/// Over semihosting there is no call that syncs, and none that cuts a file: what is kept of one is written anew, which a
/// power cut may interrupt. A port to a real medium does better; the contract's tests say what is needed.
class FileDevice final : public holdfast::DevicePort {
 public:
  holdfast::DeviceFile* open(const char* name, bool create, holdfast::DeviceResult& result) noexcept override;
  holdfast::DeviceResult remove(const char* name) noexcept override;
  holdfast::DeviceResult find(const char* name) noexcept override;
  /// Of a stand-in that anybody can guess: a board has a source of its own.
  bool randomBytes(std::span<std::byte> bytes) noexcept override;
  void sleep(std::chrono::nanoseconds duration) noexcept override;
  holdfast::Timestamp timeOfDay() noexcept override;
  void log(std::string_view text) noexcept override;

 private:
  class File final : public holdfast::DeviceFile {
   public:
    holdfast::DeviceResult read(std::int64_t offset, std::span<std::byte> bytes, std::size_t& count) noexcept override;
    holdfast::DeviceResult write(std::int64_t offset, std::span<const std::byte> bytes) noexcept override;
    holdfast::DeviceResult truncate(std::int64_t bytes) noexcept override;
    holdfast::DeviceResult sync() noexcept override;
    holdfast::DeviceResult size(std::int64_t& bytes) noexcept override;
    void close() noexcept override;

   private:
    friend class FileDevice;

    static constexpr std::size_t kLongestName = 255;
    int descriptor_ = -1;
    std::array<char, kLongestName + 1> name_{};
  };

  std::array<File, 8> files_;
  GuessableRandom random_;
};

}  // namespace firmware
