#include "connection/connection_impl.hpp"

namespace holdfast {

std::uint64_t Connection::Impl::commitMark() const { return loggedPages.value(); }

}  // namespace holdfast
