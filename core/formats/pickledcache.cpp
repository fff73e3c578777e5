// SPDX-License-Identifier: GPL-3.0-or-later
// The shapes in which caches are saved, tried one after the other. A pickle's values may refer to each other in circles
// and share what they refer to: depth and number of the values that are looked at are bounded.
#include "core/formats/pickledcache.h"
#include "core/base/text.h"
#include "core/cache/crossattention.h"
#include "core/formats/decodercaches.h"
#include "core/formats/namedtensors.h"
#include "core/formats/pickledwords.h"
#include "core/formats/told.h"
#include <algorithm>
#include <array>

namespace pikv {
namespace {

using Kind = PickleValue::Kind;

constexpr int maxLevels = 4, maxListedLevels = 8;
constexpr std::size_t maxVisits = 200'000;
/// What transformers and people call the cache, as an attribute or a key.
constexpr std::array<std::string_view, 10> cacheNames { "past_key_values", "past_key_value", "kv_cache", "kvcache",
    "kv", "cache", "pkv", "past", "cache_params", "self_attention_cache" };

class Finder {
public:
    Finder(const PickleTree& tree, const LocateTensor& locate, const Told& told, const std::string& file)
        : m_tree(tree)
        , m_locate(locate)
        , m_told(told)
        , m_file(file)
    {
    }
    PickledCache run();

private:
    bool find(const PickleValue& value, const std::string& path, int level);
    bool findInEntries(const PickleValue& value, const std::string& path, int level);
    const PickleValue* decodersCache(const PickleValue& value);
    bool findInList(const PickleValue& value, const std::string& path, int level);
    bool findInCaches(const std::vector<PickleValue>& list, const std::function<bool(const PickleValue&)>& isCache,
        const std::string& path, int level);
    bool tensorLists(const PickleValue& value, const std::string& path);
    bool layerObjects(const PickleValue& value, const std::string& path);
    std::int64_t seenByAll(const std::vector<PickleValue>& layers) const;
    bool pairs(const PickleValue& value, const std::string& path);
    bool named(const PickleValue& value);
    void collect(const PickleValue& value, const std::string& name, int level, std::vector<StoredTensor>& tensors);
    void place(std::size_t layer, std::optional<StoredTensor> FoundLayer::*role, const PickleValue* tensor,
        const std::string& name);
    void placeLayer(std::size_t layer, const PickleValue* key, const PickleValue* value, const std::string& keyName,
        const std::string& valueName);
    void refuseQuantized(const PickleValue& value) const;
    [[noreturn]] void refuseUnknown() const;
    void cutStatic();

    const std::vector<PickleValue>& items(const PickleValue& value) const { return m_tree.node(value).items; }
    static bool isSequence(const PickleValue& v) { return v.kind == Kind::Tuple || v.kind == Kind::List; }
    static bool hasKeys(const PickleValue& v) { return v.kind == Kind::Dict || v.kind == Kind::Record; }
    bool isNothing(const PickleValue& v) const { return v.kind == Kind::None || (isSequence(v) && items(v).empty()); }
    bool isTensorOrNothing(const PickleValue& v) const { return v.kind == Kind::Tensor || isNothing(v); }
    bool holdsLayers(const PickleValue& v) const
    {
        const auto has = [&](std::string_view name) {
            const PickleValue* list = m_tree.find(v, name);
            return list && isSequence(*list) && !items(*list).empty();
        };
        return hasKeys(v) && (has("layers") || has("key_cache"));
    }
    /// The name of a class without its module.
    std::string className(const PickleValue& value) const
    {
        const std::string name = m_tree.typeName(value);
        return name.substr(name.rfind('.') + 1);
    }
    void note(const std::string& text)
    {
        if (std::find(m_cache.info.notes.begin(), m_cache.info.notes.end(), text) == m_cache.info.notes.end())
            m_cache.info.notes.push_back(text);
    }

