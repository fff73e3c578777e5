// SPDX-License-Identifier: GPL-3.0-or-later
// Inputs that claim, repeat or nest more than a file can hold, too large for a corpus. Each must be refused as input,
// within memory that its size bounds: so nobody's machine runs out of it by opening a file.
#include "checks.h"
#include "core/formats/formatregistry.h"
#include "countedmemory.h"
#include <cstdio>
#include <functional>
#include <zlib.h>

using namespace pikv;

namespace {

template <typename T>
std::string little(T value)
{
    return { reinterpret_cast<const char*>(&value), sizeof value };
}

std::string repeated(const std::string& text, std::size_t count)
{
    std::string all;
    all.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i)
        all += text;
    return all;
}

std::string safetensors(const std::string& json, std::size_t dataBytes = 0)
{
    return little(std::uint64_t(json.size())) + json + std::string(dataBytes, '\0');
}

/// `count` tensors without elements, named by their number.
std::string emptyTensors(std::size_t count, const std::string& prefix, const std::string& suffix = "")
{
    std::string json = "{\"__metadata__\":{}";
    for (std::size_t i = 0; i < count; ++i)
        json += ",\"" + prefix + std::to_string(i) + suffix
            + R"(":{"dtype":"F16","shape":[1,0,1,1],"data_offsets":[0,0]})";
    return safetensors(json + "}");
}

struct Member {
    std::string name, content;
    std::uint16_t method = 0;
    std::uint32_t size = 0; ///< that is claimed; 0: that of the content
};

std::string zip(const std::vector<Member>& members, bool oneHeader = false)
{
    std::string file, directory;
    for (const Member& m : members) {
        const auto at = static_cast<std::uint32_t>(oneHeader ? 0 : file.size());
        const auto packed = static_cast<std::uint32_t>(m.content.size()), size = m.size ? m.size : packed;
        const std::string sizes = little(std::uint32_t(0)) + little(packed) + little(size)
            + little(std::uint16_t(m.name.size())) + little(std::uint16_t(0));
        const std::string common = little(std::uint16_t(20)) + little(std::uint16_t(0)) + little(m.method)
            + little(std::uint32_t(0)) + sizes;
        if (!oneHeader || file.empty())
            file += "PK\3\4" + common + m.name + m.content;
        directory += "PK\1\2" + little(std::uint16_t(20)) + common + std::string(10, '\0') + little(at) + m.name;
    }
    const auto count = static_cast<std::uint16_t>(members.size());
    return file + directory + "PK\5\6" + little(std::uint32_t(0)) + little(count) + little(count)
        + little(std::uint32_t(directory.size())) + little(std::uint32_t(file.size())) + little(std::uint16_t(0));
}

