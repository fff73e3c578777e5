// SPDX-License-Identifier: GPL-3.0-or-later
// Grids and presets: ranges, the text of a command and back, the store that window and command line share.
#include "core/base/error.h"
#include "core/codec/methodspec.h"
#include "core/study/presets.h"
#include "core/study/sweepgrid.h"
#include "refusal.h"
#include "testmain.h"
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QTemporaryDir>
#include <QTest>
#include <sys/wait.h>
#include <unistd.h>

using namespace pikv;

class SweepGridTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup() { m_folder.reset(); }
    void rangesExpand_data();
    void rangesExpand();
    void badRanges_data();
    void badRanges();
    void commandsComeBack();
    void shellsAgree();
    void otherTextsAreGrids();
    void badTexts_data();
    void badTexts();
    void presetsAreKept();
    void presetsAreRenamedAndRemoved();
    void badNames_data();
    void badNames();
    void damagedStores_data();
    void damagedStores();
    void programsDoNotLoseEachOthersPresets();
    void presetsAsText();

private:
    std::unique_ptr<QTemporaryDir> m_folder;
};

void SweepGridTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    qputenv("XDG_DATA_HOME", m_folder->path().toLocal8Bit());
}

void SweepGridTest::rangesExpand_data()
{
    QTest::addColumn<QString>("range");
    QTest::addColumn<QString>("list");
    QTest::newRow("own step") << "kivi:key_bits=[2..5]"
                              << "kivi:key_bits=[2,3,4,5]";
    QTest::newRow("step") << "lora:rank=[4..17:4]"
                          << "lora:rank=[4,8,12,16]";
    QTest::newRow("end met") << "lora:rank=[4..16:4]"
                             << "lora:rank=[4,8,12,16]";
    QTest::newRow("factor") << "lora:rank=[4..64:*2]"
                            << "lora:rank=[4,8,16,32,64]";
    QTest::newRow("one") << "lora:rank=[8..8]"
                         << "lora:rank=[8]";
    QTest::newRow("with others") << "lora:rank=[1,4..8:2,20]"
                                 << "lora:rank=[1,4,6,8,20]";
    QTest::newRow("decimals") << "fastvideo:motion_threshold=[0.1..0.5:0.1]"
                              << "fastvideo:motion_threshold=[0.1,0.2,0.3,0.4,0.5]";
    QTest::newRow("two") << "kivi:key_bits=[2..3],value_bits=[4,8]"
                         << "kivi:key_bits=[2,3],value_bits=[4,8]";
}

void SweepGridTest::rangesExpand()
{
    QFETCH(QString, range);
    QFETCH(QString, list);
    QCOMPARE(expandSpec(range.toStdString()).size(), expandSpec(list.toStdString()).size());
    QVERIFY(expandSpec(range.toStdString()) == expandSpec(list.toStdString()));
}

void SweepGridTest::badRanges_data()
{
    QTest::addColumn<QString>("spec");
    QTest::addColumn<QString>("word");
    QTest::newRow("down") << "lora:rank=[16..4]"
                          << "smaller end";
    QTest::newRow("no step") << "lora:rank=[4..16:0]"
                             << "step above 0";
    QTest::newRow("back") << "lora:rank=[4..16:-2]"
                          << "step above 0";
    QTest::newRow("factor 1") << "lora:rank=[4..16:*1]"
                              << "factor above 1";
    QTest::newRow("no number") << "lora:rank=[4..16:x]"
                               << "number";
    QTest::newRow("infinite") << "lora:rank=[4..16:inf]"
                              << "number";
    QTest::newRow("nothing behind") << "lora:rank=[4..]"
                                    << "whole number";
    QTest::newRow("beyond") << "lora:rank=[4..99999999]"
                            << "outside";
    QTest::newRow("many") << "fastvideo:motion_threshold=[0..1:0.0000001]"
                          << "10000";
    QTest::newRow("outside a list") << "lora:rank=4..16"
                                    << "whole number";
    QTest::newRow("of a text") << "pyramid:sinks=[a..b]"
                               << "whole number";
}

void SweepGridTest::badRanges()
{
    QFETCH(QString, spec);
    QFETCH(QString, word);
    const QString message = refusalOf([&] { (void)expandSpec(spec.toStdString()); });
    QVERIFY2(message.contains(word), qPrintable(message));
}