    const PickleTree& m_tree;
    const LocateTensor& m_locate;
    const Told& m_told;
    const std::string& m_file;
    PickledCache m_cache;
    bool m_static = false; ///< its tensors may be longer than what they hold
    std::size_t m_visits = 0;
};

PickledCache Finder::run()
{
    const bool isSound = find(m_tree.root, "", 0);
    if (!isSound)
        refuseUnknown();
    if (m_static)
        cutStatic();
    return std::move(m_cache);
}

bool Finder::find(const PickleValue& value, const std::string& path, int level)
{
    if (level > maxLevels || ++m_visits > maxVisits)
        return false;
    if (hasKeys(value) || (isSequence(value) && items(value).size() <= maxLayerCount))
        m_visits += items(value).size(); // each is looked at, however often the pickle repeats it
    if (value.kind == Kind::Tensor) {
        m_cache.kind = "one tensor";
        placeStackedPairs(m_cache.found, m_locate(m_tree.tensor(value), path), m_file, m_cache.info.notes);
        return true;
    }
    if (isSequence(value))
        return findInList(value, path, level);
    if (!hasKeys(value))
        return false;
    refuseQuantized(value);
    if (tensorLists(value, path) || layerObjects(value, path)) {
        if (value.kind == Kind::Record)
            m_cache.kind = className(value);
        m_static = m_static || m_cache.kind.find("Static") != std::string::npos || m_cache.kind == "HybridCache";
        return true;
    }
    return findInEntries(value, path, level);
}

/// The entries that are called like a cache, then tensors by their names, then whatever else holds values.
bool Finder::findInEntries(const PickleValue& value, const std::string& path, int level)
{
    takeWords(m_cache, m_tree, value, m_locate);
    if (const PickleValue* chosen = decodersCache(value))
        return find(*chosen, path, level + 1);
    for (const std::string_view name : cacheNames) {
        const PickleValue* entry = m_tree.find(value, name);
        if (!entry || entry->kind == Kind::Tensor || !find(*entry, path + std::string(name), level + 1))
            continue;
        return true;
    }
    if (named(value))
        return true;
    const auto& entries = items(value);
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
        const PickleValue& entry = entries[i + 1];
        if (entry.kind == Kind::Text || entry.kind == Kind::Tensor)
            continue;
        if ((isSequence(entry) || hasKeys(entry)) && find(entry, std::string(m_tree.text(entries[i])), level + 1))
            return true;
    }
    return false;
}

/// The cache of transformers' EncoderDecoderCache that is read; null where it is none, or its cross-attention's is
/// empty and leaves no choice.
const PickleValue* Finder::decodersCache(const PickleValue& value)
{
    const PickleValue *self = m_tree.find(value, "self_attention_cache"),
                      *cross = m_tree.find(value, "cross_attention_cache");
    if (!self || !cross || !holdsLayers(*self) || !holdsLayers(*cross))
        return nullptr;
    chooseAttention(m_cache.info, m_told, m_file);
    return isCross(m_cache.info) ? cross : self;
}

bool Finder::findInList(const PickleValue& value, const std::string& path, int level)
{
    const auto& list = items(value);
    if (pairs(value, path))
        return true;
    const auto isCache = [&](const PickleValue& v) {
        return v.kind == Kind::Record && (m_tree.find(v, "layers") || m_tree.find(v, "key_cache"));
    };
    const auto caches = list.size() > maxLayerCount ? 0 : std::count_if(list.begin(), list.end(), isCache);
    if (caches > 1)
        return findInCaches(list, isCache, path, level);
    if (named(value))
        return true;
    for (const PickleValue& item : list)
        if ((isSequence(item) || hasKeys(item)) && list.size() <= maxLayerCount && find(item, path, level + 1))
            return true;
    return false;
}

/// Several caches in a list, as of a batch that was generated one by one: the one that was told, else the first.
bool Finder::findInCaches(const std::vector<PickleValue>& list, const std::function<bool(const PickleValue&)>& isCache,
    const std::string& path, int level)
{
    std::vector<DumpPart> parts;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < list.size(); ++i)
        if (isCache(list[i])) {
            places.push_back(i);
            parts.push_back(
                { std::to_string(i), "cache " + std::to_string(i) + " of the list, a " + className(list[i]) });
        }
    const std::size_t place = places[choosePart(m_cache.info, std::move(parts), 0, "the first", m_told, m_file)];
    return find(list[place], path + "[" + std::to_string(place) + "]", level + 1);
}

