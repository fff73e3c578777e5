// SPDX-License-Identifier: GPL-3.0-or-later
// The names that dumps of tensors call, and what each stands for.
#include "core/formats/pickledcalls.h"
#include "core/base/text.h"
#include "core/formats/safetensors.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

using Kind = PickleValue::Kind;

/// Expanded tensors show the same numbers again (a head for its group, a sequence for its batch), but no more often.
constexpr std::uint64_t maxRepeats = 4096;

/// Python 2 and 3 call it so.
bool isBuiltin(std::string_view module) { return module == "builtins" || module == "__builtin__"; }

template <std::size_t N>
bool among(std::string_view name, const std::array<std::string_view, N>& list)
{
    return std::find(list.begin(), list.end(), name) != list.end();
}

constexpr std::array<std::string_view, 3> sequences { "set", "frozenset", "list" };
constexpr std::array<std::string_view, 2> parameters { "_rebuild_parameter", "_rebuild_parameter_with_state" };

} // namespace

std::uint64_t PickledTensor::extent() const
{
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 0)
            return 0;
        last += static_cast<std::uint64_t>(shape[i] - 1) * static_cast<std::uint64_t>(strides[i]);
    }
    return last + 1;
}

PickleValue PickledCalls::empty(Kind kind)
{
    m_tree.nodes.emplace_back();
    return { kind, static_cast<std::int64_t>(m_tree.nodes.size() - 1), 0 };
}

PickleValue PickledCalls::record(const PickleValue& type)
{
    if (type.kind != Kind::Name)
        fail("makes an object of what is no class");
    const PickleValue made = empty(Kind::Record);
    m_tree.nodes.back().type = type;
    return made;
}

PickleValue PickledCalls::call(const PickleValue& callee, const PickleValue& given)
{
    if (callee.kind != Kind::Name || given.kind != Kind::Tuple)
        fail("calls what is no name");
    const std::string_view module = m_tree.node(callee).text, name = m_tree.node(callee).name;
    const Arguments arguments = m_tree.node(given).items;
    const auto first = [&](Kind kind) { return !arguments.empty() && arguments.front().kind == kind; };
    if (module == "torch._utils") {
        if (name == "_rebuild_tensor" || name == "_rebuild_tensor_v2")
            return rebuildTensor(arguments, 0);
        if (name == "_rebuild_tensor_v3")
            return rebuildTensor(arguments, 6);
        if (among(name, parameters) && first(Kind::Tensor))
            return arguments.front();
    }
    // A tensor on which somebody hung attributes, as static caches do: (function, class, its arguments, attributes).
    if (module == "torch._tensor" && name == "_rebuild_from_type_v2" && arguments.size() == 4 && first(Kind::Name)
        && m_tree.node(arguments[0]).text == "torch._utils" && arguments[1].kind == Kind::Name
        && m_tree.typeName(arguments[1]) == "torch.Tensor")
        return call(arguments[0], arguments[2]);
    if (module == "collections" && (name == "OrderedDict" || name == "defaultdict") && arguments.size() <= 1
        && !first(Kind::List))
        return empty(Kind::Dict);
    if (module == "torch" && ((name == "Size" && first(Kind::Tuple)) || (name == "device" && first(Kind::Text))))
        return arguments.front();
    if (module == "_codecs" && name == "encode" && first(Kind::Text)) // bytes, in protocol 2
        return { Kind::Bytes, arguments.front().integer, 0 };
    if (isBuiltin(module) && among(name, sequences) && (arguments.empty() || first(Kind::List)))
        return arguments.empty() ? empty(Kind::List) : arguments.front();
    if (module.starts_with("transformers."))
        return record(callee);
    fail("wants to call " + m_tree.typeName(callee),
        ", which no dump of tensors needs; nothing was called. If you trust the file, load it in Python and save its "
        "keys and values alone with resources/exporters/dump_hf.py or torch.save");
}

