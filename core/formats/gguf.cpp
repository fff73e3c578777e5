// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/formats/gguf.h"
#include "core/base/error.h"

namespace pikv {

std::int64_t GgufTensor::elements() const
{
    std::int64_t product = 1;
    for (const std::int64_t n : shape)
        product *= n;
    return product;
}

const GgufTensor* GgufHeader::find(std::string_view tensor) const
{
    const auto it = m_byName.find(tensor);
    return it == m_byName.end() ? nullptr : &m_tensors[it->second];
}

const GgufValue& GgufHeader::value(std::string_view key) const
{
    const auto it = m_metadata.find(key);
    if (it == m_metadata.end())
        throw inputError(m_name + ": the metadata lacks '" + std::string(key) + "'");
    return it->second;
}

template <typename T>
const T& GgufHeader::typed(std::string_view key, const char* what) const
{
    if (const T* found = std::get_if<T>(&value(key)))
        return *found;
    throw inputError(m_name + ": the metadata '" + std::string(key) + "' is not " + what);
}

std::int64_t GgufHeader::integer(std::string_view key) const { return typed<std::int64_t>(key, "an integer"); }
double GgufHeader::real(std::string_view key) const
{
    if (const auto* whole = std::get_if<std::int64_t>(&value(key)))
        return static_cast<double>(*whole);
    return typed<double>(key, "a number");
}
const std::string& GgufHeader::text(std::string_view key) const { return typed<std::string>(key, "a string"); }
const std::vector<std::string>& GgufHeader::texts(std::string_view key) const
{
    return typed<std::vector<std::string>>(key, "a list of strings");
}
const std::vector<std::int64_t>& GgufHeader::integers(std::string_view key) const
{
    return typed<std::vector<std::int64_t>>(key, "a list of integers");
}

} // namespace pikv
