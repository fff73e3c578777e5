// SPDX-License-Identifier: GPL-3.0-or-later
// Files of other programs built byte by byte, and what every reader of them must endure.
#pragma once
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/cache/kvcache.h"
#include "core/dumps/filecache.h"
#include "core/formats/formatregistry.h"
#include <QFile>
#include <QString>
#include <QTest>
#include <functional>

inline QString inputRefusal(const std::function<void()>& work)
{
    try {
        work();
    } catch (const pikv::Error& error) {
        return (error.kind() == pikv::ErrorKind::Input ? "" : "wrong kind: ") + QString::fromUtf8(error.what());
    }
    return {};
}

inline pikv::DumpLayout layoutOf(const pikv::Bytes& bytes, const char* name = "f")
{
    const pikv::MemorySource source(bytes, name);
    return pikv::readDump(source);
}

inline QString refusalOf(const pikv::Bytes& bytes, const char* name = "f")
{
    return inputRefusal([&] { layoutOf(bytes, name); });
}

inline std::unique_ptr<pikv::FileCache> cacheOf(const pikv::Bytes& bytes, const char* name = "f")
{
    auto source = std::make_unique<pikv::MemorySource>(bytes, name);
    pikv::DumpLayout layout = pikv::readDump(*source);
    return std::make_unique<pikv::FileCache>(name, std::move(source), std::move(layout));
}

inline std::vector<float> floatsOf(const at::Tensor& tensor)
{
    const at::Tensor flat = tensor.to(at::kFloat).contiguous();
    return { flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel() };
}

inline void writeFile(const QString& path, const pikv::Bytes& bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(reinterpret_cast<const char*>(bytes.data()), qsizetype(bytes.size())), qint64(bytes.size()));
}

inline void appendText(pikv::Bytes& out, const std::string& text)
{
    for (const char c : text)
        out.push_back(std::byte(c));
}

/// As `dtype`, which is f32, f16 or bf16.
inline void appendFloat(pikv::Bytes& out, float value, pikv::DType dtype)
{
    if (dtype == pikv::DType::F32)
        pikv::appendLe(out, value);
    else
        pikv::appendLe(out, dtype == pikv::DType::F16 ? pikv::floatToHalf(value) : pikv::floatToBfloat(value));
}

/// A multiple of a quarter that f16 and bf16 hold exactly, another one for most places.
inline float roundValue(std::size_t place) { return (float(place * 2654435761u % 251) - 125) / 4; }

/// Opens and reads it whole: succeeds or throws Error{Input}; what else it does fails the test.
inline void endures(const pikv::Bytes& bytes, const char* name, const QString& what)
{
    try {
        const auto cache = cacheOf(bytes, name);
        for (int i = 0; i < cache->layerCount(); ++i)
            cache->layer(i);
    } catch (const pikv::Error& error) {
        QVERIFY2(error.kind() == pikv::ErrorKind::Input, qPrintable(what + ": " + error.what()));
    } catch (const std::exception& error) {
        QFAIL(qPrintable(what + " threw " + error.what()));
    }
}

/// Cut at every 61st byte it is refused; with any byte of its header changed it is read or refused.
inline void enduresDamage(const pikv::Bytes& bytes, std::size_t headerBytes, const char* name = "f")
{
    for (std::size_t size = 0; size < bytes.size(); size += 61) {
        const pikv::Bytes cut(bytes.begin(), bytes.begin() + std::ptrdiff_t(size));
        QVERIFY2(!refusalOf(cut, name).isEmpty(), qPrintable(QString("cut to %1 bytes").arg(size)));
        endures(cut, name, QString("cut to %1 bytes").arg(size));
    }
    for (std::size_t at = 0; at < std::min(headerBytes, bytes.size()); ++at)
        for (const unsigned flip : { 1u, 0x80u, 0xFFu }) {
            pikv::Bytes changed = bytes;
            changed[at] ^= std::byte(flip);
            endures(changed, name, QString("byte %1 xor %2").arg(at).arg(flip));
        }
}