/// DynamicCache and its kin before transformers 4.54: attributes key_cache and value_cache, which dicts have as well.
bool Finder::tensorLists(const PickleValue& value, const std::string& path)
{
    const PickleValue *keys = m_tree.find(value, "key_cache"), *values = m_tree.find(value, "value_cache");
    if (!keys || !values || !isSequence(*keys) || !isSequence(*values))
        return false;
    const std::size_t count = items(*keys).size();
    if (count != items(*values).size() || count > maxLayerCount)
        throw inputError(m_file + ": its key_cache has " + countText(count, "layer") + " and its value_cache "
            + std::to_string(items(*values).size()) + "; both need the same number, at most "
            + std::to_string(maxLayerCount) + ".");
    m_cache.kind = "lists of keys and values";
    const std::string prefix = path.empty() ? path : path + ".";
    for (std::size_t i = 0; i < count; ++i) {
        const std::string index = "[" + std::to_string(i) + "]";
        placeLayer(
            i, &items(*keys)[i], &items(*values)[i], prefix + "key_cache" + index, prefix + "value_cache" + index);
    }
    return count > 0;
}

/// Caches since transformers 4.54: a list of layers, each with its keys and values. Those of linear attention have
/// none.
bool Finder::layerObjects(const PickleValue& value, const std::string& path)
{
    const PickleValue* layers = m_tree.find(value, "layers");
    if (value.kind != Kind::Record || !layers || !isSequence(*layers) || items(*layers).empty())
        return false;
    const auto& list = items(*layers);
    if (list.size() > maxLayerCount)
        throw inputError(m_file + ": its cache has " + std::to_string(list.size()) + " layers, above the limit of "
            + std::to_string(maxLayerCount) + ".");
    for (std::size_t i = 0; i < list.size(); ++i) {
        refuseQuantized(list[i]);
        m_static = m_static || className(list[i]).find("Static") != std::string::npos;
        const std::string name = (path.empty() ? path : path + ".") + "layers[" + std::to_string(i) + "]";
        placeLayer(i, m_tree.find(list[i], "keys"), m_tree.find(list[i], "values"), name + ".keys", name + ".values");
    }
    m_cache.seen = seenByAll(list);
    return true;
}

/// What layers with a window count, which is more than they hold when it is full; 0 where one does not, or another
/// number.
std::int64_t Finder::seenByAll(const std::vector<PickleValue>& layers) const
{
    std::int64_t seen = 0;
    for (const PickleValue& layer : layers) {
        const PickleValue* keys = m_tree.find(layer, "keys");
        if (!keys || isNothing(*keys))
            continue;
        const PickleValue* count = m_tree.find(layer, "cumulative_length");
        if (!count || count->kind != Kind::Int || count->integer < 1 || count->integer > maxDimension
            || (seen > 0 && count->integer != seen))
            return 0;
        seen = count->integer;
    }
    return seen;
}

/// What to_legacy_cache() gave, and what iterating over a cache gives: (key, value) for every layer, or with a third
/// thing that says the window's length; of an encoder and a decoder (key, value, cross key, cross value).
bool Finder::pairs(const PickleValue& value, const std::string& path)
{
    const auto& layers = items(value);
    bool holds = false, crossed = false;
    if (layers.size() > maxLayerCount)
        return false;
    for (const PickleValue& layer : layers) {
        if (isNothing(layer))
            continue;
        const std::size_t parts = isSequence(layer) ? items(layer).size() : 0;
        if (parts < 2 || parts > 4 || !isTensorOrNothing(items(layer)[0]) || !isTensorOrNothing(items(layer)[1]))
            return false;
        holds = holds || items(layer)[0].kind == Kind::Tensor;
        crossed = crossed || (parts == 4 && items(layer)[2].kind == Kind::Tensor);
    }
    if (!holds)
        return false;
    m_cache.kind = "pairs of keys and values";
    if (crossed)
        chooseAttention(m_cache.info, m_told, m_file);
    const std::size_t first = isCross(m_cache.info) ? 2 : 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const std::string name = path + "[" + std::to_string(i) + "]";
        const bool empty = isNothing(layers[i]) || items(layers[i]).size() < first + 2;
        placeLayer(i, empty ? nullptr : &items(layers[i])[first], empty ? nullptr : &items(layers[i])[first + 1],
            name + "[" + std::to_string(first) + "]", name + "[" + std::to_string(first + 1) + "]");
    }
    return true;
}