void SweepGridTest::commandsComeBack()
{
    SweepCommand command;
    command.grid.specs = { "kivi:key_bits=[2,4]", "lora:rank=[4..64:*2],shared=\"it's, a \\\"file\\\"\"" };
    command.grid.importances = parseImportances("none,uniform:0.2,random:7");
    command.grid.nextToken = true;
    command.dump = "/a folder/it's.safetensors";
    command.model = "/models/tiny model.gguf";
    const SweepCommand again = parseSweepCommand(printSweepCommand(command));
    QVERIFY(again.grid == command.grid);
    QCOMPARE(again.dump, command.dump);
    QCOMPARE(again.model, command.model);
    QCOMPARE(printSweepCommand({ { { "q8_0" }, {}, false }, {}, {} }),
        std::string("pikv sweep DUMP --with q8_0 -o results"));
}

/// Words are those of a shell: bash is asked.
void SweepGridTest::shellsAgree()
{
    for (const std::string& word :
        { std::string("plain"), std::string("two words"), std::string("it's"), std::string(""),
            std::string("$HOME `x` \"q\" \\ * [a,b] !"), std::string("--with=x"), std::string("ümlaut") }) {
        const QString script = QString::fromStdString(
            "printf %s " + shellWord(word) + " > '" + m_folder->filePath("out").toStdString() + "'");
        QCOMPARE(std::system(("bash -c " + shellWord(script.toStdString())).c_str()), 0);
        QFile file(m_folder->filePath("out"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll().toStdString(), word);
        QCOMPARE(shellWords("a " + shellWord(word) + "\tb"), std::vector<std::string>({ "a", word, "b" }));
    }
}

void SweepGridTest::otherTextsAreGrids()
{
    const SweepGrid bare { { "lora:rank=[4,8]", "kivi" }, {}, false };
    QVERIFY(parseSweepCommand("lora:rank=[4,8]\nkivi\n").grid == bare);
    QVERIFY(parseSweepCommand("--with lora:rank=[4,8] --with=kivi").grid == bare);
    QVERIFY(parseSweepCommand("$ pikv sweep DUMP --with 'lora:rank=[4,8]' \\\n   --with kivi -o out").grid == bare);
    QCOMPARE(parseSweepCommand("pikv sweep DUMP --with kivi").dump, std::string());
    QVERIFY(parseSweepCommand("--with kivi --model default").grid.nextToken);
    QCOMPARE(parseImportances("none, none,recency").size(), std::size_t(2));
}

void SweepGridTest::badTexts_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("word");
    QTest::newRow("nothing") << ""
                             << "names no method";
    QTest::newRow("no method") << "--with nothing:rank=4"
                               << "nothing";
    QTest::newRow("no value") << "--with"
                              << "--with needs a value";
    QTest::newRow("quote") << "--with 'kivi"
                           << "quotes";
    QTest::newRow("another option") << "--with kivi --restart"
                                    << "--restart";
    QTest::newRow("bounds") << "kivi:key_bits=[2,99]"
                            << "outside";
    QTest::newRow("importance") << "kivi --importance sometimes"
                                << "sometimes";
    QTest::newRow("option for the dump") << "pikv sweep --with kivi"
                                         << "dump first";
}

void SweepGridTest::badTexts()
{
    QFETCH(QString, text);
    QFETCH(QString, word);
    const QString message = refusalOf([&] { (void)parseSweepCommand(text.toStdString()); });
    QVERIFY2(message.contains(word), qPrintable(message));
}

namespace {

Preset mine(const std::string& name)
{
    Preset preset { name, {}, { { "kivi:key_bits=[2,4]" }, parseImportances("none,recency"), true },
        { "kivi:key_bits=3" }, false };
    return preset;
}

} // namespace

void SweepGridTest::presetsAreKept()
{
    QCOMPARE(allPresets().size(), builtInPresets().size());
    QVERIFY(!QFile::exists(QString::fromStdString(presetStorePath()))); // looking leaves no trace
    savePreset(mine("zwei Ü"));
    savePreset(mine("a"));
    const Preset kept = findPreset("zwei Ü");
    QVERIFY(kept.grid == mine("zwei Ü").grid && !kept.isBuiltIn);
    QCOMPARE(kept.settings, std::vector<std::string> { "kivi:key_bits=3" });
    const auto all = allPresets();
    QCOMPARE(all.size(), builtInPresets().size() + 2);
    QCOMPARE(all[all.size() - 2].name, std::string("a"));
    Preset other = mine("a");
    other.grid.nextToken = false;
    savePreset(other);
    QCOMPARE(allPresets().size(), all.size());
    QVERIFY(!findPreset("a").grid.nextToken);
    const QString unknown = refusalOf([] { (void)findPreset("b"); });
    QVERIFY2(unknown.contains("default, seed, a, zwei Ü"), qPrintable(unknown));
}

