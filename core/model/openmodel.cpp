// SPDX-License-Identifier: GPL-3.0-or-later
// Opens a GGUF file or a Hugging Face folder: geometry, tokenizer, weights.
#include "core/base/error.h"
#include "core/base/filesource.h"
#include "core/formats/gguf.h"
#include "core/model/languagemodel.h"
#include "core/model/textfile.h"
#include <ATen/core/grad_mode.h>
#include <filesystem>

namespace pikv {
namespace {

namespace fs = std::filesystem;

/// What stands before the weights, of either kind of model.
struct Opened {
    ModelConfig config;
    std::unique_ptr<Tokenizer> tokenizer;
    std::string tokenizerProblem;
    std::unique_ptr<WeightSource> weights;
};

/// A tokenizer that cannot be used does not stop the model from running token ids.
template <typename Make>
void makeTokenizer(Opened& out, const Make& make)
{
    try {
        out.tokenizer = std::make_unique<Tokenizer>(make());
    } catch (const Error& error) {
        out.tokenizerProblem = error.what();
        return;
    }
    if (static_cast<std::int64_t>(out.tokenizer->size()) > out.config.vocabulary)
        throw inputError(out.config.source + ": the tokenizer has " + std::to_string(out.tokenizer->size())
            + " tokens, the embedding only " + std::to_string(out.config.vocabulary) + " rows");
}

Opened openGguf(const std::string& path)
{
    const GgufHeader header = readGguf(FileSource(path));
    Opened out;
    out.config = configFromGguf(header);
    makeTokenizer(out, [&] { return vocabularyFromGguf(header); });
    out.weights = openGgufWeights(path, out.config);
    return out;
}

Opened openFolder(const std::string& folder)
{
    Opened out;
    out.config = configFromJson(folder, readTextFile(folder + "/config.json"));
    makeTokenizer(out, [&] {
        std::error_code ignored;
        const std::string file = folder + "/tokenizer.json", extra = folder + "/tokenizer_config.json";
        const std::string text = readTextFile(file);
        return vocabularyFromJson(file, text, fs::exists(extra, ignored) ? readTextFile(extra) : std::string());
    });
    out.weights = openFolderWeights(folder);
    return out;
}

ModelInfo describe(const std::string& path, const Opened& opened)
{
    const ModelConfig& c = opened.config;
    ModelInfo info;
    info.path = path;
    info.name = c.name;
    info.architecture = c.architecture;
    info.layers = c.layers;
    info.hidden = c.hidden;
    info.heads = c.heads;
    info.kvHeads = c.kvHeads;
    info.headDim = c.headDim;
    info.vocabulary = c.vocabulary;
    info.context = c.context;
    info.parameters = c.parameters();
    info.weightBytes = static_cast<std::uint64_t>(info.parameters) * sizeof(float);
    info.tokenizerProblem = opened.tokenizerProblem;
    if (opened.tokenizer) {
        info.preTokenizer = preTokenizerName(opened.tokenizer->vocabulary().pre);
        info.chatTemplate = opened.tokenizer->vocabulary().chatTemplate;
    }
    return info;
}

std::vector<InputFile> filesOf(const std::string& path)
{
    std::vector<InputFile> files;
    std::error_code ignored;
    if (!fs::is_directory(path, ignored))
        files.emplace_back(path);
    for (const auto& entry : fs::directory_iterator(path, ignored))
        if (entry.is_regular_file(ignored))
            files.emplace_back(entry.path().string());
    return files;
}

} // namespace

ModelPtr openModel(const std::string& path, const JobControl& job)
{
    const at::NoGradGuard noGrad;
    std::error_code ignored;
    std::string trimmed = path;
    while (trimmed.size() > 1 && trimmed.ends_with('/'))
        trimmed.pop_back();
    Opened opened = fs::is_directory(trimmed, ignored) ? openFolder(trimmed) : openGguf(trimmed);
    ModelInfo info = describe(trimmed, opened);
    ModelWeights weights = loadWeights(*opened.weights, opened.config, job);
    const auto model = std::make_shared<LanguageModel>(
        std::move(info), Llama(std::move(opened.config), std::move(weights)), std::move(opened.tokenizer));
    model->keepInputs(filesOf(trimmed));
    return model;
}

const Tokenizer& LanguageModel::tokenizer() const
{
    if (!m_tokenizer)
        throw inputError("The model " + m_info.name + " cannot read text: " + m_info.tokenizerProblem);
    return *m_tokenizer;
}

const ModelInfo& modelInfo(const LanguageModel& model) { return model.info(); }

Tokens tokenize(const LanguageModel& model, std::string_view text, std::size_t maxTokens)
{
    Encoding encoding = model.tokenizer().encode(text, { .maxTokens = maxTokens });
    return { std::move(encoding.ids), encoding.droppedBytes };
}

std::string detokenize(const LanguageModel& model, std::span<const std::int64_t> ids)
{
    return model.tokenizer().decode(ids);
}

std::string visibleToken(const LanguageModel& model, std::int64_t id)
{
    return model.hasTokenizer() && id >= 0 && id < static_cast<std::int64_t>(model.tokenizer().size())
        ? model.tokenizer().visibleToken(id)
        : "#" + std::to_string(id);
}

} // namespace pikv