/// Tensors by the names that dicts and lists around them give.
bool Finder::named(const PickleValue& value)
{
    std::vector<StoredTensor> tensors;
    collect(value, "", 0, tensors);
    if (tensors.empty())
        return false;
    placeNamedTensors(m_cache.found, tensors, m_told, m_cache.info, m_file);
    m_cache.kind = "key and value tensors";
    return !m_cache.found.empty();
}

void Finder::collect(const PickleValue& value, const std::string& name, int level, std::vector<StoredTensor>& tensors)
{
    if (level > maxLevels || ++m_visits > maxVisits)
        return;
    if (value.kind == Kind::Tensor) {
        if (namesKeyOrValue(name) || namesBoth(name))
            tensors.push_back(m_locate(m_tree.tensor(value), name));
        return;
    }
    const auto below = [&](const std::string& part) { return name.empty() ? part : name + "." + part; };
    if (isSequence(value)) {
        const auto& list = items(value);
        const bool isPair = list.size() == 2 && list[0].kind == Kind::Tensor && list[1].kind == Kind::Tensor;
        constexpr std::array<const char*, 2> roles { "key", "value" };
        for (std::size_t i = 0; i < list.size() && m_visits <= maxVisits; ++i)
            collect(list[i], below(isPair ? roles[i] : std::to_string(i)), level + 1, tensors);
    } else if (value.kind == Kind::Dict || (value.kind == Kind::Record && level == 0)) {
        const auto& entries = items(value);
        for (std::size_t i = 0; i + 1 < entries.size() && m_visits <= maxVisits; i += 2) {
            const PickleValue& key = entries[i];
            if (key.kind == Kind::Text || key.kind == Kind::Int)
                collect(entries[i + 1],
                    below(key.kind == Kind::Int ? std::to_string(key.integer) : std::string(m_tree.text(key))),
                    level + 1, tensors);
        }
    }
}

void Finder::place(std::size_t layer, std::optional<StoredTensor> FoundLayer::*role, const PickleValue* tensor,
    const std::string& name)
{
    if (tensor->kind != Kind::Tensor)
        throw inputError(m_file + ": " + name
            + " is no tensor where one was expected; save keys and values as plain "
              "tensors.");
    placeEntry(m_cache.found, layer, role, m_locate(m_tree.tensor(*tensor), name), m_file);
}

void Finder::placeLayer(std::size_t layer, const PickleValue* key, const PickleValue* value, const std::string& keyName,
    const std::string& valueName)
{
    const bool noKey = !key || isNothing(*key), noValue = !value || isNothing(*value);
    if (noKey && noValue) { // counted as one that holds nothing
        StoredTensor nothing;
        nothing.shape = { 0 };
        placeEntry(m_cache.found, layer, &FoundLayer::key, nothing, m_file);
        placeEntry(m_cache.found, layer, &FoundLayer::value, nothing, m_file);
        return;
    }
    if (!noKey)
        place(layer, &FoundLayer::key, key, keyName);
    if (!noValue)
        place(layer, &FoundLayer::value, value, valueName);
}

void Finder::refuseQuantized(const PickleValue& value) const
{
    if (value.kind == Kind::Record && className(value).find("Quantized") != std::string::npos)
        throw inputError(m_file + quantizedCacheText(m_tree.typeName(value)));
}

void Finder::refuseUnknown() const
{
    std::string what = "one value";
    if (m_tree.root.kind == Kind::Record)
        what = "a " + m_tree.typeName(m_tree.root);
    else if (isSequence(m_tree.root))
        what = "a list of " + countText(items(m_tree.root).size(), "value");
    else if (m_tree.root.kind == Kind::Dict) {
        const auto& entries = items(m_tree.root);
        what = "a dict of " + countText(entries.size() / 2, "key");
        for (std::size_t i = 0; i < std::min<std::size_t>(entries.size(), 8); i += 2)
            what += (i ? ", " : " (") + inQuotes(m_tree.text(entries[i]));
        what += entries.empty() ? "" : entries.size() > 8 ? ", …)" : ")";
    }
    throw inputError(m_file + ": it holds " + what
        + ", and no keys and values in it: a cache of transformers, a tuple of (key, value) for every layer, or a dict "
          "of "
          "tensors named layers.0.key, layers.0.value, … was expected; save out.past_key_values alone, or use "
          "resources/exporters/dump_hf.py.");
}

