// The char-diffusion model (bidirectional_transformer.h): GPT-2's block without causal mask and without biases, LayerNorm with a
// gain only, rotary positions on queries and keys, GELU, a head tied to the token embedding. Names and initialisation are
// nanoGPT's: normal with deviation 0.02, and 0.02/sqrt(2 · n_layer) where a block writes into the residual stream.
#include "trainer/bidirectional_transformer.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace millrace::trainer {
namespace {

constexpr double kInitDeviation = 0.02;
constexpr double kNormEpsilon = 1e-5;
constexpr double kRotaryBase = 10000.0;
constexpr std::int64_t kMlpFactor = 4;
constexpr std::int64_t kShortSequence = 256;

/// A matrix [out, in] without bias, applied to the last dimension; also the token embedding [V, E].
struct Matrix : torch::nn::Module {
  Matrix(std::int64_t out, std::int64_t in, double deviation)
      : weight(register_parameter("weight", torch::empty({out, in}).normal_(0.0, deviation))) {}
  torch::Tensor operator()(const torch::Tensor& x) const { return at::linear(x, weight); }
  torch::Tensor weight;
};

/// LayerNorm with a gain and no bias.
struct Norm : torch::nn::Module {
  explicit Norm(std::int64_t size) : weight(register_parameter("weight", torch::ones({size}))) {}
  torch::Tensor operator()(const torch::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, {}, kNormEpsilon); }
  torch::Tensor weight;
};

double residual_deviation(const TransformerShape& shape) {
  return kInitDeviation / std::sqrt(2.0 * static_cast<double>(shape.n_layer));
}

/// softmax(q·kᵀ/√D)·v over [B, heads, L, D]. LibTorch's fused kernel cuts it into matrix products of one head and one block each;
/// in half precision on a CPU each of those costs more to set up than to do for short sequences, and spelling it out makes a step
/// of the small recipe (L = 128) take 0.6 of the time.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, double dropout) {
  const bool spelled_out = q.is_cpu() && q.scalar_type() == torch::kBFloat16 && q.size(2) <= kShortSequence;
  if (!spelled_out) return at::scaled_dot_product_attention(q, k, v, {}, dropout);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
  const auto weights = at::softmax(at::matmul(q * scale, k.transpose(2, 3)), -1);
  return at::matmul(at::dropout(weights, dropout, dropout > 0.0), v);
}

struct Attention : torch::nn::Module {
  explicit Attention(const TransformerShape& s)
      : heads(s.n_head),
        dropout(s.dropout),
        c_attn(register_module("c_attn", std::make_shared<Matrix>(3 * s.n_embd, s.n_embd, kInitDeviation))),
        c_proj(register_module("c_proj", std::make_shared<Matrix>(s.n_embd, s.n_embd, residual_deviation(s)))) {}

  torch::Tensor operator()(const torch::Tensor& x, const Rotary& rotary) const {
    const auto batch = x.size(0), length = x.size(1), width = x.size(2);
    const auto qkv = (*c_attn)(x).view({batch, length, 3, heads, width / heads});
    const auto qk = rotary.rotate(qkv.narrow(2, 0, 2));
    const auto by_head = [](const torch::Tensor& t, std::int64_t part) { return t.select(2, part).transpose(1, 2); };
    const auto mixed = attend(by_head(qk, 0), by_head(qk, 1), by_head(qkv, 2), is_training() ? dropout : 0.0);
    return at::dropout((*c_proj)(mixed.transpose(1, 2).reshape({batch, length, width})), dropout, is_training());
  }

  std::int64_t heads;
  double dropout;
  std::shared_ptr<Matrix> c_attn, c_proj;
};

struct Mlp : torch::nn::Module {
  explicit Mlp(const TransformerShape& s)
      : dropout(s.dropout),
        c_fc(register_module("c_fc", std::make_shared<Matrix>(kMlpFactor * s.n_embd, s.n_embd, kInitDeviation))),
        c_proj(register_module("c_proj", std::make_shared<Matrix>(s.n_embd, kMlpFactor * s.n_embd, residual_deviation(s)))) {}

  torch::Tensor operator()(const torch::Tensor& x) const {
    return at::dropout((*c_proj)(at::gelu((*c_fc)(x))), dropout, is_training());
  }

  double dropout;
  std::shared_ptr<Matrix> c_fc, c_proj;
};

