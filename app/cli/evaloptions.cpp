// SPDX-License-Identifier: GPL-3.0-or-later
// Methods, provenance and warnings of pikv eval.
#include "app/cli/evaloptions.h"
#include "app/cli/invocation.h"
#include "core/eval/alike.h"
#include "core/eval/problem.h"
#include "core/study/choices.h"
#include "core/study/studyreport.h"

namespace pikv::cli {
namespace {

/// Throws Error{Usage} where the method cannot do this with the dump, which is named among several.
void requireFit(const MethodSpec& method, const CacheInfo& dump, bool several)
{
    try {
        checkMethod(method, dump);
    } catch (const Error& e) {
        throw Error(e.kind(), (several ? dump.path + ": " : std::string()) + e.what());
    }
}

} // namespace

std::vector<MethodSpec> chosenMethods(
    const EvalOptions& options, const std::vector<CachePtr>& dumps, Invocation& invocation)
{
    std::vector<MethodSpec> methods;
    for (const std::string& text : options.specs)
        methods.push_back(parseSpec(text));
    methods = options.protect.applied(methods);
    for (const MethodSpec& method : methods)
        for (const CachePtr& dump : dumps)
            requireFit(method, cacheInfo(*dump), dumps.size() > 1);
    if (!options.specs.empty())
        return methods;
    methods = openingComparison();
    if (!options.model.model.empty())
        methods.push_back(recomputeMethod(options.model.model));
    methods = options.protect.applied(methods);
    for (const CachePtr& dump : dumps)
        methods = fittingMethods(methods, cacheInfo(*dump),
            [&](const MethodSpec&, const Problem& problem) { invocation.warn("left out: " + problem.message); });
    return methods;
}

std::string provenanceOf(const EvalOptions& options, const std::vector<std::pair<CachePtr, std::string>>& fingerprints,
    const std::vector<EvaluationResult>& results)
{
    if (!options.provenance)
        return {};
    ReportFacts facts;
    for (const auto& [dump, fingerprint] : fingerprints) {
        for (const auto& fact : dumpFacts(cacheInfo(*dump)))
            facts.push_back(fact);
        facts.emplace_back("Fingerprint", fingerprint);
    }
    for (const auto& fact : studyFacts(results))
        facts.push_back(fact);
    return provenanceLines(facts);
}

void warnOfAlike(const std::vector<EvaluationResult>& results, Invocation& invocation)
{
    if (const std::string warning = alikeWarning(results); !warning.empty())
        invocation.warn(warning);
}

} // namespace pikv::cli