std::string deflated(const std::string& content)
{
    z_stream stream {};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        std::abort();
    std::string packed(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::string torchSave(const std::string& pickle) { return zip({ { "x/data.pkl", "\x80\x02" + pickle + "." } }); }

/// Lists that hold the one before them over and over: 1000^60 values in all.
std::string memoBomb()
{
    std::string pickle("]q\0", 3);
    for (char i = 0; i < 60; ++i)
        pickle += "](" + repeated(std::string { 'h', i }, 1000) + "eq" + std::string(1, char(i + 1));
    return pickle;
}

std::string gguf(std::uint64_t tensors, std::uint64_t values, const std::string& rest = "")
{
    return "GGUF" + little(std::uint32_t(3)) + little(tensors) + little(values) + rest;
}

struct Case {
    const char* name;
    std::string bytes;
    std::uint64_t bound = 0; ///< bytes of memory beside 64 times the file's; 0: 2 MiB
};

std::vector<Case> cases()
{
    constexpr std::uint64_t huge = std::uint64_t(1) << 63;
    constexpr std::uint64_t aMillion = 256 << 20; // values with parts, which is what a pickle may have
    const std::string deep = repeated("[", 10'000);
    std::vector<Case> all {
        { "a million tensors without elements", emptyTensors(1'000'000, "x") },
        { "a million and one", emptyTensors(1'000'001, "x") },
        { "a million layers", emptyTensors(1'000'000, "layers.", ".key") },
        { "4096 layers without elements", emptyTensors(4096, "layers.", ".key") },
        { "a shape of 2^63",
            safetensors(R"({"k.0":{"dtype":"F16","shape":[9223372036854775808],"data_offsets":[0,2]}})", 2) },
        { "offsets of 2^63",
            safetensors(
                R"({"k.0":{"dtype":"F16","shape":[1],"data_offsets":[9223372036854775808,9223372036854775810]}})", 2) },
        { "overlapping offsets",
            safetensors(
                R"({"k.0":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"v.0":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}})",
                6) },
        { "a header length of 2^63", little(huge) + "{}" },
        { "a header of brackets", safetensors("{\"a\":" + deep + repeated("]", 10'000) + "}") },
        { "metadata of brackets",
            safetensors(R"({"__metadata__":{"kv_format":"pikv-kv-1","config":")" + repeated("[", 100'000)
                    + R"("},"layers.0.key":{"dtype":"F16","shape":[1,1,1,1],"data_offsets":[0,2]},"layers.0.value":{"dtype":"F16","shape":[1,1,1,1],"data_offsets":[2,4]}})",
                4) },
        { "an index of brackets", "{\"weight_map\":" + deep },
        { "nested tuples", torchSave(")" + repeated("\x85", 10'000)) },
        { "nested lists", torchSave(repeated("]", 10'000) + repeated("a", 9'999)) },
        { "nested dicts", torchSave(repeated("}N", 10'000) + "N" + repeated("s", 10'000)) },
        { "nested dicts of protocol 4", zip({ { "x/data.pkl", "\x80\x04" + repeated("}\x94", 50'000) + "." } }),
            aMillion },
        { "marks without end", torchSave(repeated("(", 1'000'000)) },
        { "lists without end", torchSave(repeated("]", 2'000'000)), aMillion },
        { "a list within itself", torchSave(std::string("]q\0h\0a", 6)) },
        { "dicts within each other", torchSave(std::string("}q\0X\x05\0\0\0cache}q\1X\x05\0\0\0cacheh\0ssh\1", 29)) },
        { "a memo bomb", torchSave(memoBomb()) },
        { "a call of os.system", torchSave("cos\nsystem\nX\4\0\0\0true\x85R") },
        { "a text of 2^63", zip({ { "x/data.pkl", "\x80\x04\x8D" + little(huge) + "." } }) },
        { "bytes of 2^63", zip({ { "x/data.pkl", "\x80\x05\x8E" + little(huge) + "." } }) },
        { "a frame of 2^63", zip({ { "x/data.pkl", "\x80\x04\x95" + little(huge) + "." } }) },
        // A pickle of 64 MiB is allowed; its stream is inflated before it is looked at.
        { "a pickle that inflates", zip({ { "x/data.pkl", deflated(std::string(32 << 20, '\0')), 8, 32u << 20 } }),
            40 << 20 },
        { "a pickle that inflates beyond", zip({ { "x/data.pkl", deflated(std::string(32 << 20, '\0')), 8, 1000 } }) },
        { "a pickle of 4 GiB", zip({ { "x/data.pkl", std::string(5'000'000, 'x'), 8, 0xFFFFFFF0u } }) },
        { "an array that inflates", zip({ { "k.npy", deflated(std::string(32 << 20, '\0')), 8, 32u << 20 } }) },
        { "a member named to lead out", zip({ { "x/data.pkl", "\x80\x02N." }, { "x/../../y", "" } }) },
    };
    std::vector<Member> same, many;
    for (int i = 0; i < 60'000; ++i) {
        same.push_back({ "m", "content" });
        many.push_back({ "m" + std::to_string(i) + ".npy", "" });
    }
    all.push_back({ "60000 members in one place", zip(same, true) });
    all.push_back({ "60000 empty members", zip(many) });
    const auto npy = [](const std::string& shape) {
        const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }\n";
        return "\x93NUMPY\x01" + std::string(1, '\0') + little(std::uint16_t(header.size())) + header;
    };
    all.push_back({ "an array of 2^63", npy("9223372036854775808,") });
    all.push_back({ "an array of 2^62 by 2^62", npy("4611686018427387904, 4611686018427387904") });
    all.push_back({ "an array header of 64 KiB", npy(repeated("1, ", 21'000)) });
    for (const std::uint64_t count : { huge, ~std::uint64_t(0), std::uint64_t(1) << 32 }) {
        all.push_back({ "tensors of a model", gguf(count, 0) });
        all.push_back({ "values of a model", gguf(0, count) });
    }
    const auto words = [](std::initializer_list<std::uint32_t> values) {
        std::string text;
        for (const std::uint32_t value : values)
            text += little(value);
        return text;
    };
    constexpr std::uint32_t session = 0x6767736E, slot = 0x67677371, most = 0xFFFFFFFF;
    all.push_back({ "tokens of a slot", words({ slot, 2, most }) });
    all.push_back({ "cells of a slot", words({ slot, 2, 0, most }) });
    all.push_back({ "streams of a slot", words({ slot, 2, 0, 256 }) + repeated(words({ 0 }), 256) });
    all.push_back({ "layers of a slot", words({ slot, 2, 0, 1, 0, 0, 0, most, 1 }) });
    all.push_back({ "an architecture of 4 GiB", words({ session, 9, 0, most }) });
    all.push_back({ "sequences of a cell", words({ session, 9, 0, 0, 1, 1, 0, most }) });
    all.push_back({ "a chunk of 2^31 channels", words({ 0x7FFFFFFF, 1, 3, 2, 0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF }) });
    return all;
}

bool endures(const Case& hostile)
{
    const std::uint64_t bound = std::max<std::uint64_t>(hostile.bound, 2 << 20) + 64 * hostile.bytes.size();
    const std::uint64_t before = fuzz::startCounting();
    std::string told;
    bool refused = false;
    try {
        const MemorySource file(asBytes(hostile.bytes.data(), hostile.bytes.size()), "f");
        readDump(file);
    } catch (const Error& error) {
        refused = error.kind() == ErrorKind::Input;
        told = error.what();
    } catch (const std::exception& error) {
        told = error.what();
    }
    const std::uint64_t taken = fuzz::mostHeld() - before;
    std::printf("%s  %s: %zu bytes, %llu held\n      %.160s\n", refused && taken <= bound ? "ok  " : "FAIL",
        hostile.name, hostile.bytes.size(), static_cast<unsigned long long>(taken),
        told.empty() ? "was read" : told.c_str());
    return refused && taken <= bound;
}

} // namespace

int main()
{
    fuzz::countAllMemory();
    bool good = true;
    for (const Case& hostile : cases())
        good = endures(hostile) && good;
    return good ? 0 : 1;
}