struct Block : torch::nn::Module {
  explicit Block(const TransformerShape& s)
      : ln_1(register_module("ln_1", std::make_shared<Norm>(s.n_embd))),
        attn(register_module("attn", std::make_shared<Attention>(s))),
        ln_2(register_module("ln_2", std::make_shared<Norm>(s.n_embd))),
        mlp(register_module("mlp", std::make_shared<Mlp>(s))) {}

  torch::Tensor operator()(torch::Tensor x, const Rotary& rotary) const {
    x = x + (*attn)((*ln_1)(x), rotary);
    return x + (*mlp)((*ln_2)(x));
  }

  std::shared_ptr<Norm> ln_1;
  std::shared_ptr<Attention> attn;
  std::shared_ptr<Norm> ln_2;
  std::shared_ptr<Mlp> mlp;
};

/// Only gives the parameters nanoGPT's names: transformer.wte, transformer.h.0 …, transformer.ln_f.
struct Trunk : torch::nn::Module {
  explicit Trunk(const TransformerShape& s)
      : wte(register_module("wte", std::make_shared<Matrix>(s.vocab_size, s.n_embd, kInitDeviation))) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < s.n_layer; ++i) {
      blocks.push_back(std::make_shared<Block>(s));
      list->push_back(blocks.back());
    }
    register_module("h", list);
    ln_f = register_module("ln_f", std::make_shared<Norm>(s.n_embd));
  }

  std::shared_ptr<Matrix> wte;
  std::vector<std::shared_ptr<Block>> blocks;
  std::shared_ptr<Norm> ln_f;
};

class BidirectionalTransformer : public Model {
 public:
  explicit BidirectionalTransformer(const TransformerShape& shape)
      : dropout_(shape.dropout),
        rotary_(shape.block_size, shape.n_embd / shape.n_head),
        transformer_(register_module("transformer", std::make_shared<Trunk>(shape))) {
    register_buffer("rotary_cos", rotary_.cos);  // the same tensor under a name: it moves with the model
    register_buffer("rotary_sin", rotary_.sin);
  }

  torch::Tensor encode(const torch::Tensor& tokens) override {
    torch::Tensor x = at::dropout(at::embedding(transformer_->wte->weight, tokens), dropout_, is_training());
    for (const auto& block : transformer_->blocks) x = (*block)(x, rotary_);
    return (*transformer_->ln_f)(x);
  }

  torch::Tensor project(const torch::Tensor& hidden) override { return (*transformer_->wte)(hidden); }

 private:
  double dropout_;
  Rotary rotary_;
  std::shared_ptr<Trunk> transformer_;
};

void check(const TransformerShape& s) {
  if (s.vocab_size <= 0 || s.block_size <= 0 || s.n_layer <= 0 || s.n_head <= 0 || s.n_embd % (2 * s.n_head) != 0)
    throw std::invalid_argument("model.n_embd = " + std::to_string(s.n_embd) + " must be a multiple of 2 · n_head = " +
                                std::to_string(2 * s.n_head) + ", and every size positive");
}

}  // namespace

Rotary::Rotary(std::int64_t positions, std::int64_t head_size) {
  const auto pair = torch::arange(0, head_size, 2, torch::kFloat64) / static_cast<double>(head_size);
  const auto angles = torch::outer(torch::arange(positions, torch::kFloat64), torch::pow(kRotaryBase, -pair));
  cos = angles.cos().to(torch::kFloat32);
  sin = angles.sin().to(torch::kFloat32);
}

torch::Tensor Rotary::rotate(const torch::Tensor& x) const {
  const auto half = x.size(-1) / 2;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  shape.back() = half;
  const auto c = cos.narrow(0, 0, x.size(1)).view(shape);
  const auto s = sin.narrow(0, 0, x.size(1)).view(shape);
  const auto wide = x.to(at::promote_types(x.scalar_type(), c.scalar_type()));
  const auto a = wide.narrow(-1, 0, half), b = wide.narrow(-1, half, half);
  return at::cat({a * c - b * s, b * c + a * s}, -1).to(x.scalar_type());
}

std::shared_ptr<Model> make_bidirectional_transformer(const TransformerShape& shape) {
  check(shape);
  return std::make_shared<BidirectionalTransformer>(shape);
}

}  // namespace millrace::trainer
