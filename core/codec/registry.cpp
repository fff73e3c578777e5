// SPDX-License-Identifier: GPL-3.0-or-later
// All methods by family and id, and the parameters that each of them has.
#include "core/codec/registry.h"
#include "core/base/error.h"
#include "core/codec/compressor.h"
#include <algorithm>
#include <stdexcept>

namespace pikv {
namespace {
std::ptrdiff_t familyRank(const std::string& family)
{
    const auto& families = methodFamilies();
    return std::find(families.begin(), families.end(), family) - families.begin();
}
}

bool isReference(const MethodInfo& method) { return method.family == methodFamilies().front(); }

const std::vector<std::string>& methodFamilies()
{
    static const std::vector<std::string> families { "Reference", "Matrix factorization", "Cache reduction",
        "Distillation", "Quantization", "Eviction", "Transform coding" };
    return families;
}

const std::vector<ParamSpec>& commonParams()
{
    static const std::vector<ParamSpec> params {
        param::sinks(0, "First tokens kept at 16 bits beside the method; attention sinks need it."),
        param::folded(param::integer(
            "recent", "Protected recent", 0, 0, 65536, "tokens", "Last tokens kept at 16 bits beside the method.")),
    };
    return params;
}

Registry& Registry::instance()
{
    static Registry registry;
    return registry;
}

void Registry::add(MethodInfo info)
{
    if (find(info.id))
        throw std::logic_error("method '" + info.id + "' is registered twice");
    if (familyRank(info.family) == static_cast<std::ptrdiff_t>(methodFamilies().size()))
        throw std::logic_error("method '" + info.id + "' names the unknown family '" + info.family + "'");
    for (const ParamSpec& spec : info.params)
        checkParam(info.id, spec, spec.type == ParamType::File ? ParamValue(std::string()) : spec.defaultValue);
    for (const ParamSpec& common : commonParams()) {
        const auto sameName = [&](const ParamSpec& own) { return own.name == common.name; };
        if (std::none_of(info.params.begin(), info.params.end(), sameName))
            info.params.push_back(common);
    }
    const auto before = [](const MethodInfo& a, const MethodInfo& b) {
        const auto ra = familyRank(a.family), rb = familyRank(b.family);
        return ra != rb ? ra < rb : a.id < b.id;
    };
    m_methods.insert(std::upper_bound(m_methods.begin(), m_methods.end(), info, before), std::move(info));
}

const MethodInfo* Registry::find(std::string_view id) const
{
    const auto at = std::find_if(m_methods.begin(), m_methods.end(), [&](const MethodInfo& m) { return m.id == id; });
    return at == m_methods.end() ? nullptr : &*at;
}

const MethodInfo& Registry::get(std::string_view id) const
{
    if (const MethodInfo* method = find(id))
        return *method;
    std::string known;
    for (const MethodInfo& method : m_methods)
        known += (known.empty() ? "" : ", ") + method.id;
    throw usageError("unknown method '" + std::string(id) + "'; known are: " + known);
}

std::unique_ptr<Compressor> makeCompressor(const MethodSpec& spec)
{
    return Registry::instance().get(spec.id).make(spec.params);
}

} // namespace pikv
