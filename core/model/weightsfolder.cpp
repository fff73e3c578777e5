// SPDX-License-Identifier: GPL-3.0-or-later
// Weights from the safetensors files of a Hugging Face folder, sharded or not.
#include "core/base/error.h"
#include "core/base/filesource.h"
#include "core/base/text.h"
#include "core/cache/torchdtype.h"
#include "core/formats/jsontext.h"
#include "core/formats/safetensors.h"
#include "core/model/textfile.h"
#include "core/model/weights.h"
#include <ATen/ops/empty.h>
#include <filesystem>
#include <map>
#include <set>

namespace pikv {
namespace {

namespace fs = std::filesystem;

struct Shard {
    explicit Shard(const std::string& path)
        : file(path)
        , header(readSafetensors(file))
    {
    }
    FileSource file;
    SafetensorsHeader header;
};

at::ScalarType weightType(DType dtype, const std::string& where)
{
    if (dtype != DType::F32 && dtype != DType::F16 && dtype != DType::BF16 && dtype != DType::F64)
        throw inputError(where + " has the type " + std::string(dtypeName(dtype)) + ", which weights cannot have");
    return torchType(dtype);
}

class FolderWeights final : public WeightSource {
public:
    explicit FolderWeights(const std::string& folder)
        : m_folder(folder)
    {
        for (const std::string& name : fileNames()) {
            auto shard = std::make_shared<Shard>(folder + "/" + name);
            for (const TensorEntry& entry : shard->header.tensors)
                if (!m_tensors.emplace(entry.name, Place { shard, &entry }).second)
                    throw inputError(
                        shard->file.name() + ": the tensor " + inQuotes(entry.name) + " is in another file, too");
        }
    }
    bool has(const std::string& name) const override { return m_tensors.contains(name); }
    at::Tensor read(const std::string& name, const std::vector<std::int64_t>& shape) const override
    {
        const auto it = m_tensors.find(name);
        if (it == m_tensors.end())
            throw inputError(m_folder + ": the tensor " + inQuotes(name) + " is missing");
        const auto& [shard, entry] = it->second;
        const std::string where = shard->file.name() + ": the tensor " + inQuotes(name);
        if (entry->shape != shape)
            throw inputError(where + " is " + shapeText(entry->shape) + "; " + shapeText(shape) + " was expected");
        const at::Tensor raw = at::empty(shape, weightType(entry->dtype, where));
        shard->file.read(entry->begin, { static_cast<std::byte*>(raw.data_ptr()), entry->bytes });
        return raw.to(at::kFloat);
    }

private:
    struct Place {
        std::shared_ptr<const Shard> shard;
        const TensorEntry* entry;
    };
    std::set<std::string> fileNames() const;

    std::string m_folder;
    std::map<std::string, Place> m_tensors;
};

std::set<std::string> FolderWeights::fileNames() const
{
    const std::string index = m_folder + "/model.safetensors.index.json";
    std::error_code ignored;
    if (!fs::exists(index, ignored)) {
        if (fs::exists(m_folder + "/model.safetensors", ignored))
            return { "model.safetensors" };
        const bool pickled = fs::exists(m_folder + "/pytorch_model.bin", ignored);
        throw inputError(m_folder + ": there is no model.safetensors"
            + (pickled ? "; convert pytorch_model.bin to safetensors" : " and no model.safetensors.index.json"));
    }
    std::set<std::string> names;
    try {
        const nlohmann::json json = parseJson(readTextFile(index), index);
        for (const auto& file : json.at("weight_map"))
            names.insert(file.get<std::string>());
    } catch (const nlohmann::json::exception& error) {
        throw inputError(index + ": not the form of a weight index: " + error.what());
    }
    for (const std::string& name : names)
        if (name.empty() || name.find('/') != std::string::npos || name == ".." || !name.ends_with(".safetensors"))
            throw inputError(index + ": " + inQuotes(name) + " is no file of this folder");
    return names;
}

} // namespace

std::unique_ptr<WeightSource> openFolderWeights(const std::string& folder)
{
    return std::make_unique<FolderWeights>(folder);
}

} // namespace pikv
