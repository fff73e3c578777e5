// SPDX-License-Identifier: GPL-3.0-or-later
// Weights from a GGUF file: names translated, blocks dequantised, rows of rotated heads put back in order.
#include "core/base/error.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/formats/gguf.h"
#include "core/model/weights.h"
#include <ATen/ops/empty.h>
#include <algorithm>
#include <array>

namespace pikv {
namespace {

struct NamePair {
    std::string_view huggingFace, gguf;
};
constexpr std::array globals {
    NamePair { "model.embed_tokens.weight", "token_embd.weight" },
    NamePair { "model.norm.weight", "output_norm.weight" },
    NamePair { "lm_head.weight", "output.weight" },
};
constexpr std::array modules {
    NamePair { "input_layernorm", "attn_norm" },
    NamePair { "self_attn.q_proj", "attn_q" },
    NamePair { "self_attn.k_proj", "attn_k" },
    NamePair { "self_attn.v_proj", "attn_v" },
    NamePair { "self_attn.o_proj", "attn_output" },
    NamePair { "self_attn.q_norm", "attn_q_norm" },
    NamePair { "self_attn.k_norm", "attn_k_norm" },
    NamePair { "post_attention_layernorm", "ffn_norm" },
    NamePair { "mlp.gate_proj", "ffn_gate" },
    NamePair { "mlp.up_proj", "ffn_up" },
    NamePair { "mlp.down_proj", "ffn_down" },
};

/// "model.layers.3.mlp.up_proj.weight" → "blk.3.ffn_up.weight"; names that both sides share come back as they are.
std::string ggufName(std::string_view name)
{
    for (const NamePair& pair : globals)
        if (pair.huggingFace == name)
            return std::string(pair.gguf);
    constexpr std::string_view prefix = "model.layers.";
    if (!name.starts_with(prefix))
        return std::string(name);
    const std::size_t number = name.find('.', prefix.size()), leaf = name.rfind('.');
    const std::string_view module = name.substr(number + 1, leaf - number - 1);
    for (const NamePair& pair : modules)
        if (pair.huggingFace == module)
            return "blk." + std::string(name.substr(prefix.size(), number - prefix.size())) + "."
                + std::string(pair.gguf) + std::string(name.substr(leaf));
    return std::string(name);
}

class GgufWeights final : public WeightSource {
public:
    GgufWeights(const std::string& path, const ModelConfig& config)
        : m_file(path)
        , m_header(readGguf(m_file))
        , m_config(config)
    {
    }
    bool has(const std::string& name) const override { return m_header.find(ggufName(name)) != nullptr; }
    at::Tensor read(const std::string& name, const std::vector<std::int64_t>& shape) const override
    {
        const GgufTensor* tensor = m_header.find(ggufName(name));
        if (!tensor)
            throw inputError(m_file.name() + ": the tensor " + inQuotes(ggufName(name)) + " is missing");
        if (tensor->shape != shape)
            throw inputError(m_file.name() + ": the tensor " + inQuotes(tensor->name) + " is "
                + shapeText(tensor->shape) + "; " + shapeText(shape) + " was expected");
        const at::Tensor values = dequantised(*tensor);
        if (m_config.architecture != "llama")
            return values;
        if (name.find("q_proj.") != std::string::npos)
            return toHalfLayout(values, m_config.heads);
        return name.find("k_proj.") != std::string::npos ? toHalfLayout(values, m_config.kvHeads) : values;
    }

private:
    at::Tensor dequantised(const GgufTensor& tensor) const;
    /// Undoes the converter's row order: inside a head, row 2i + j of the file is row j head_dim/2 + i of the model.
    static at::Tensor toHalfLayout(const at::Tensor& rows, std::int64_t heads)
    {
        const std::int64_t half = rows.size(0) / heads / 2;
        return rows.reshape({ heads, half, 2, -1 }).transpose(1, 2).reshape(rows.sizes());
    }

    FileSource m_file;
    GgufHeader m_header;
    ModelConfig m_config;
};

at::Tensor GgufWeights::dequantised(const GgufTensor& tensor) const
{
    constexpr std::uint64_t chunkBlocks = std::uint64_t { 1 } << 15; // stays in the processor's cache on its way
    const GgmlTypeInfo& info = ggmlTypeInfo(tensor.type);
    const at::Tensor out = at::empty(tensor.shape, at::kFloat);
    const auto blockBytes = static_cast<std::uint64_t>(info.blockBytes);
    const auto blockElements = static_cast<std::uint64_t>(info.blockElements);
    const std::uint64_t blocks = tensor.bytes / blockBytes;
    Bytes buffer(std::min(blocks, chunkBlocks) * blockBytes);
    auto* values = out.data_ptr<float>();
    for (std::uint64_t first = 0; first < blocks; first += chunkBlocks) {
        const std::uint64_t count = std::min(chunkBlocks, blocks - first);
        const std::span<std::byte> chunk(buffer.data(), count * blockBytes);
        m_file.read(tensor.offset + first * blockBytes, chunk);
        ggmlDequantise(tensor.type, chunk, { values + first * blockElements, count * blockElements });
    }
    return out;
}

} // namespace

std::unique_ptr<WeightSource> openGgufWeights(const std::string& path, const ModelConfig& config)
{
    return std::make_unique<GgufWeights>(path, config);
}

} // namespace pikv