PickleValue PickledCalls::storage(const PickleValue& id)
{
    const Arguments parts = id.kind == Kind::Tuple ? Arguments(m_tree.node(id).items) : Arguments();
    if (parts.size() < 5 || m_tree.text(parts[0]) != "storage" || parts[1].kind != Kind::Name
        || parts[2].kind != Kind::Text || parts[3].kind != Kind::Text || parts[4].kind != Kind::Int
        || parts[4].integer < 0)
        fail("refers to something that is no storage of a tensor");
    PickledStorage storage;
    storage.type = m_tree.node(parts[1]).name;
    storage.key = m_tree.text(parts[2]);
    storage.location = m_tree.text(parts[3]);
    storage.count = static_cast<std::uint64_t>(parts[4].integer);
    m_tree.storages.push_back(storage);
    return { Kind::Storage, static_cast<std::int64_t>(m_tree.storages.size() - 1), 0 };
}

std::vector<std::int64_t> PickledCalls::integers(const PickleValue& tuple, const char* what) const
{
    std::vector<std::int64_t> values;
    if (tuple.kind != Kind::Tuple && tuple.kind != Kind::List)
        fail(std::string("has a tensor whose ") + what + " is no tuple");
    for (const PickleValue& item : m_tree.node(tuple).items) {
        if (item.kind != Kind::Int)
            fail(std::string("has a tensor whose ") + what + " holds no integer");
        if (item.integer < 0)
            fail(std::string("has a tensor whose ") + what + " holds " + std::to_string(item.integer) + ", below 0,");
        if (values.size() == maxTensorRank)
            fail("has a tensor of more than " + std::to_string(maxTensorRank) + " dimensions");
        values.push_back(item.integer);
    }
    return values;
}

/// `arguments` are storage, offset, shape, strides, …; `dtypeAt` is 0 where the storage's type is the tensor's.
PickleValue PickledCalls::rebuildTensor(Arguments arguments, std::size_t dtypeAt)
{
    if (arguments.size() < std::max<std::size_t>(4, dtypeAt + 1) || arguments[0].kind != Kind::Storage
        || arguments[1].kind != Kind::Int || arguments[1].integer < 0)
        fail("has a tensor without a storage and an offset");
    PickledTensor tensor;
    tensor.storage = static_cast<std::size_t>(arguments[0].integer);
    tensor.offset = static_cast<std::uint64_t>(arguments[1].integer);
    tensor.shape = integers(arguments[2], "shape");
    tensor.strides = integers(arguments[3], "strides");
    if (tensor.shape.size() != tensor.strides.size())
        fail(
            "has a tensor of shape " + shapeText(tensor.shape) + " with " + countText(tensor.strides.size(), "stride"));
    if (dtypeAt > 0) {
        if (arguments[dtypeAt].kind != Kind::Name)
            fail("has a tensor without a dtype");
        tensor.dtype = m_tree.node(arguments[dtypeAt]).name;
    }
    checkView(tensor, m_tree.storages[tensor.storage].count);
    m_tree.tensors.push_back(std::move(tensor));
    return { Kind::Tensor, static_cast<std::int64_t>(m_tree.tensors.size() - 1), 0 };
}

/// Elements of an untyped storage are bytes, and no element is smaller than one.
void PickledCalls::checkView(const PickledTensor& tensor, std::uint64_t count) const
{
    const std::string who = "has a tensor of shape " + shapeText(tensor.shape);
    std::uint64_t elements = 1, last = tensor.offset;
    bool isEmpty = false, overflows = false;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        if (tensor.shape[i] > maxDimension)
            fail(who + " with a dimension above 2^31");
        isEmpty = isEmpty || tensor.shape[i] == 0;
        const auto size = static_cast<std::uint64_t>(tensor.shape[i]);
        std::uint64_t reach = 0;
        overflows = overflows || __builtin_mul_overflow(elements, size, &elements);
        if (size > 0)
            overflows = overflows
                || __builtin_mul_overflow(size - 1, static_cast<std::uint64_t>(tensor.strides[i]), &reach)
                || __builtin_add_overflow(last, reach, &last);
    }
    if (isEmpty)
        return;
    if (overflows || last >= count)
        fail(who + ", strides " + shapeText(tensor.strides) + " and offset " + std::to_string(tensor.offset)
            + " in a storage of " + countText(count, "element"));
    if (elements / maxRepeats > count)
        fail(who + " that shows the " + countText(count, "element") + " of its storage more than "
            + std::to_string(maxRepeats) + " times");
}

} // namespace pikv