void SweepGridTest::presetsAreRenamedAndRemoved()
{
    savePreset(mine("a"));
    savePreset(mine("b"));
    renamePreset("a", "c");
    QVERIFY(findPreset("c").grid == mine("c").grid);
    QVERIFY(refusalOf([] { renamePreset("c", "b"); }).contains("already"));
    QVERIFY(refusalOf([] { renamePreset("a", "d"); }).contains("no preset 'a'"));
    QVERIFY(refusalOf([] { renamePreset("seed", "d"); }).contains("comes with the program"));
    removePreset("b");
    QVERIFY(refusalOf([] { removePreset("b"); }).contains("no preset 'b'"));
    QVERIFY(refusalOf([] { removePreset("default"); }).contains("comes with"));
    QCOMPARE(allPresets().size(), builtInPresets().size() + 1);
}

void SweepGridTest::badNames_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("blanks") << QByteArray(" a");
    QTest::newRow("lines") << QByteArray("a\nb");
    QTest::newRow("long") << QByteArray(81, 'a');
    QTest::newRow("no UTF-8") << QByteArray("\xff");
    QTest::newRow("built in") << QByteArray("seed");
}

void SweepGridTest::badNames()
{
    QFETCH(QByteArray, name);
    QVERIFY(!refusalOf([&] { savePreset(mine(name.toStdString())); }).isEmpty());
    QVERIFY(!QFile::exists(QString::fromStdString(presetStorePath())));
}

void SweepGridTest::damagedStores_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("no JSON") << QByteArray("hello");
    QTest::newRow("another JSON") << QByteArray("[1,2]");
    QTest::newRow("version") << QByteArray(R"({"version": 99, "presets": []})");
    QTest::newRow("no list") << QByteArray(R"({"version": 1, "presets": 7})");
    QTest::newRow("entry") << QByteArray(R"({"version": 1, "presets": [{"name": 3}]})");
    QTest::newRow("importance") << QByteArray(
        R"({"version": 1, "presets": [{"name": "a", "settings": [], "sweep": [], "importances": "x", "next_token": false}]})");
}

void SweepGridTest::damagedStores()
{
    QFETCH(QByteArray, text);
    const QString path = QString::fromStdString(presetStorePath());
    QVERIFY(QDir().mkpath(QFileInfo(path).path()));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
    file.close();
    const QString message = refusalOf([] { (void)allPresets(); });
    QVERIFY2(message.contains(QString::fromStdString(presetStorePath())), qPrintable(message));
    QCOMPARE(findPreset("seed").name, std::string("seed")); // needs no store
    savePreset(mine("new")); // begins anew, and keeps what there was
    QCOMPARE(findPreset("new").name, std::string("new"));
    QVERIFY(QFile::exists(path + ".damaged"));
}

void SweepGridTest::programsDoNotLoseEachOthersPresets()
{
    constexpr int programs = 3, each = 8;
    std::vector<pid_t> children;
    for (int program = 0; program < programs; ++program) {
        const pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < each; ++i)
                savePreset(mine(std::to_string(program) + "-" + std::to_string(i)));
            _exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = -1;
        waitpid(child, &status, 0);
        QCOMPARE(status, 0);
    }
    QCOMPARE(allPresets().size(), builtInPresets().size() + programs * each);
}

void SweepGridTest::presetsAsText()
{
    const Preset preset = mine("my own");
    const std::string text = printPreset(preset);
    QVERIFY(looksLikePreset(text));
    const Preset again = parsePreset(text);
    QCOMPARE(again.name, preset.name);
    QCOMPARE(again.settings, preset.settings);
    QVERIFY(again.grid == preset.grid);
    QVERIFY(!looksLikePreset("lora:rank=8"));
    QVERIFY(looksLikePreset("lora:rank=8\nkivi"));
    QVERIFY(looksLikePreset("pikv sweep DUMP --with kivi"));
    QVERIFY(!refusalOf([] { (void)parsePreset("# nothing\n"); }).isEmpty());
    QVERIFY(refusalOf([] { (void)parsePreset("lora:rank=8\nnothing"); }).contains("nothing"));
}

PIKV_TEST(SweepGridTest)
#include "sweepgrid_test.moc"
