// SPDX-License-Identifier: GPL-3.0-or-later
#include "goldenfile.h"
#include <ATen/ops/empty.h>

GoldenFile::GoldenFile(const QString& path)
    : m_file(path.toStdString())
    , m_header(pikv::readSafetensors(m_file))
{
}

at::Tensor GoldenFile::tensor(const std::string& name) const
{
    const pikv::TensorEntry* entry = m_header.find(name);
    if (!entry)
        throw std::runtime_error("no tensor " + name);
    const at::Tensor out = at::empty(entry->shape, entry->dtype == pikv::DType::I64 ? at::kLong : at::kFloat);
    m_file.read(entry->begin, { static_cast<std::byte*>(out.data_ptr()), entry->bytes });
    return out;
}

std::vector<std::int64_t> GoldenFile::integers(const std::string& name) const
{
    const at::Tensor values = tensor(name);
    const auto* data = values.data_ptr<std::int64_t>();
    return { data, data + values.numel() };
}
