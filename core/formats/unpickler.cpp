// SPDX-License-Identifier: GPL-3.0-or-later
// The pickle machine without its powers: a stack, a memo, and instructions that build values. What Python would import
// and call is compared with a short list of names that stand for data; everything else ends the reading.
#include "core/formats/unpickler.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/formats/pickledcalls.h"
#include <algorithm>
#include <bit>
#include <unordered_map>

namespace pikv {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t maxSteps = 4'000'000, maxNodes = 1'000'000, maxName = 1024;
constexpr int maxDepth = 256;
/// Keys and values of a state: that of one object may be the state of thousands, and each of them is searched.
constexpr std::size_t maxAttributes = 2048;

class Unpickler {
public:
    Unpickler(Bytes bytes, const std::string& what)
        : m_what(what)
    {
        m_tree.bytes = std::move(bytes);
    }
    PickleTree run();

private:
    Error error(const std::string& problem, const char* advice = nullptr) const
    {
        constexpr const char* usual = "; it is damaged or no dump: save the cache again with torch.save, or with "
                                      "resources/exporters/dump_hf.py";
        return inputError(
            m_what + " " + problem + " at byte " + std::to_string(m_start) + (advice ? advice : usual) + ".");
    }
    [[noreturn]] void fail(const std::string& problem) const { throw error(problem); }

    ByteSpan take(std::uint64_t count)
    {
        if (count > m_tree.bytes.size() - m_at)
            fail("ends inside an instruction");
        const ByteSpan taken = ByteSpan(m_tree.bytes).subspan(m_at, count);
        m_at += count;
        return taken;
    }
    template <typename T>
    T number()
    {
        return loadLe<T>(take(sizeof(T)).data());
    }
    std::string_view characters(std::uint64_t count)
    {
        const ByteSpan taken = take(count);
        return { reinterpret_cast<const char*>(taken.data()), taken.size() };
    }
    std::string_view line();
    std::int64_t longInteger();

    void push(Kind kind, std::int64_t integer = 0, double number = 0) { m_stack.push_back({ kind, integer, number }); }
    void pushNode(Kind kind, PickleNode node);
    void pushText(Kind kind, std::string_view text);
    void pushTuple(std::size_t count);
    void pushName(std::string_view module, std::string_view name);
    PickleValue pop();
    std::vector<PickleValue> popMany(std::size_t count);
    std::vector<PickleValue> popToMark();
    PickleNode& top(const char* use, std::initializer_list<Kind> kinds);
    void addItems(PickleNode& to, const std::vector<PickleValue>& items);
    int depthOf(const PickleValue& value) const;

    bool scalar(unsigned char op);
    bool text(unsigned char op);
    bool container(unsigned char op);
    bool memo(unsigned char op);
    bool object(unsigned char op);
    void append(std::vector<PickleValue> items);
    void setItems(const std::vector<PickleValue>& items);
    void build();
    void stackGlobal();

    const std::string m_what;
    PickleTree m_tree;
    std::size_t m_at = 0, m_start = 0; ///< next byte; that of the instruction
    std::vector<PickleValue> m_stack;
    std::vector<std::size_t> m_marks; ///< heights of the stack
    std::unordered_map<std::uint64_t, PickleValue> m_memo;
};

std::string_view Unpickler::line()
{
    const std::size_t room = std::min(m_tree.bytes.size() - m_at, maxName);
    const std::string_view rest(reinterpret_cast<const char*>(m_tree.bytes.data()) + m_at, room);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos)
        fail("has a name without an end");
    if (!isUtf8(rest.substr(0, end)))
        fail("has a name that is not UTF-8");
    m_at += end + 1;
    return rest.substr(0, end);
}

std::int64_t Unpickler::longInteger()
{
    const auto count = number<std::uint8_t>();
    if (count > 8)
        fail("has an integer of " + std::to_string(count) + " bytes, above the limit of 8");
    const ByteSpan digits = take(count);
    std::uint64_t value = count > 0 && (digits.back() & std::byte(0x80)) != std::byte(0) ? ~std::uint64_t(0) : 0;
    for (std::size_t i = count; i-- > 0;)
        value = value << 8 | std::to_integer<std::uint64_t>(digits[i]);
    return static_cast<std::int64_t>(value);
}

void Unpickler::pushNode(Kind kind, PickleNode node)
{
    if (m_tree.nodes.size() == maxNodes)
        fail("holds more than " + std::to_string(maxNodes) + " objects");
    push(kind, static_cast<std::int64_t>(m_tree.nodes.size()));
    m_tree.nodes.push_back(std::move(node));
}

void Unpickler::pushText(Kind kind, std::string_view text)
{
    if (kind == Kind::Text && !isUtf8(text))
        fail("has a text that is not UTF-8");
    PickleNode node;
    node.text = text;
    pushNode(kind, std::move(node));
}

void Unpickler::pushName(std::string_view module, std::string_view name)
{
    PickleNode node;
    node.text = module;
    node.name = name;
    pushNode(Kind::Name, std::move(node));
}

