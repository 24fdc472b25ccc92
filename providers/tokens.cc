// Windows of block_size + 1 tokens, as input and shifted target.
#include "providers/tokens.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "providers/masking/stage_schedule.h"
#include "providers/random/philox.h"
#include "providers/windows/open_datasets.h"
#include "providers/windows/token_columns.h"
#include "providers/windows/windowed_meta.h"
#include "providers/windows/windows.h"

namespace millrace::providers {
namespace {

using proto::Split;

constexpr std::uint32_t kFormatVersion = 1;
constexpr std::uint32_t kAhead = 1;

/// Columns, in the schema's order.
enum ColumnNumber : std::size_t { kX = 0, kY = 1 };

class Tokens final : public RowProvider {
 public:
  Tokens(const config::Options& options, Windows windows)
      : windows_(std::move(windows)), meta_(describe(options)) {}

  [[nodiscard]] const proto::StreamMeta& meta() const override { return meta_; }

 protected:
  void fill_row(Split split, std::uint64_t index, std::optional<std::uint8_t> /*stage*/,
                const proto::BatchView& row) const override {
    const PhiloxStream draws(meta_.data_seed, split, 0, index);
    by_type(meta_.schema.fields[kX].wire, [&]<class Token>(Token) {
      static thread_local std::vector<Token> window;
      window.resize(std::size_t{meta_.block_size} + kAhead);
      windows_.read(split, index, draws, std::span(window));
      std::copy(window.begin(), window.end() - kAhead, row.values<Token>(kX).begin());
      std::copy(window.begin() + kAhead, window.end(), row.values<Token>(kY).begin());
    });
  }

 private:
  [[nodiscard]] proto::StreamMeta describe(const config::Options& options) const;

  Windows windows_;
  proto::StreamMeta meta_;
};

proto::StreamMeta Tokens::describe(const config::Options& options) const {
  const std::uint32_t length = options.provider.block_size;
  proto::StreamMeta meta = windowed_meta(kFormatVersion, options, windows_, MaskToken::kNone);
  meta.schema.fields = {token_field("x", meta.vocab_size, length, proto::Role::kInput, false),
                        token_field("y", meta.vocab_size, length, proto::Role::kTarget, false)};
  proto::check(meta.schema);
  meta.train_stages = {"next_token"};
  meta.val_stages = {"next_token"};
  meta.fingerprint = proto::fingerprint_of(meta);
  return meta;
}

}  // namespace

std::unique_ptr<DataProvider> make_tokens(const config::Options& options) {
  refuse_schedule(options.provider);
  return std::make_unique<Tokens>(
      options, Windows(open_datasets(options), options, options.provider.block_size, kAhead));
}

}  // namespace millrace::providers
