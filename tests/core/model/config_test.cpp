// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/model/model.h"
#include "core/model/modelconfig.h"
#include "modeldata.h"
#include "testmain.h"
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <nlohmann/json.hpp>

using namespace pikv;
using Json = nlohmann::json;

namespace {

Json tinyConfig() { return Json::parse(testFile("model/tiny-llama3/config.json").toStdString()); }

std::string messageOf(const std::function<void()>& action)
{
    try {
        action();
    } catch (const Error& error) {
        return error.kind() == ErrorKind::Input ? error.what() : std::string("another kind: ") + error.what();
    }
    return "nothing was refused";
}

/// A copy of the tiny Hugging Face folder that a test may damage.
class TinyFolder {
public:
    TinyFolder()
    {
        const QDir source(testPath("model/tiny-llama3"));
        for (const QString& name : source.entryList(QDir::Files))
            QFile::copy(source.filePath(name), m_dir.filePath(name));
    }
    std::string path() const { return m_dir.path().toStdString(); }
    void write(const char* name, const QByteArray& content) const
    {
        QFile file(m_dir.filePath(name));
        if (!file.open(QIODevice::WriteOnly | QIODevice::Truncate) || file.write(content) != content.size())
            qFatal("cannot write");
    }
    void remove(const char* name) const { QFile::remove(m_dir.filePath(name)); }
    QByteArray read(const char* name) const
    {
        QFile file(m_dir.filePath(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

private:
    QTemporaryDir m_dir;
};

} // namespace

class ConfigTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void readsBothFormsOfRope()
    {
        Json json = tinyConfig();
        const ModelConfig modern = configFromJson("folder/Tiny", json.dump());
        QCOMPARE(modern.name, std::string("Tiny"));
        QCOMPARE(int(modern.scaling.kind), int(RopeScaling::Kind::Llama3));
        json["rope_theta"] = json["rope_parameters"]["rope_theta"];
        json["rope_scaling"] = json["rope_parameters"];
        json["rope_scaling"].erase("rope_theta");
        json.erase("rope_parameters");
        const ModelConfig old = configFromJson("folder/Tiny", json.dump());
        QCOMPARE(old.ropeTheta, modern.ropeTheta);
        QCOMPARE(old.scaling.factor, modern.scaling.factor);
        QCOMPARE(old.ropeInfo(), modern.ropeInfo());
        const ModelConfig again = configFromJson("folder/Tiny", modern.toJson());
        QCOMPARE(again.toJson(), modern.toJson());
    }

    void refusesConfig_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* key, const char* value, const char* words) {
            QTest::addRow("%s %s", key, value) << key << value << words;
        };
        row("architectures", R"(["GemmaForCausalLM"])", "'GemmaForCausalLM' cannot be run");
        row("rope_parameters", R"({"rope_type":"yarn","factor":4.0,"rope_theta":1e4})", "'yarn' is not supported");
        row("hidden_act", R"("gelu")", "'gelu' is not supported");
        row("quantization_config", "{}", "quantised checkpoint");
        row("use_sliding_window", "true", "sliding-window");
        row("layer_types", R"(["sliding_attention"])", "sliding_attention");
        row("num_key_value_heads", "3", "does not divide");
        row("num_attention_heads", "0", "the head");
        row("head_dim", "7", "is odd");
        row("hidden_size", "-5", "hidden size");
        row("num_hidden_layers", "100000", "layer count");
        row("vocab_size", "1e300", "config.json");
        row("hidden_size", R"("wide")", "config.json");
        row("rms_norm_eps", "-1", "epsilon");
    }
    void refusesConfig()
    {
        QFETCH(QString, key);
        QFETCH(QString, value);
        QFETCH(QString, words);
        Json json = tinyConfig();
        json[key.toStdString()] = Json::parse(value.toStdString());
        const std::string message = messageOf([&] { configFromJson("folder", json.dump()); });
        QVERIFY2(QString::fromStdString(message).contains(words), message.c_str());
    }

