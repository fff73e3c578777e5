// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/inputfiles.h"
#include "core/model/llama.h"
#include "core/model/model.h"
#include "core/model/tokenizer.h"
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pikv {

/// Weights, tokenizer and what is known of both.
class LanguageModel {
public:
    LanguageModel(ModelInfo info, Llama llama, std::unique_ptr<Tokenizer> tokenizer)
        : m_info(std::move(info))
        , m_llama(std::move(llama))
        , m_tokenizer(std::move(tokenizer))
    {
    }
    const ModelInfo& info() const { return m_info; }
    const Llama& llama() const { return m_llama; }
    const ModelConfig& config() const { return m_llama.config(); }
    /// Throws Error{Input} with the reason where the model has none.
    const Tokenizer& tokenizer() const;
    bool hasTokenizer() const { return m_tokenizer != nullptr; }
    /// The files it was read from: no result may be written over them while it is open.
    void keepInputs(std::vector<InputFile> files) { m_files = std::move(files); }

private:
    ModelInfo m_info;
    Llama m_llama;
    std::unique_ptr<Tokenizer> m_tokenizer;
    std::vector<InputFile> m_files;
};

} // namespace pikv
