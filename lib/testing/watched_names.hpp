#pragma once

#include "core/port/files.hpp"

namespace holdfast::testing {

/// What holdfast itself does with names of files, past SQLite: recorded and made to fail like SQLite's calls. New empty
/// files are recorded only.
port::NameWatch& watchedNames() noexcept;

}  // namespace holdfast::testing