/// A static cache has room for more tokens than it holds; how many it holds only the token ids tell.
void Finder::cutStatic()
{
    CacheInfo scratch = m_cache.info; // its notes come when the dump is completed
    const std::vector<StoredTensor> own = ownCompanions(scratch, m_cache.companions);
    const auto ids = std::find_if(
        own.begin(), own.end(), [](const StoredTensor& t) { return t.name == "input_ids" && !t.shape.empty(); });
    if (ids == own.end()) {
        note("a static cache has room for more tokens than it holds, and no token ids tell how many: rows of zeros at "
             "the end are counted as tokens");
        return;
    }
    const std::int64_t seq = ids->shape.back();
    std::int64_t room = 0;
    for (auto& [index, layer] : m_cache.found)
        for (auto* tensor : { &layer.key, &layer.value })
            if (*tensor && (*tensor)->shape.size() == 4 && seq > 0 && (*tensor)->shape[2] > seq
                && (*tensor)->elements() > 0) {
                room = (*tensor)->shape[2];
                (*tensor)->narrow(2, 0, seq);
            }
    if (room > 0)
        note("a static cache with room for " + std::to_string(room) + " tokens: the " + std::to_string(seq)
            + " that have token ids are read");
}

} // namespace

PickledCache findPickledCache(
    const PickleTree& tree, const LocateTensor& locate, const Told& told, const std::string& file)
{
    return Finder(tree, locate, told, file).run();
}

std::vector<StoredTensor> listPickledTensors(const PickleTree& tree, const LocateTensor& locate)
{
    struct Place {
        const PickleValue* value;
        std::string name;
        int level;
    };
    constexpr std::size_t longestName = 400; // everything below repeats it
    std::vector<StoredTensor> tensors;
    std::vector<Place> open { { &tree.root, "", 0 } };
    for (std::size_t visits = 0; !open.empty() && visits < maxVisits; ++visits) {
        const Place place = std::move(open.back());
        open.pop_back();
        if (place.value->kind == Kind::Tensor) {
            try {
                tensors.push_back(locate(tree.tensor(*place.value), place.name.empty() ? "tensor" : place.name));
            } catch (const Error&) {
                // one of a type that no cache has, or damaged, does not keep others from being listed
            }
            continue;
        }
        const bool isSequence = place.value->kind == Kind::Tuple || place.value->kind == Kind::List;
        const bool hasKeys = place.value->kind == Kind::Dict || place.value->kind == Kind::Record;
        if (place.level > maxListedLevels || (!isSequence && !hasKeys))
            continue;
        const std::string prefix = place.name.empty() ? place.name : place.name + ".";
        const auto& items = tree.node(*place.value).items;
        const std::size_t first = open.size();
        for (std::size_t i = 0; isSequence && i < std::min(items.size(), maxVisits - visits); ++i)
            open.push_back({ &items[i], prefix + std::to_string(i), place.level + 1 });
        for (std::size_t i = 0; hasKeys && i + 1 < items.size() && i < maxVisits - visits; i += 2)
            if (items[i].kind == Kind::Int)
                open.push_back({ &items[i + 1], prefix + std::to_string(items[i].integer), place.level + 1 });
            else if (items[i].kind == Kind::Text && prefix.size() + tree.text(items[i]).size() <= longestName)
                open.push_back({ &items[i + 1], prefix + std::string(tree.text(items[i])), place.level + 1 });
        std::reverse(open.begin() + std::ptrdiff_t(first), open.end()); // the first is looked at next
        visits += items.size();
    }
    return tensors;
}

std::string quantizedCacheText(const std::string& className)
{
    return ": it holds a " + className
        + ", whose numbers are packed in another library's way; generate with a DynamicCache, that is without "
          "cache_implementation, and save that.";
}

} // namespace pikv
