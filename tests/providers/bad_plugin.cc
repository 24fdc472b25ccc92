// Shared libraries that must be refused; a BAD_… macro chooses one.
#include <memory>
#include <stdexcept>

#include "config/errors.h"
#include "config/stream_settings.h"
#include "providers/plugin.h"

namespace bad_plugin {
namespace {

using namespace millrace;

class Zeros final : public providers::RowProvider {
 public:
  explicit Zeros(const config::Options& options) {
    meta_.provider = "zeros";
    meta_.data_seed = options.data.data_seed;
    meta_.settings = config::stream_settings(options);
    meta_.schema.fields = {
        {"x", proto::WireType::kU8, proto::LogicalType::kI64, {1}, proto::Role::kInput, false}};
    meta_.sizes = {proto::kEndless, 0, 0};
#ifdef BAD_SETTINGS
    meta_.settings["block_size"] = "1";
#endif
    meta_.fingerprint = proto::fingerprint_of(meta_);
#ifdef BAD_FINGERPRINT
    meta_.fingerprint = "0123456789abcdef";
#endif
  }
  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(proto::Split, std::uint64_t, std::optional<std::uint8_t>,
                const proto::BatchView& row) const override {
    row.values<std::uint8_t>(0)[0] = 0;
  }

 private:
  proto::StreamMeta meta_;
};

std::unique_ptr<providers::DataProvider> make_zeros(const config::Options& options) {
#ifdef BAD_RECIPE
  throw config::UsageError("zeros take no recipe of block_size " +
                           std::to_string(options.provider.block_size));
#endif
  return std::make_unique<Zeros>(options);
}

}  // namespace
}  // namespace bad_plugin

#if defined(BAD_VERSION) || defined(BAD_BUILD)
extern "C" const millrace::providers::Plugin* millrace_provider() {
  static millrace::providers::Plugin plugin{.make = bad_plugin::make_zeros};
#ifdef BAD_VERSION
  plugin.version = 999;
#else
  plugin.options_bytes = 8;
#endif
  return &plugin;
}
#else
MILLRACE_PROVIDER(bad_plugin::make_zeros)
#endif
