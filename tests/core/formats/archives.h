// SPDX-License-Identifier: GPL-3.0-or-later
// Builds zip archives and pickles by hand, sound and unsound, for tests.
#pragma once
#include "core/base/bytes.h"
#include <QByteArray>
#include <QList>
#include <cstdint>
#include <string>
#include <vector>

namespace pikvtest {

inline pikv::Bytes asFile(const QByteArray& bytes)
{
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.constData());
    return { begin, begin + bytes.size() };
}

template <typename T>
QByteArray little(T value)
{
    return { reinterpret_cast<const char*>(&value), sizeof value };
}

struct ZipEntry {
    QByteArray name, content; ///< as it is in the archive
    std::uint16_t method = 0, flags = 0;
    std::int64_t size = -1; ///< of the content that is claimed; -1: that of `content`
    std::int64_t header = -1; ///< offset of the local header that is claimed; -1: where it is
};

/// An archive as torch.save writes it: no sizes in the local headers. With `wide`, sizes and offsets are in zip64's
/// fields alone.
inline QByteArray zipArchive(const QList<ZipEntry>& entries, bool wide = false)
{
    QByteArray file, directory;
    for (const ZipEntry& e : entries) {
        const auto header = std::uint64_t(e.header < 0 ? file.size() : e.header);
        const auto packed = std::uint64_t(e.content.size()), size = e.size < 0 ? packed : std::uint64_t(e.size);
        const auto names = little(std::uint16_t(e.name.size()));
        const auto shortened
            = [&](std::uint64_t value) { return little(wide ? ~std::uint32_t(0) : std::uint32_t(value)); };
        file += "PK\3\4" + little(std::uint16_t(20)) + little(e.flags) + little(e.method) + QByteArray(16, '\0') + names
            + little(std::uint16_t(6)) + e.name + QByteArray("FB\2\0ZZ", 6) + e.content;
        const QByteArray extra = wide
            ? little(std::uint16_t(1)) + little(std::uint16_t(24)) + little(size) + little(packed) + little(header)
            : QByteArray();
        directory += "PK\1\2" + little(std::uint32_t(0x00140014)) + little(e.flags) + little(e.method)
            + QByteArray(8, '\0') + shortened(packed) + shortened(size) + names + little(std::uint16_t(extra.size()))
            + QByteArray(10, '\0') + shortened(header) + e.name + extra;
    }
    const auto begin = std::uint64_t(file.size()), bytes = std::uint64_t(directory.size()),
               count = std::uint64_t(entries.size());
    file += directory;
    if (wide)
        file += "PK\6\6" + little(std::uint64_t(44)) + QByteArray(12, '\0') + little(count) + little(count)
            + little(bytes) + little(begin) + "PK\6\7" + little(std::uint32_t(0)) + little(begin + bytes)
            + little(std::uint32_t(1));
    const std::uint16_t few = wide ? 0xFFFF : std::uint16_t(count);
    const auto last = [&](std::uint64_t value) { return little(wide ? ~std::uint32_t(0) : std::uint32_t(value)); };
    return file + "PK\5\6" + QByteArray(4, '\0') + little(few) + little(few) + last(bytes) + last(begin)
        + QByteArray(2, '\0');
}

/// Instructions of a pickle of protocol 2; the values are what the functions return, put one behind the other.
namespace pickle {
inline QByteArray text(const QByteArray& text) { return "X" + little(std::uint32_t(text.size())) + text; }
inline QByteArray integer(std::int64_t value) { return QByteArray("\x8a\x08", 2) + little(value); }
inline QByteArray name(const QByteArray& module, const QByteArray& name) { return "c" + module + "\n" + name + "\n"; }
inline QByteArray tuple(const QList<QByteArray>& items) { return "(" + items.join() + "t"; }
inline QByteArray list(const QList<QByteArray>& items) { return "](" + items.join() + "e"; }
inline QByteArray dict(const QList<QByteArray>& keysAndValues) { return "}(" + keysAndValues.join() + "u"; }
inline QByteArray call(const QByteArray& callee, const QList<QByteArray>& arguments)
{
    return callee + tuple(arguments) + "R";
}
inline QByteArray object(const QByteArray& type, const QByteArray& state) { return type + ")\x81" + state + "b"; }
inline QByteArray integers(const QList<std::int64_t>& values)
{
    QList<QByteArray> items;
    for (const std::int64_t v : values)
        items << integer(v);
    return tuple(items);
}
inline QByteArray whole(const QByteArray& root) { return QByteArray("\x80\x02", 2) + root + "."; }

struct Tensor {
    QList<std::int64_t> shape = { 1, 2, 3, 4 }, strides = { 24, 12, 4, 1 };
    std::int64_t offset = 0, count = 24;
    QByteArray key = "0", type = "FloatStorage", location = "cpu";
};
inline QByteArray tensor(const Tensor& t = {})
{
    const QByteArray storage
        = tuple({ text("storage"), name("torch", t.type), text(t.key), text(t.location), integer(t.count) }) + "Q";
    return call(name("torch._utils", "_rebuild_tensor_v2"),
        { storage, integer(t.offset), integers(t.shape), integers(t.strides), "\x89", "N" });
}
}

/// What torch.save writes of `root`, with storages "0" and "1" of `bytes` bytes that count up.
inline QByteArray torchFile(const QByteArray& root, qsizetype bytes = 96, QList<ZipEntry> more = {})
{
    QByteArray content(bytes, '\0');
    for (qsizetype i = 0; i < bytes; ++i)
        content[i] = char(i);
    return zipArchive(QList<ZipEntry> { { "x/data.pkl", pickle::whole(root) }, { "x/byteorder", "little" },
                          { "x/data/0", content }, { "x/data/1", content }, { "x/version", "3\n" } }
        + more);
}

} // namespace pikvtest
