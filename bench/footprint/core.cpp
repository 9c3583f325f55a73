// The pool, transactions, errors and metrics alone.
#include "feature.hpp"

bool useFeature(holdfast::ConnectionManager& /*db*/) { return true; }

int main(int count, char** arguments) { return runFootprint(count, arguments); }
