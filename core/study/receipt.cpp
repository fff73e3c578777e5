// SPDX-License-Identifier: GPL-3.0-or-later
// What goes into a receipt, its JSON, and the comparison with what is measured anew.
#include "core/study/receipt.h"
#include "core/base/filehash.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/codec/registry.h"
#include "core/eval/engineid.h"
#include "core/study/recorded.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pikv {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* scheme = "pikv-receipt-1";
constexpr double floor = 1e-6; ///< differences below it are rounding, whatever the figure

std::string hashOfText(const std::string& text)
{
    ContentHasher hasher;
    hasher.add(asBytes(text.data(), text.size()));
    return text.empty() ? std::string() : hasher.value();
}

std::map<std::string, std::string> filesOf(const MethodSpec& method, ResultStore* store, const JobControl& job)
{
    std::map<std::string, std::string> files;
    for (const ParamSpec& param : Registry::instance().get(method.id).params) {
        if (param.type != ParamType::File)
            continue;
        const std::string& value = method.params.text(param.name);
        if (const std::string path = param.isModel ? modelOfParamIfThere(value) : value; !path.empty())
            files[param.name] = hashOfFile(path, store, job);
    }
    return files;
}

bool isFigure(const MetricInfo& metric)
{
    // What derives from others, and what only changes how results are shown, would say the same again.
    return metric.group != MetricGroup::Speed && !metric.derived && !metric.part;
}

} // namespace

Receipt receiptOf(const Study& study, const std::string& fingerprint, const ReceiptModel& model,
    const std::vector<EvaluationResult>& results, ResultStore* store, const JobControl& job)
{
    Receipt receipt;
    receipt.time = timeText();
    receipt.engine = engineId();
    receipt.machine = machineText();
    receipt.dump = study.info().path;
    receipt.fingerprint = fingerprint;
    receipt.text = hashOfText(study.info().text);
    receipt.settings = study.settings();
    receipt.model = model;
    for (const EvaluationResult& result : results) {
        if (result.control) // rounding, which is another machine's own
            continue;
        ReceiptResult entry { result.method, filesOf(result.method, store, job), {} };
        for (const MetricInfo& metric : metrics())
            if (const double value = metric.value(result); isFigure(metric) && !std::isnan(value))
                entry.figures.emplace_back(std::string(metric.name), value);
        receipt.results.push_back(std::move(entry));
    }
    return receipt;
}

