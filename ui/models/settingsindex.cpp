// SPDX-License-Identifier: GPL-3.0-or-later
// Hashes of configurations by row. Parameters are hashed by their values: printing thousands of them takes longer than
// a frame.
#include "ui/models/settingsindex.h"
#include "core/codec/registry.h"
#include <functional>
#include <variant>

namespace pikv::ui {
namespace {

template <class T>
std::size_t hashOf(const T& value)
{
    return std::hash<T> {}(value);
}

template <class T>
std::size_t hashOf(const std::vector<T>& values)
{
    std::size_t hash = values.size();
    for (const T& value : values)
        hash = hash * 31 + hashOf(value);
    return hash;
}

/// Equal ones have equal hashes; the level and seed of an importance that has none do no harm.
std::size_t settingsHash(const EvaluationResult& result)
{
    std::size_t hash = hashOf(result.method.id);
    const auto add = [&](std::size_t next) { hash = (hash ^ next) * 0x9E3779B97F4A7C15u + (hash >> 29); };
    if (const MethodInfo* info = Registry::instance().find(result.method.id))
        for (const ParamSpec& param : info->params)
            if (result.method.params.has(param.name))
                add(std::visit(
                    [](const auto& value) { return hashOf(value); }, result.method.params.value(param.name)));
    add(std::size_t(result.importance.source));
    add(hashOf(result.importance.level));
    add(hashOf(result.importance.seed));
    return hash;
}

} // namespace

bool sameSettings(const EvaluationResult& a, const EvaluationResult& b)
{
    return a.method == b.method && a.importance == b.importance;
}

void SettingsIndex::append(const EvaluationResult& result)
{
    const std::size_t hash = settingsHash(result);
    if (m_isCurrent)
        m_rows.insert(hash, int(m_hashes.size()));
    m_hashes.append(hash);
}

void SettingsIndex::replace(int row, const EvaluationResult& result)
{
    const std::size_t hash = settingsHash(result), before = m_hashes.at(row);
    if (hash == before)
        return;
    if (m_isCurrent) {
        m_rows.remove(before, row);
        m_rows.insert(hash, row);
    }
    m_hashes[row] = hash;
}

void SettingsIndex::remove(int first, int count)
{
    m_hashes.remove(first, count);
    m_isCurrent = false;
}

void SettingsIndex::clear() { *this = {}; }

QList<int> SettingsIndex::candidates(const EvaluationResult& result) const
{
    if (!m_isCurrent) {
        m_rows.clear();
        m_rows.reserve(m_hashes.size());
        for (int row = 0; row < int(m_hashes.size()); ++row)
            m_rows.insert(m_hashes.at(row), row);
        m_isCurrent = true;
    }
    return m_rows.values(settingsHash(result));
}

} // namespace pikv::ui
