#pragma once

// What the library was built with: 1, or 0 where the build left it out (HOLDFAST_REPOSITORY=OFF and so on). The build defines
// what is left out for the library and for whoever links it.

/// Repositories: structs in tables. repository.hpp and what belongs to it.
#if !defined(HOLDFAST_REPOSITORY)
#define HOLDFAST_REPOSITORY 1
#endif

/// JSON by nlohmann_json: fromJson(), toJson(), columns of that type, JsonRepository.
#if !defined(HOLDFAST_JSON)
#define HOLDFAST_JSON 1
#endif

/// Posted work, calls on the pool's own threads, futures: post(), async() and future.hpp.
#if !defined(HOLDFAST_ASYNC)
#define HOLDFAST_ASYNC 1
#endif

/// Threads: several handles, HOLDFAST_ASYNC, a housekeeper. platform.hpp says what there is without.
#if !defined(HOLDFAST_THREADS)
#define HOLDFAST_THREADS 1
#endif

namespace holdfast::detail {

/// To be asked in a template: the compiler looks at it where the template is used.
template <typename...>
inline constexpr bool kHasAsync = HOLDFAST_ASYNC != 0;

}  // namespace holdfast::detail