    void refusesFolders()
    {
        const auto opened = [](const TinyFolder& folder) {
            return QString::fromStdString(messageOf([&] { openModel(folder.path()); }));
        };
        TinyFolder noIndex;
        noIndex.remove("model.safetensors.index.json");
        QVERIFY2(opened(noIndex).contains("there is no model.safetensors"), qPrintable(opened(noIndex)));
        noIndex.write("pytorch_model.bin", "x");
        QVERIFY2(opened(noIndex).contains("convert pytorch_model.bin"), qPrintable(opened(noIndex)));
        TinyFolder elsewhere;
        elsewhere.write("model.safetensors.index.json", R"({"weight_map":{"a":"../b.safetensors"}})");
        QVERIFY2(opened(elsewhere).contains("is no file of this folder"), qPrintable(opened(elsewhere)));
        TinyFolder noShard;
        noShard.remove("model-00002-of-00002.safetensors");
        QVERIFY2(opened(noShard).contains("model-00002"), qPrintable(opened(noShard)));
        TinyFolder cut;
        cut.write("model-00002-of-00002.safetensors", cut.read("model-00002-of-00002.safetensors").chopped(10));
        QVERIFY2(opened(cut).contains("model-00002"), qPrintable(opened(cut)));
        TinyFolder wider;
        wider.write(
            "config.json", wider.read("config.json").replace("\"intermediate_size\":64", "\"intermediate_size\":96"));
        QVERIFY2(opened(wider).contains("[96, 32] was expected"), qPrintable(opened(wider)));
        TinyFolder deeper;
        deeper.write(
            "config.json", deeper.read("config.json").replace("\"num_hidden_layers\":2", "\"num_hidden_layers\":3"));
        QVERIFY2(opened(deeper).contains("is missing"), qPrintable(opened(deeper)));
        TinyFolder smaller;
        smaller.write("tokenizer.json",
            smaller.read("tokenizer.json")
                .replace("\"special\":true}",
                    "\"special\":true}"
                    ",{\"id\":400,\"content\":\"<x>\",\"special\":true}"));
        QVERIFY2(opened(smaller).contains("the embedding only 320 rows"), qPrintable(opened(smaller)));
    }

    void aModelWithoutTokenizerRunsIds()
    {
        const TinyFolder folder;
        folder.remove("tokenizer.json");
        const ModelPtr model = openModel(folder.path() + "/");
        QVERIFY(modelInfo(*model).tokenizerProblem.find("tokenizer.json") != std::string::npos);
        QVERIFY(captureCache({ model, { 5, 6 }, 0, DType::F16 }) != nullptr);
        QVERIFY(messageOf([&] { tokenize(*model, "text"); }).find("cannot read text") != std::string::npos);
        QCOMPARE(visibleToken(*model, 17), std::string("#17"));
    }

    void refusesTruncatedGguf()
    {
        const QByteArray whole = testFile("model/tiny-llama.gguf");
        QTemporaryDir dir;
        for (int size = 0; size < whole.size(); size += 1777) {
            QFile file(dir.filePath("cut.gguf"));
            QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
            file.write(whole.left(size));
            file.close();
            const std::string message = messageOf([&] { openModel(file.fileName().toStdString()); });
            QVERIFY2(message.find("cut.gguf: ") != std::string::npos, message.c_str());
        }
    }

    void saysWhatIsMissing()
    {
        QVERIFY(messageOf([] { resolveModel("/nowhere/model.gguf"); }).find("no such model") != std::string::npos);
        qputenv("PIKV_MODEL", "/nowhere/default.gguf");
        QVERIFY(messageOf([] { resolveModel("default"); }).find("/nowhere/default.gguf") != std::string::npos);
        qunsetenv("PIKV_MODEL");
    }

    void names_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("name");
        QTest::newRow("gguf") << "/a/SmolLM2-135M-Instruct.Q4_1.gguf"
                              << "SmolLM2-135M-Instruct";
        QTest::newRow("k quants") << "qwen2.5-0.5b-instruct-q4_k_m.gguf"
                                  << "qwen2.5-0.5b-instruct";
        QTest::newRow("f16") << "Llama-3.2-1B.F16.gguf"
                             << "Llama-3.2-1B";
        QTest::newRow("folder") << "/models/Qwen3-0.6B/"
                                << "Qwen3-0.6B";
        QTest::newRow("hub") << "HuggingFaceTB/SmolLM2-135M-Instruct"
                             << "SmolLM2-135M-Instruct";
        QTest::newRow("plain") << "tiny-qwen2.gguf"
                               << "tiny-qwen2";
    }
    void names()
    {
        QFETCH(QString, path);
        QFETCH(QString, name);
        QCOMPARE(QString::fromStdString(modelNameFromPath(path.toStdString())), name);
    }
};

PIKV_TEST(ConfigTest)
#include "config_test.moc"
