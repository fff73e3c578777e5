// SPDX-License-Identifier: GPL-3.0-or-later
// Golden values: tests/data/tokenizer/make_golden.py (the tokenizers library, transformers).
#include "core/base/error.h"
#include "core/formats/gguf.h"
#include "core/model/tokenizer.h"
#include "core/model/visibletext.h"
#include "modeldata.h"
#include "testmain.h"
#include <QFile>
#include <QTest>
#include <nlohmann/json.hpp>
#include <random>

using namespace pikv;
using Json = nlohmann::json;
using Ids = std::vector<std::int64_t>;

namespace {

const Json& golden()
{
    static const Json data = Json::parse(testFile("tokenizer/golden.json").toStdString());
    return data;
}

Tokenizer fromGguf(const QByteArray& bytes)
{
    const ByteSpan span = asBytes(bytes.constData(), std::size_t(bytes.size()));
    return Tokenizer(vocabularyFromGguf(readGguf(MemorySource(span, "test.gguf"))));
}

Tokenizer fromFolder(const QString& folder)
{
    const auto read = [&](const char* name) { return testFile(folder + name).toStdString(); };
    return Tokenizer(vocabularyFromJson("tokenizer.json", read("tokenizer.json"), read("tokenizer_config.json")));
}

Tokenizer tiny(const QString& rule)
{
    if (rule == "llama-bpe")
        return fromFolder("model/tiny-llama3/");
    return fromGguf(testFile(rule == "smollm" ? "model/tiny-llama.gguf"
            : rule == "gpt-2"                 ? "model/tiny-linear.gguf"
                                              : "model/tiny-qwen2.gguf"));
}

/// Compares the ids of every string of the corpus, and that they decode to the string where nothing was dropped. The
/// golden ids are without a token in front; a string that begins with that token has it once either way.
void compareCorpus(const Tokenizer& tokenizer, const Json& expected, bool bosInFront)
{
    const Json& strings = golden().at("strings");
    int exact = 0;
    for (std::size_t i = 0; i < strings.size(); ++i) {
        const std::string text = strings[i].get<std::string>();
        Encoding got = tokenizer.encode(text);
        const auto bos = static_cast<std::size_t>(tokenizer.vocabulary().bos);
        if (bosInFront && !text.starts_with(tokenizer.vocabulary().tokens.at(bos)))
            got.ids.erase(got.ids.begin());
        QVERIFY2(got.ids == expected[i].get<Ids>(), qPrintable(QString::fromStdString(visibleText(text))));
        if (got.droppedBytes == 0) {
            QCOMPARE(tokenizer.decode(got.ids), text);
            ++exact;
        }
    }
    QVERIFY(strings.size() >= 200 && exact >= int(strings.size()) - 8);
}

std::string randomText(std::mt19937& rng)
{
    std::uniform_int_distribution<std::uint32_t> point(0, 0x10FFFF);
    QString text;
    for (int i = 0; i < 60; ++i) {
        const char32_t c = i % 2 ? point(rng) : point(rng) % 0x250;
        if (c < 0xD800 || c > 0xDFFF)
            text += QString::fromUcs4(&c, 1);
    }
    return text.toStdString();
}

} // namespace

class TokenizerTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void pieces_data()
    {
        QTest::addColumn<QString>("rule");
        for (const char* rule : { "gpt-2", "smollm", "llama-bpe", "qwen2" })
            QTest::newRow(rule) << QString(rule);
    }
    void pieces()
    {
        QFETCH(QString, rule);
        const auto known = preTokenizerFromGguf(rule.toStdString());
        QVERIFY(known);
        const PieceSplitter splitter(*known);
        const Json& strings = golden().at("strings");
        const Json& expected = golden().at("pieces").at(rule.toStdString());
        for (std::size_t i = 0; i < strings.size(); ++i) {
            const std::string text = strings[i].get<std::string>();
            std::vector<std::string> got;
            splitter.split(text, [&](std::string_view piece) {
                got.push_back(bytesToAlphabet(piece));
                return true;
            });
            const auto want = expected[i].get<std::vector<std::string>>();
            const auto joined = [](const std::vector<std::string>& list) {
                QString all;
                for (const std::string& piece : list)
                    all += QString::fromStdString(piece) + "|";
                return all;
            };
            QCOMPARE(joined(got), joined(want));
        }
    }

    void tinyIds_data() { pieces_data(); }
    void tinyIds()
    {
        QFETCH(QString, rule);
        const Tokenizer tokenizer = tiny(rule);
        QCOMPARE(QString::fromUtf8(preTokenizerName(tokenizer.vocabulary().pre).data()), rule);
        const bool bos = tokenizer.vocabulary().addBos; // the golden ids are without it
        QCOMPARE(bos, rule == "llama-bpe");
        compareCorpus(tokenizer, golden().at("ids").at("tiny " + rule.toStdString()), bos);
        if (!bos)
            return;
        QCOMPARE(tokenizer.encode("x").ids.front(), 1);
        // A text that begins with the token, as chat templates write it, gets no second one.
        const std::string text = tokenizer.vocabulary().tokens[1] + "x";
        QCOMPARE(tokenizer.encode(text).ids, tokenizer.encode("x").ids);
        QCOMPARE(tokenizer.encode(text, { .special = false }).ids.front(), 1);
    }

    void smollmIds()
    {
        PIKV_NEEDS_MODEL();
        QFile file(realModel());
        QVERIFY(file.open(QIODevice::ReadOnly));
        const Tokenizer tokenizer = fromGguf(file.readAll());
        QCOMPARE(tokenizer.size(), std::size_t { 49152 });
        compareCorpus(tokenizer, golden().at("ids").at("smollm2"), false);
        QCOMPARE(tokenizer.encode("a\x04z").droppedBytes, std::size_t { 1 });
        QVERIFY(tokenizer.vocabulary().chatTemplate.find("<|im_start|>") != std::string::npos);
    }

    void roundTrip()
    {
        const Tokenizer tokenizer = tiny("smollm");
        std::mt19937 rng(11);
        for (int i = 0; i < 300; ++i) {
            const std::string text = randomText(rng);
            const Encoding encoding = tokenizer.encode(text);
            QCOMPARE(encoding.droppedBytes, std::size_t { 0 });
            QCOMPARE(tokenizer.decode(encoding.ids), text);
        }
    }

    void longPieces()
    {
        const Tokenizer tokenizer = tiny("llama-bpe");
        for (const char c : { 'a', ' ', '\n', '.' }) {
            const std::string text(200'000, c);
            QCOMPARE(tokenizer.decode(tokenizer.encode(text).ids), tokenizer.decode(Ids { 1 }) + text);
        }
    }

    void specialTokens()
    {
        const Tokenizer tokenizer = tiny("smollm");
        QCOMPARE(tokenizer.encode("<|im_start|><|im_end|>").ids, (Ids { 1, 2 }));
        const Encoding plain = tokenizer.encode("<|im_start|>", { .special = false });
        QVERIFY(plain.ids.size() > 3);
        QCOMPARE(tokenizer.decode(plain.ids), std::string("<|im_start|>"));
        QVERIFY(tokenizer.isSpecial(1) && !tokenizer.isSpecial(50));
    }

    void stopsAtTheLimit()
    {
        const Tokenizer tokenizer = tiny("smollm");
        const std::string text = "the cat sat on the mat <|im_end|> and the dog ran";
        const Ids all = tokenizer.encode(text).ids;
        for (std::size_t n = 1; n <= all.size() + 1; ++n) {
            const Ids some = tokenizer.encode(text, { .maxTokens = n }).ids;
            QCOMPARE(some, Ids(all.begin(), all.begin() + std::ptrdiff_t(std::min(n, all.size()))));
        }
    }

    void invalidUtf8_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("offset");
        QTest::newRow("lone continuation") << QByteArray("ab\x80") << 2;
        QTest::newRow("overlong") << QByteArray("\xC0\xAF") << 0;
        QTest::newRow("surrogate") << QByteArray("x\xED\xA0\x80") << 1;
        QTest::newRow("above U+10FFFF") << QByteArray("xyz\xF4\x90\x80\x80") << 3;
        QTest::newRow("cut short") << QByteArray("é\xE4\xBD") << 2;
        QTest::newRow("never allowed") << QByteArray("\xFF") << 0;
    }
    void invalidUtf8()
    {
        QFETCH(QByteArray, text);
        QFETCH(int, offset);
        const Tokenizer tokenizer = tiny("smollm");
        try {
            tokenizer.encode(text.toStdString());
            QFAIL("the text was accepted");
        } catch (const Error& error) {
            const QString end = QString("at byte %1").arg(offset);
            QVERIFY2(QString(error.what()).endsWith(end), error.what());
        }
    }

    void visible()
    {
        QCOMPARE(visibleText(" a\n\tb"), std::string("␣a↵⇥b"));
        QCOMPARE(visibleText("\xE4\xBD"), std::string("<E4><BD>"));
        QCOMPARE(visibleText("é\xFF你\x01"), std::string("é<FF>你<01>"));
        const Tokenizer tokenizer = tiny("smollm");
        QVERIFY_THROWS_EXCEPTION(Error, tokenizer.visibleToken(-1));
        QVERIFY_THROWS_EXCEPTION(Error, tokenizer.visibleToken(320));
    }

    void refusesAMergeOfUnknownTokens()
    {
        Vocabulary vocabulary;
        vocabulary.source = "x.gguf";
        vocabulary.tokens = { "a", "b" };
        vocabulary.kinds = { TokenKind::Normal, TokenKind::Normal };
        vocabulary.merges = { { "a", "b" } };
        QVERIFY_THROWS_EXCEPTION(Error, Tokenizer { vocabulary });
    }

    void refusesJson_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QString>("words");
        const auto file = [](const char* pre, const char* model) {
            return QByteArray("{\"pre_tokenizer\":") + pre + ",\"model\":" + model + "}";
        };
        const char* level = R"({"type":"ByteLevel","use_regex":true,"add_prefix_space":false})";
        QTest::newRow("no JSON") << QByteArray("{") << "not valid JSON";
        QTest::newRow("empty") << QByteArray("{}") << "form of a tokenizer.json";
        QTest::newRow("unigram") << file(level, R"({"type":"Unigram","vocab":[]})") << "kind 'Unigram'";
        QTest::newRow("unknown step") << file(R"({"type":"Metaspace"})", R"({"type":"BPE"})") << "step 'Metaspace'";
        QTest::newRow("unknown regex") << file(R"({"type":"Split","pattern":{"Regex":"x+"}})", R"({"type":"BPE"})")
                                       << "none of gpt-2";
        QTest::newRow("duplicate id") << file(level, R"({"type":"BPE","vocab":{"a":0,"b":0},"merges":[]})") << "twice";
        QTest::newRow("huge id") << file(level, R"({"type":"BPE","vocab":{"a":2147483648},"merges":[]})")
                                 << "out of bounds";
        QTest::newRow("holes") << file(level, R"({"type":"BPE","vocab":{"a":9999},"merges":[]})") << "holes";
        QTest::newRow("merge") << file(level, R"({"type":"BPE","vocab":{"a":0},"merges":["a"]})") << "second part";
    }
    void refusesJson()
    {
        QFETCH(QByteArray, json);
        QFETCH(QString, words);
        try {
            vocabularyFromJson("tokenizer.json", json.toStdString(), "");
            QFAIL("the file was accepted");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Input);
            QVERIFY2(QString(error.what()).contains(words), error.what());
        }
    }
};

PIKV_TEST(TokenizerTest)
#include "tokenizer_test.moc"