void Unpickler::pushTuple(std::size_t count)
{
    PickleNode node;
    addItems(node, popMany(count));
    pushNode(Kind::Tuple, std::move(node));
}

PickleValue Unpickler::pop()
{
    if (m_stack.size() <= (m_marks.empty() ? 0 : m_marks.back()))
        fail("takes a value where there is none");
    const PickleValue value = m_stack.back();
    m_stack.pop_back();
    return value;
}

std::vector<PickleValue> Unpickler::popMany(std::size_t count)
{
    if (m_stack.size() - (m_marks.empty() ? 0 : m_marks.back()) < count)
        fail("takes a value where there is none");
    std::vector<PickleValue> values(m_stack.end() - static_cast<std::ptrdiff_t>(count), m_stack.end());
    m_stack.resize(m_stack.size() - count);
    return values;
}

std::vector<PickleValue> Unpickler::popToMark()
{
    if (m_marks.empty())
        fail("ends a list that was not begun");
    std::vector<PickleValue> values = popMany(m_stack.size() - m_marks.back());
    m_marks.pop_back();
    return values;
}

/// The node on top of the stack.
PickleNode& Unpickler::top(const char* use, std::initializer_list<Kind> kinds)
{
    if (m_stack.size() <= (m_marks.empty() ? 0 : m_marks.back())
        || std::find(kinds.begin(), kinds.end(), m_stack.back().kind) == kinds.end())
        fail(std::string("has nothing to ") + use);
    return m_tree.nodes[static_cast<std::size_t>(m_stack.back().integer)];
}

int Unpickler::depthOf(const PickleValue& value) const
{
    switch (value.kind) {
    case Kind::Tuple:
    case Kind::List:
    case Kind::Dict:
    case Kind::Record:
        return m_tree.node(value).depth;
    default:
        return 0;
    }
}

void Unpickler::addItems(PickleNode& to, const std::vector<PickleValue>& items)
{
    for (const PickleValue& item : items)
        to.depth = std::max(to.depth, depthOf(item) + 1);
    if (to.depth > maxDepth)
        fail("nests more than " + std::to_string(maxDepth) + " deep");
    to.items.insert(to.items.end(), items.begin(), items.end());
}

bool Unpickler::scalar(unsigned char op)
{
    switch (op) {
    case 'N':
        push(Kind::None);
        return true;
    case 0x88: // NEWTRUE
    case 0x89: // NEWFALSE
        push(Kind::Bool, op == 0x88);
        return true;
    case 'J':
        push(Kind::Int, number<std::int32_t>());
        return true;
    case 'K':
        push(Kind::Int, number<std::uint8_t>());
        return true;
    case 'M':
        push(Kind::Int, number<std::uint16_t>());
        return true;
    case 0x8a: // LONG1
        push(Kind::Int, longInteger());
        return true;
    case 'G': // big endian
        push(Kind::Float, 0, std::bit_cast<double>(__builtin_bswap64(number<std::uint64_t>())));
        return true;
    default:
        return false;
    }
}

bool Unpickler::text(unsigned char op)
{
    switch (op) {
    case 'X':
        pushText(Kind::Text, characters(number<std::uint32_t>()));
        return true;
    case 0x8c: // SHORT_BINUNICODE
        pushText(Kind::Text, characters(number<std::uint8_t>()));
        return true;
    case 0x8d: // BINUNICODE8
        pushText(Kind::Text, characters(number<std::uint64_t>()));
        return true;
    case 'B':
        pushText(Kind::Bytes, characters(number<std::uint32_t>()));
        return true;
    case 'C':
        pushText(Kind::Bytes, characters(number<std::uint8_t>()));
        return true;
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
        pushText(Kind::Bytes, characters(number<std::uint64_t>()));
        return true;
    default:
        return false;
    }
}

bool Unpickler::container(unsigned char op)
{
    switch (op) {
    case '(':
        m_marks.push_back(m_stack.size());
        return true;
    case ')':
        pushNode(Kind::Tuple, {});
        return true;
    case 't': {
        PickleNode node;
        addItems(node, popToMark());
        pushNode(Kind::Tuple, std::move(node));
        return true;
    }
    case 0x85: // TUPLE1 to TUPLE3
    case 0x86:
    case 0x87:
        pushTuple(op - 0x84u);
        return true;
    case ']':
    case 0x8f: // EMPTY_SET
        pushNode(Kind::List, {});
        return true;
    case '}':
        pushNode(Kind::Dict, {});
        return true;
    case 'a':
        append(popMany(1));
        return true;
    case 'e':
    case 0x90: // ADDITEMS
        append(popToMark());
        return true;
    case 's':
        setItems(popMany(2));
        return true;
    case 'u':
        setItems(popToMark());
        return true;
    default:
        return false;
    }
}

/// Elements of a class that extends list are left out: no cache is one.
void Unpickler::append(std::vector<PickleValue> items)
{
    PickleNode& to = top("append to", { Kind::List, Kind::Record });
    if (m_stack.back().kind == Kind::List)
        addItems(to, items);
}

void Unpickler::setItems(const std::vector<PickleValue>& items)
{
    if (items.size() % 2 != 0)
        fail("sets a key without a value");
    addItems(top("set items of", { Kind::Dict, Kind::Record }), items);
}

