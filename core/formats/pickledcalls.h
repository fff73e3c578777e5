// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core/base/error.h"
#include "core/formats/unpickler.h"
#include <functional>
#include <span>

namespace pikv {

/// What a pickle's calls stand for, without calling: tensors, their storages, plain containers, and records of what
/// transformers defines. Adds to `tree` at most one node a call.
class PickledCalls {
public:
    /// An Error{Input} with `problem` in the middle of its sentence, and `advice`, null for the usual one, at its end.
    using MakeError = std::function<Error(const std::string& problem, const char* advice)>;
    PickledCalls(PickleTree& tree, MakeError makeError)
        : m_tree(tree)
        , m_makeError(std::move(makeError))
    {
    }
    /// Throws where `callee` is not on the list.
    PickleValue call(const PickleValue& callee, const PickleValue& arguments);
    /// An object of the class, still without a state. No class is run, so any will do.
    PickleValue record(const PickleValue& type);
    /// Of the persistent id ('storage', class, key, location, count).
    PickleValue storage(const PickleValue& id);

private:
    /// Of a tuple; they stay where they are when nodes are added.
    using Arguments = std::span<const PickleValue>;
    [[noreturn]] void fail(const std::string& problem, const char* advice = nullptr) const
    {
        throw m_makeError(problem, advice);
    }
    PickleValue rebuildTensor(Arguments arguments, std::size_t dtypeAt);
    std::vector<std::int64_t> integers(const PickleValue& tuple, const char* what) const;
    void checkView(const PickledTensor& tensor, std::uint64_t count) const;
    PickleValue empty(PickleValue::Kind kind);

    PickleTree& m_tree;
    MakeError m_makeError;
};

} // namespace pikv
