// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/filesource.h"
#include "core/formats/safetensors.h"
#include <ATen/core/Tensor.h>
#include <QString>
#include <string>
#include <vector>

/// Tensors of a safetensors file of f32 and i64.
class GoldenFile {
public:
    explicit GoldenFile(const QString& path);
    at::Tensor tensor(const std::string& name) const;
    std::vector<std::int64_t> integers(const std::string& name) const;
    std::string metadata(const std::string& key) const { return m_header.metadata.at(key); }

private:
    pikv::FileSource m_file;
    pikv::SafetensorsHeader m_header;
};
