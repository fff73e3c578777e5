// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a cache as a dump, layer by layer: the tensors of pikv-kv-1 (resources/docs/format.md), in the format of the
// file that was named.
#include "core/base/error.h"
#include "core/cache/kvcache.h"
#include "core/cache/torchdtype.h"
#include "core/dumps/dumps.h"
#include "core/formats/formatregistry.h"
#include "core/formats/nativedump.h"
#include <ATen/ops/ones.h>

namespace pikv {
namespace {

/// The tensors of a native dump in the order they are written, and the writing itself.
class DumpWriter {
public:
    DumpWriter(const KvCache& cache, const std::string& path)
        : m_cache(cache)
        , m_info(cache.info())
        , m_format(writtenFormat(path))
        , m_whole(m_format.id == nativeFormatName)
        , m_keep(m_whole && cache.hasKeep())
        , m_importance(cache.storedImportance())
        , m_mask(cache.attentionMask())
        , m_writer(m_format.write(path, describe(), nativeMetadata(m_info)))
    {
    }
    void writeCompanions();
    void writeLayer(int index);
    void commit() { m_writer->commit(); }

private:
    std::vector<TensorEntry> describe() const;
    bool hasQueries() const { return m_whole && m_info.hasQueries(); }
    std::size_t number(std::size_t layer) const { return static_cast<std::size_t>(m_info.layerNumber(layer)); }
    void write(const at::Tensor& tensor, DType dtype);
    void write(const std::vector<std::int64_t>& values);

    const KvCache& m_cache;
    const CacheInfo& m_info;
    const DumpFormat& m_format;
    /// The native dump alone has queries and keep-masks; others read keys, values and what belongs to their tokens.
    bool m_whole;
    bool m_keep;
    at::Tensor m_importance, m_mask;
    std::unique_ptr<TensorWriter> m_writer;
    std::size_t m_next = 0;
};

std::vector<TensorEntry> DumpWriter::describe() const
{
    std::vector<TensorEntry> tensors;
    const auto add = [&](std::string name, DType dtype, std::vector<std::int64_t> shape) {
        tensors.push_back({ std::move(name), dtype, std::move(shape) });
    };
    const std::int64_t batch = m_info.batch(), seq = m_info.seq();
    if (!m_info.tokenIds.empty())
        add("input_ids", DType::I64, { batch, seq });
    if (!m_info.positions.empty())
        add("positions", DType::I64, { seq });
    if (hasQueries())
        add("query_positions", DType::I64, { m_info.layers.front().queryCount });
    if (m_importance.defined())
        add("importance", DType::F32, { batch, seq });
    if (m_mask.defined())
        add("attention_mask", DType::U8, { batch, seq });
    for (std::size_t i = 0; i < m_info.layers.size(); ++i) {
        const LayerShape& l = m_info.layers[i];
        add(nativeTensorName(number(i), "key"), l.keyDtype, { l.batch, l.kvHeads, l.seq, l.keyDim });
        add(nativeTensorName(number(i), "value"), l.valueDtype, { l.batch, l.kvHeads, l.seq, l.valueDim });
        if (hasQueries())
            add(nativeTensorName(number(i), "query"), l.queryDtype, { l.batch, l.queryHeads, l.queryCount, l.keyDim });
        if (m_keep)
            add(nativeTensorName(number(i), "keep"), DType::U8, { l.batch, l.kvHeads, l.seq });
    }
    return tensors;
}

void DumpWriter::write(const at::Tensor& tensor, DType dtype)
{
    const at::Tensor plain = tensor.to(torchType(dtype)).cpu().contiguous();
    m_writer->write(m_next++, asBytes(plain.data_ptr(), plain.nbytes()));
}

void DumpWriter::write(const std::vector<std::int64_t>& values)
{
    m_writer->write(m_next++, asBytes(values.data(), values.size() * sizeof values.front()));
}

void DumpWriter::writeCompanions()
{
    if (!m_info.tokenIds.empty())
        write(m_info.tokenIds);
    if (!m_info.positions.empty())
        write(m_info.positions);
    if (hasQueries())
        write(m_info.queryPositions);
    if (m_importance.defined())
        write(m_importance, DType::F32);
    if (m_mask.defined())
        write(m_mask, DType::U8);
}

void DumpWriter::writeLayer(int index)
{
    const LayerShape& shape = m_info.layers[static_cast<std::size_t>(index)];
    const LayerKv layer = m_cache.layer(index);
    write(layer.key, shape.keyDtype);
    write(layer.value, shape.valueDtype);
    if (hasQueries())
        write(layer.query, shape.queryDtype);
    if (m_keep)
        write(layer.keep.defined() ? layer.keep : at::ones({ shape.batch, shape.kvHeads, shape.seq }, at::kByte),
            DType::U8);
}

} // namespace

std::string leftOutOnSaving(const CacheInfo& info, const std::string& path)
{
    const DumpFormat& format = writtenFormat(path);
    if (!format.leavesOut.empty())
        return format.leavesOut + " are left out: " + format.patterns.front().substr(1) + " has no place for them";
    if (format.id == nativeFormatName || !info.hasQueries())
        return {};
    return "the queries of the dump are left out: " + format.patterns.front().substr(1) + " has no place for them";
}

void saveCache(const KvCache& cache, const std::string& path, const JobControl& job)
{
    DumpWriter writer(cache, path);
    writer.writeCompanions();
    const int layers = cache.layerCount();
    for (int i = 0; i < layers; ++i) {
        job.checkpoint();
        job.report({ "Writing layer", i, layers });
        writer.writeLayer(i);
    }
    writer.commit();
    job.report({ "Writing layer", layers, layers });
}

} // namespace pikv