std::string receiptToJson(const Receipt& receipt)
{
    Json json { { "receipt", scheme }, { "time", receipt.time }, { "engine", receipt.engine },
        { "machine", receipt.machine } };
    json["dump"] = { { "path", receipt.dump }, { "fingerprint", receipt.fingerprint } };
    if (!receipt.text.empty())
        json["dump"]["text_xxh128"] = receipt.text;
    const StudySettings& settings = receipt.settings;
    json["settings"] = { { "importance", printImportance(settings.importance) }, { "seed", settings.seed },
        { "device", deviceName(settings.device) }, { "accept_nonfinite", settings.acceptNonFinite } };
    if (!receipt.model.path.empty())
        json["model"] = { { "path", receipt.model.path }, { "weights_xxh128", receipt.model.weights },
            { "predict", receipt.model.predict } };
    json["results"] = Json::array();
    for (const ReceiptResult& result : receipt.results) {
        Json entry { { "method", result.method.id + ":" + printParams(result.method) } };
        for (const auto& [param, hash] : result.files)
            entry["files_xxh128"][param] = hash;
        for (const auto& [metric, value] : result.figures)
            entry["figures"][metric] = value;
        json["results"].push_back(std::move(entry));
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Receipt readReceipt(const std::string& path)
{
    std::ifstream file(path);
    if (!file)
        throw inputError(path + ": cannot be opened for reading");
    const Json json = Json::parse(file, nullptr, false);
    if (!json.is_object() || json.value("receipt", Json()) != Json(scheme))
        throw inputError(path + ": not a receipt: it is no JSON object with \"receipt\": \"" + scheme + "\"");
    Receipt receipt;
    try {
        receipt.time = json.at("time");
        receipt.engine = json.at("engine");
        receipt.machine = json.at("machine");
        receipt.dump = json.at("dump").at("path");
        receipt.fingerprint = json.at("dump").at("fingerprint");
        receipt.text = json.at("dump").value("text_xxh128", std::string());
        const Json& settings = json.at("settings");
        receipt.settings = { parseImportance(settings.at("importance").get<std::string>()),
            parseDevice(
                settings.at("device").get<std::string>().substr(0, settings.at("device").get<std::string>().find(':'))),
            settings.at("seed").get<std::uint64_t>(), settings.at("accept_nonfinite").get<bool>() };
        if (json.contains("model"))
            receipt.model = { json.at("model").at("path"), json.at("model").at("weights_xxh128"),
                json.at("model").at("predict").get<std::int64_t>() };
        for (const Json& entry : json.at("results")) {
            ReceiptResult result { parseSpec(entry.at("method").get<std::string>()), {}, {} };
            const Json files = entry.value("files_xxh128", Json::object()); // items() refers to it
            for (const auto& [param, hash] : files.items())
                result.files[param] = hash;
            const Json figures = entry.at("figures"); // items() refers to it
            for (const auto& [metric, value] : figures.items())
                result.figures.emplace_back(metric, value.get<double>());
            if (result.figures.empty())
                throw inputError("it has no figure of " + printSpec(result.method));
            receipt.results.push_back(std::move(result));
        }
        if (receipt.results.empty())
            throw inputError("it has no figures to be checked");
    } catch (const Json::exception& e) {
        throw inputError(path + ": not a whole receipt: " + e.what());
    } catch (const Error& e) {
        throw inputError(path + ": " + e.what());
    }
    return receipt;
}

std::vector<std::string> receiptMismatches(
    const Receipt& receipt, const Study& study, ResultStore* store, const JobControl& job)
{
    std::vector<std::string> sentences;
    if (fingerprintOf(*study.cache(), store, job) != receipt.fingerprint)
        sentences.push_back(inQuotes(study.info().path) + " is another dump than the receipt's");
    if (hashOfText(study.info().text) != receipt.text)
        sentences.push_back("the text of " + inQuotes(study.info().path) + " is another one than the receipt's");
    if (!receipt.model.path.empty() && hashOfFile(receipt.model.path, store, job) != receipt.model.weights)
        sentences.push_back("the weights of " + inQuotes(receipt.model.path) + " are others than the receipt's");
    for (const ReceiptResult& result : receipt.results)
        if (filesOf(result.method, store, job) != result.files)
            sentences.push_back("a file that " + printSpec(result.method) + " names is another one than the receipt's");
    return sentences;
}

std::vector<FigureCheck> checkFigures(const ReceiptResult& then, const EvaluationResult& now)
{
    std::vector<FigureCheck> checks;
    for (const auto& [name, value] : then.figures) {
        const MetricInfo* metric = findMetric(name);
        FigureCheck check { name, value, metric ? metric->value(now) : kNoValue, 0 };
        const double size = std::max({ std::abs(value), std::abs(check.now), floor });
        check.difference = std::isnan(check.now) || std::isnan(value) ? HUGE_VAL
            : check.now == value                                      ? 0
                                                                      : std::abs(check.now - value) / size;
        checks.push_back(check);
    }
    return checks;
}

std::string agreementText(double difference, double tolerance)
{
    char text[48];
    if (difference == 0)
        return "exactly";
    if (difference > tolerance)
        std::snprintf(text, sizeof text, "not: %.2g %%", difference * 100);
    else
        std::snprintf(text, sizeof text, "within %.0e", std::pow(10.0, std::ceil(std::log10(difference))));
    return difference == HUGE_VAL ? "not: it is missing" : text;
}

} // namespace pikv
