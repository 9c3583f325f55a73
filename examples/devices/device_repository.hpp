#pragma once

#include <optional>
#include <string>
#include <vector>

#include <holdfast/repository.hpp>

#include "model.hpp"

namespace devices {

class DeviceRepository : public holdfast::BaseRepository<Device> {
 public:
  using BaseRepository::BaseRepository;

  /// All devices, by name, with site, settings and tags: four queries, however many devices there are.
  std::vector<Device> list() const {
    return findMany({.orderBy = {holdfast::ascending(&Device::name)},
                     .include = {&Device::site, &Device::settings, &Device::tags}});
  }
  std::optional<Device> findByName(const std::string& name) const {
    return findOne({.where = holdfast::field(&Device::name) == name});
  }
};

}  // namespace devices