bool Unpickler::memo(unsigned char op)
{
    const auto put = [this](std::uint64_t index) {
        if (m_stack.empty())
            fail("remembers a value where there is none");
        m_memo[index] = m_stack.back();
    };
    const auto get = [this](std::uint64_t index) {
        const auto at = m_memo.find(index);
        if (at == m_memo.end())
            fail("refers to value " + std::to_string(index) + ", which it has not");
        m_stack.push_back(at->second);
    };
    switch (op) {
    case 'q':
        put(number<std::uint8_t>());
        return true;
    case 'r':
        put(number<std::uint32_t>());
        return true;
    case 0x94: // MEMOIZE
        put(m_memo.size());
        return true;
    case 'h':
        get(number<std::uint8_t>());
        return true;
    case 'j':
        get(number<std::uint32_t>());
        return true;
    default:
        return false;
    }
}

bool Unpickler::object(unsigned char op)
{
    PickledCalls calls(
        m_tree, [this](const std::string& problem, const char* advice) { return error(problem, advice); });
    switch (op) {
    case 'c': {
        const std::string_view module = line();
        pushName(module, line());
        return true;
    }
    case 0x93:
        stackGlobal();
        return true;
    case 'Q':
        m_stack.push_back(calls.storage(pop()));
        return true;
    case 'R':
    case 0x81: { // NEWOBJ
        const PickleValue arguments = pop(), callee = pop();
        if (m_tree.nodes.size() >= maxNodes)
            fail("holds more than " + std::to_string(maxNodes) + " objects");
        m_stack.push_back(op == 'R' ? calls.call(callee, arguments) : calls.record(callee));
        return true;
    }
    case 'b':
        build();
        return true;
    default:
        return false;
    }
}

void Unpickler::stackGlobal()
{
    const PickleValue name = pop(), module = pop();
    if (name.kind != Kind::Text || module.kind != Kind::Text || m_tree.text(name).size() > maxName
        || m_tree.text(module).size() > maxName)
        fail("has a name that is no text");
    pushName(m_tree.text(module), m_tree.text(name));
}

/// The state of a record; attributes that somebody hung on a tensor or a dict say nothing of a cache.
void Unpickler::build()
{
    const PickleValue state = pop();
    if (!m_stack.empty() && m_stack.back().kind == Kind::Tensor)
        return;
    PickleNode& object = top("give a state", { Kind::Record, Kind::Dict });
    if (m_stack.back().kind == Kind::Dict)
        return;
    object.state = state;
    object.depth = std::max(object.depth, depthOf(state) + 1);
    if (object.depth > maxDepth)
        fail("nests more than " + std::to_string(maxDepth) + " deep");
}

PickleTree Unpickler::run()
{
    const auto protocol = take(2);
    if (protocol[0] != std::byte(0x80) || protocol[1] < std::byte(2) || protocol[1] > std::byte(5))
        fail("does not begin as a pickle of protocol 2 to 5");
    for (std::size_t steps = 0;; ++steps) {
        m_start = m_at;
        if (steps == maxSteps)
            fail("has more than " + std::to_string(maxSteps) + " instructions");
        const auto op = number<unsigned char>();
        if (op == '.')
            break;
        if (op == 0x95) { // FRAME
            if (number<std::uint64_t>() > m_tree.bytes.size() - m_at)
                fail("ends inside a frame");
        } else if (!scalar(op) && !text(op) && !container(op) && !memo(op) && !object(op)) {
            constexpr const char* digits = "0123456789abcdef";
            fail(std::string("has instruction 0x") + digits[op >> 4] + digits[op & 15]
                + ", which dumps of tensors do not need,");
        }
    }
    if (m_stack.size() != 1 || !m_marks.empty())
        fail("ends with " + countText(m_stack.size(), "value") + " where 1 was expected");
    m_tree.root = m_stack.front();
    return std::move(m_tree);
}

} // namespace

std::string_view PickleTree::text(const PickleValue& value) const
{
    return value.kind == Kind::Text ? node(value).text : std::string_view();
}

std::string PickleTree::typeName(const PickleValue& value) const
{
    if (value.kind == Kind::Record)
        return typeName(node(value).type);
    if (value.kind != Kind::Name)
        return {};
    return std::string(node(value).text) + "." + std::string(node(value).name);
}

const PickleValue* PickleTree::find(const PickleValue& value, std::string_view key) const
{
    if (value.kind != Kind::Dict && value.kind != Kind::Record)
        return nullptr;
    const std::vector<PickleValue>& items = node(value).items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
        if (items[i].kind == Kind::Text && text(items[i]) == key)
            return &items[i + 1];
    if (value.kind == Kind::Dict)
        return nullptr;
    const PickleValue& state = node(value).state;
    return state.kind == Kind::Dict && node(state).items.size() <= maxAttributes ? find(state, key) : nullptr;
}

PickleTree unpickle(Bytes bytes, const std::string& what) { return Unpickler(std::move(bytes), what).run(); }

} // namespace pikv
