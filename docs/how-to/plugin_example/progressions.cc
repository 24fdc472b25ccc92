// The provider of tests/providers/example_provider.cc in a shared library: one line more.
#include "providers/plugin.h"
#include "tests/providers/example_provider.h"

MILLRACE_PROVIDER(millrace::providers::make_progressions)
