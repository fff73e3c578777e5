// SPDX-License-Identifier: GPL-3.0-or-later
// --model and what belongs to it, for commands that run a text and for those that continue a dump.
#include "app/cli/modeloptions.h"
#include "app/cli/invocation.h"
#include "app/cli/wholenumber.h"
#include "core/model/textfile.h"
#include "core/study/choices.h"

namespace pikv::cli {

void addModelOption(CLI::App& app, std::string& model)
{
    app.add_option("--model", model, "A GGUF file, a Hugging Face folder, or 'default' (SmolLM2-135M-Instruct)")
        ->type_name("MODEL")
        ->required();
}

ModelPtr loadModel(const std::string& model, Invocation& invocation)
{
    const std::string path = resolveModel(model);
    ModelPtr loaded = openSharedModel(path, invocation.job("Loading " + path));
    if (const std::string& problem = modelInfo(*loaded).tokenizerProblem; !problem.empty())
        invocation.warn("the model cannot read text: " + problem);
    return loaded;
}

void TextOptions::add(CLI::App& app)
{
    CLI::Option* direct = app.add_option("--text", text, "The text itself")->type_name("STR");
    app.add_option("--text-file", file, "A UTF-8 text file")->type_name("FILE")->excludes(direct);
}

std::string TextOptions::read() const
{
    if (text.empty() == file.empty())
        throw usageError("give either --text or --text-file");
    return file.empty() ? text : readPrompt(file);
}

void DumpModelOptions::add(CLI::App& app)
{
    app.add_option("--model", model,
           "Score the dump's next tokens with its model: a GGUF file, a Hugging Face folder, or 'default'")
        ->type_name("MODEL");
    app.add_option("--predict", predict, "Last tokens of the dump to predict; 0: a quarter of it, at most 128")
        ->type_name("N")
        ->check(wholeNumber());
    addSharesOption(app, klShares);
}

void addSharesOption(CLI::App& app, bool& klShares)
{
    app.add_flag("--kl-shares", klShares,
        "Also the KL that keys alone, values alone and each third of the layers cause: five more runs of the model");
}

void addControlOption(CLI::App& app, bool& control)
{
    app.add_flag("--control", control,
        "A row 'control': 16 bits against 16 bits with the sums of attention in another order, the floor below which a "
        "KL says nothing");
}

void DumpModelOptions::addControl(CLI::App& app) { addControlOption(app, control); }

std::string DumpModelOptions::path() const
{
    if (model.empty() && predict > 0)
        throw usageError("--predict needs --model");
    if (model.empty() && klShares)
        throw usageError("--kl-shares needs --model");
    if (model.empty() && control)
        throw usageError("--control needs --model");
    return model.empty() ? std::string() : resolveModel(model);
}

std::int64_t DumpModelOptions::positions(const CacheInfo& dump) const
{
    return model.empty() || predict > 0 ? predict : defaultPositions(dump);
}

ModelPtr DumpModelOptions::load(const std::vector<CachePtr>& dumps, Invocation& invocation) const
{
    if (path().empty())
        return nullptr;
    ModelPtr loaded = loadModel(model, invocation);
    for (const CachePtr& dump : dumps)
        (void)splitDump(*loaded, dump, positions(cacheInfo(*dump)));
    return loaded;
}

std::shared_ptr<NextTokenSession> DumpModelOptions::open(const Study& study, Invocation& invocation) const
{
    if (path().empty())
        return nullptr;
    const ModelPtr loaded = loadModel(model, invocation);
    return study.openNextToken(loaded, predict, false, invocation.job("Baseline"));
}

} // namespace pikv::cli
