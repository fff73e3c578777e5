// SPDX-License-Identifier: GPL-3.0-or-later
// The header of a `.pikv` file as short metadata strings: they count as stored bytes, so they are terse.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/codec/container/containerformat.h"
#include "core/codec/container/containerlayout.h"
#include <algorithm>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

namespace pikv {
namespace {

constexpr std::int64_t maxElements = std::int64_t(1) << 40;
constexpr std::size_t maxLayers = 4096;
/// A few characters name them all: what is made of them is bounded by these alone.
constexpr std::size_t maxNamedTokens = std::size_t(1) << 24, maxScaling = std::size_t(1) << 14;

template <typename T>
T parse(std::string_view text, const char* field)
{
    T value {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw inputError(std::string("the header's ") + field + " holds '" + std::string(text) + "', not a number");
    return value;
}

/// "30*1,3,256,64,64,F16,F16;…": runs of equal layers.
std::string printLayers(const std::vector<LayerShape>& layers)
{
    std::string text;
    for (std::size_t i = 0, run = 1; i < layers.size(); i += run) {
        for (run = 1; i + run < layers.size() && layers[i + run] == layers[i];)
            ++run;
        const LayerShape& l = layers[i];
        text += text.empty() ? "" : ";";
        text += std::to_string(run) + "*";
        for (std::int64_t n : { l.batch, l.kvHeads, l.seq, l.keyDim, l.valueDim })
            text += std::to_string(n) + ",";
        text += std::string(safetensorsName(l.keyDtype)) + "," + std::string(safetensorsName(l.valueDtype));
    }
    return text;
}

DType parseDtype(const std::string& text)
{
    const auto dtype = dtypeFromSafetensors(text);
    if (!dtype || !isCacheDtype(*dtype))
        throw inputError("the header's layers name the dtype '" + text + "'");
    return *dtype;
}

std::vector<LayerShape> parseLayers(const std::string& text)
{
    std::vector<LayerShape> layers;
    for (const std::string& run : splitTopLevel(text, ';')) {
        const auto star = run.find('*');
        const auto fields = splitTopLevel(star == std::string::npos ? "" : run.substr(star + 1), ',');
        if (fields.size() != 7)
            throw inputError("the header's layers hold '" + run + "'");
        const auto count = parse<std::uint32_t>(run.substr(0, star), "layers");
        LayerShape shape;
        std::int64_t* dims[] = { &shape.batch, &shape.kvHeads, &shape.seq, &shape.keyDim, &shape.valueDim };
        for (int i = 0; i < 5; ++i) {
            *dims[i] = parse<std::int64_t>(fields[static_cast<std::size_t>(i)], "layers");
            if (*dims[i] < 1 || *dims[i] > maxDimension)
                throw inputError("the header's layers have a dimension outside 1 to 2^31");
        }
        std::int64_t rest = maxElements;
        for (const std::int64_t dim : { shape.batch, shape.kvHeads, shape.seq, std::max(shape.keyDim, shape.valueDim) })
            rest /= dim;
        if (rest == 0)
            throw inputError("the header claims more than 2^40 elements in a layer");
        shape.keyDtype = parseDtype(fields[5]);
        shape.valueDtype = parseDtype(fields[6]);
        if (count > maxLayers || layers.size() + count > maxLayers)
            throw inputError("the header claims more than " + std::to_string(maxLayers) + " layers");
        layers.insert(layers.end(), count, shape);
    }
    return layers;
}

/// "0+256,300+8": runs of consecutive positions.
std::string printPositions(const std::vector<std::int64_t>& positions)
{
    std::string text;
    for (std::size_t i = 0, run = 1; i < positions.size(); i += run) {
        for (run = 1; i + run < positions.size() && positions[i + run] == positions[i] + std::int64_t(run);)
            ++run;
        text += (text.empty() ? "" : ",") + std::to_string(positions[i]) + "+" + std::to_string(run);
    }
    return text;
}

std::vector<std::int64_t> parsePositions(const std::string& text, std::size_t limit)
{
    std::vector<std::int64_t> positions;
    for (const std::string& run : splitTopLevel(text, ',')) {
        const auto plus = run.find('+');
        const auto first = parse<std::int64_t>(run.substr(0, plus), "positions");
        const auto count = plus == std::string::npos ? 0 : parse<std::size_t>(run.substr(plus + 1), "positions");
        if (count > limit || positions.size() + count > limit)
            throw inputError("the header has more positions than the cache has rows, or than 2^24");
        for (std::size_t i = 0; i < count; ++i)
            positions.push_back(first + std::int64_t(i));
    }
    return positions;
}

/// "10,38;0,48": of each sequence, how many rows are hidden, then visible, then hidden, …
std::string printMask(const std::vector<std::uint8_t>& visible, std::int64_t seq)
{
    std::string text;
    for (std::size_t i = 0; i < visible.size() && seq > 0; i += static_cast<std::size_t>(seq)) {
        text += i == 0 ? "" : ";";
        const auto end = std::min(visible.size(), i + static_cast<std::size_t>(seq));
        bool shown = false;
        for (std::size_t at = i; at < end; shown = !shown) {
            std::size_t run = 0;
            while (at + run < end && (visible[at + run] != 0) == shown)
                ++run;
            text += (at == i && !shown ? "" : ",") + std::to_string(run);
            at += run;
        }
    }
    return text;
}

std::vector<std::uint8_t> parseMask(const std::string& text, std::size_t batch, std::size_t seq)
{
    std::vector<std::uint8_t> visible;
    for (const std::string& item : splitTopLevel(text, ';')) {
        const std::size_t end = visible.size() + seq;
        std::uint8_t shown = 0;
        for (const std::string& run : splitTopLevel(item, ',')) {
            const auto count = parse<std::size_t>(run, "mask");
            if (count > end - visible.size())
                throw inputError("the header's mask has more rows than the cache");
            if (visible.size() + count > maxNamedTokens)
                throw inputError("the header's mask has more than 2^24 rows");
            visible.insert(visible.end(), count, std::exchange(shown, std::uint8_t(1 - shown)));
        }
        if (visible.size() != end)
            throw inputError("the header's mask has fewer rows than the cache");
    }
    if (visible.size() != batch * seq)
        throw inputError("the header's mask is not one of each sequence");
    return visible;
}

/// "post half 100000 64": state, layout, base, rotated channels; a scaling rule follows as JSON text.
std::string printRope(const RopeInfo& rope)
{
    static constexpr const char* states[] = { "unknown", "post", "pre" };
    static constexpr const char* layouts[] = { "unknown", "half", "interleaved" };
    char theta[40] = "-";
    if (rope.theta)
        *std::to_chars(theta, theta + sizeof theta - 1, *rope.theta).ptr = 0;
    std::string text = std::string(states[static_cast<int>(rope.state)]) + " " + layouts[static_cast<int>(rope.layout)]
        + " " + theta + " " + std::to_string(rope.dim);
    return rope.scaling.empty() ? text : text + " " + rope.scaling;
}

RopeInfo parseRope(const std::string& text)
{
    std::vector<std::string> fields;
    std::size_t start = 0;
    while (fields.size() < 4 && start <= text.size()) {
        const auto space = std::min(text.find(' ', start), text.size());
        fields.push_back(text.substr(start, space - start));
        start = space + 1;
    }
    if (fields.size() < 4)
        throw inputError("the header's rope holds '" + text + "'");
    RopeInfo rope;
    using enum RopeInfo::State;
    rope.state = fields[0] == "post" ? Post : fields[0] == "pre" ? Pre : Unknown;
    rope.layout = fields[1] == "half" ? RopeInfo::Layout::Half
        : fields[1] == "interleaved"  ? RopeInfo::Layout::Interleaved
                                      : RopeInfo::Layout::Unknown;
    if (fields[2] != "-")
        rope.theta = parse<double>(fields[2], "rope");
    rope.dim = parse<int>(fields[3], "rope");
    rope.scaling = start <= text.size() ? text.substr(start) : "";
    if (rope.scaling.size() > maxScaling) // kept for every layer
        throw inputError("the header's rope has a scaling rule of more than 16 KiB");
    return rope;
}

/// A JSON array of runs of equal layers: ["5*post half 10000 0","1*post half 1000000 0"].
std::string printRopes(const std::vector<RopeInfo>& ropes)
{
    nlohmann::json runs = nlohmann::json::array();
    for (std::size_t i = 0, run = 1; i < ropes.size(); i += run) {
        for (run = 1; i + run < ropes.size() && ropes[i + run] == ropes[i];)
            ++run;
        runs.push_back(std::to_string(run) + "*" + printRope(ropes[i]));
    }
    return runs.dump();
}

std::vector<RopeInfo> parseRopes(const std::string& text, std::size_t layers)
{
    const nlohmann::json runs = nlohmann::json::parse(text, nullptr, false);
    if (!runs.is_array())
        throw inputError("the header's ropes are no list");
    std::vector<RopeInfo> ropes;
    for (const nlohmann::json& run : runs) {
        const std::string entry = run.is_string() ? run.get<std::string>() : std::string();
        const auto star = entry.find('*');
        const auto count = parse<std::size_t>(std::string_view(entry).substr(0, star), "ropes");
        if (star == std::string::npos || count > layers - ropes.size())
            throw inputError("the header's ropes hold '" + entry + "'");
        ropes.insert(ropes.end(), count, parseRope(entry.substr(star + 1)));
    }
    if (ropes.size() != layers)
        throw inputError("the header's ropes are not one of each layer");
    return ropes;
}

std::string printNumbers(const std::vector<int>& numbers)
{
    std::string text;
    for (const int number : numbers)
        text += (text.empty() ? "" : ",") + std::to_string(number);
    return text;
}

std::vector<int> parseNumbers(const std::string& text, std::size_t layers)
{
    std::vector<int> numbers;
    for (const std::string& number : splitTopLevel(text, ','))
        numbers.push_back(parse<int>(number, "numbers"));
    if (numbers.size() != layers || !std::is_sorted(numbers.begin(), numbers.end(), std::less_equal<>())
        || (!numbers.empty() && (numbers.front() < 0 || numbers.back() >= int(maxLayers))))
        throw inputError("the header's layer numbers '" + text + "' do not fit its layers");
    return numbers;
}

std::int64_t rowsOf(const std::vector<LayerShape>& layers)
{
    std::int64_t rows = 0;
    for (const LayerShape& layer : layers)
        rows = std::max(rows, layer.seq);
    return rows;
}

const std::string& field(const std::map<std::string, std::string>& metadata, const char* name)
{
    const auto at = metadata.find(name);
    if (at == metadata.end())
        throw inputError(std::string("the header lacks '") + name + "'");
    return at->second;
}

} // namespace

std::map<std::string, std::string> headerToMetadata(const EncodedHeader& header)
{
    std::map<std::string, std::string> metadata {
        { "kv_format", header.calibration ? ContainerFormat::calibration : ContainerFormat::cache },
        { "spec", header.spec }, { "seed", std::to_string(header.seed) }, { "layers", printLayers(header.layers) },
        { "rope", printRope(header.rope) }
    };
    if (!header.model.empty())
        metadata["model"] = header.model;
    if (!header.positions.empty())
        metadata["positions"] = printPositions(header.positions);
    if (!header.layerNumbers.empty())
        metadata["numbers"] = printNumbers(header.layerNumbers);
    if (!header.layerRopes.empty())
        metadata["ropes"] = printRopes(header.layerRopes);
    if (!header.visible.empty())
        metadata["mask"] = printMask(header.visible, rowsOf(header.layers));
    if (header.hasKeep)
        metadata["keep"] = "1";
    return metadata;
}

EncodedHeader headerFromMetadata(const std::map<std::string, std::string>& metadata)
{
    EncodedHeader header;
    header.calibration = field(metadata, "kv_format") == ContainerFormat::calibration;
    header.spec = field(metadata, "spec");
    header.seed = parse<std::uint64_t>(field(metadata, "seed"), "seed");
    header.layers = parseLayers(field(metadata, "layers"));
    header.rope = parseRope(field(metadata, "rope"));
    if (const auto at = metadata.find("model"); at != metadata.end())
        header.model = at->second;
    if (const auto at = metadata.find("keep"); at != metadata.end())
        header.hasKeep = parse<int>(at->second, "keep") != 0;
    alignLayers(header.layers);
    const std::int64_t rows = rowsOf(header.layers);
    if (const auto at = metadata.find("numbers"); at != metadata.end())
        header.layerNumbers = parseNumbers(at->second, header.layers.size());
    if (const auto at = metadata.find("ropes"); at != metadata.end())
        header.layerRopes = parseRopes(at->second, header.layers.size());
    if (const auto at = metadata.find("mask"); at != metadata.end())
        header.visible
            = parseMask(at->second, static_cast<std::size_t>(header.layers.empty() ? 0 : header.layers[0].batch),
                static_cast<std::size_t>(std::min<std::int64_t>(rows, maxDimension)));
    if (const auto at = metadata.find("positions"); at != metadata.end())
        header.positions = parsePositions(at->second, std::min(maxNamedTokens, static_cast<std::size_t>(rows)));
    if (!header.positions.empty() && header.positions.size() != static_cast<std::size_t>(rows))
        throw inputError("the header has " + std::to_string(header.positions.size()) + " positions for "
            + std::to_string(rows) + " rows");
    return header;
}

} // namespace pikv
