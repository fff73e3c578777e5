// SPDX-License-Identifier: GPL-3.0-or-later
// What the user says of a dump, by mouse and keyboard: which tensors are keys and values, how they were rotated.
#include "testmain.h"
#include "ui/models/problemsmodel.h"
#include "windowfixture.h"
#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QFrame>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QToolButton>
#include <QtEndian>

using namespace pikv;
using namespace pikv::ui;
using namespace windowfixture;

class ToldWindowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_before = qgetenv("XDG_DATA_HOME"); }
    void init();
    void cleanup() { m_folder.reset(); }
    void cleanupTestCase();
    void unknownNamesAreOfferedAndMapped();
    void theDialogSaysWhyNot();
    void axesAreChosenByKeyboard();
    void theKeyboardGoesFromTopToBottom();
    void cancelOpensNothing();
    void theOpenDumpIsMapped();
    void otherFailuresAreNotOffered();
    void rotationIsCorrectedAndForgotten();
    void wrongNumbersStayInTheForm();
    void sequencesAreChosen();
    void crossAttentionIsChosen();
    void nothingIsToldOfACapture();

private:
    QString path(const QString& name) const { return m_folder->filePath(name); }
    /// The small dump with names of somebody's own.
    QString mine() const;
    QDialog* dialogOf(Window& window) const;
    /// Opens mine(), which no reader knows, and the mapping dialog by the menu.
    QDialog* dialogOfMine(Window& window) const;
    static void click(QWidget* widget) { QTest::mouseClick(widget, Qt::LeftButton); }
    template <typename T>
    static T* in(QWidget* parent, const char* name)
    {
        T* found = parent->findChild<T*>(QLatin1String(name));
        if (!found)
            qFatal("there is no %s", name);
        return found;
    }
    static void type(QWidget* field, const QString& text)
    {
        field->setFocus();
        QTest::keyClick(field, Qt::Key_A, Qt::ControlModifier);
        QTest::keyClicks(field, text);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    QByteArray m_before;
};

void ToldWindowTest::init()
{
    forgetSettings();
    m_folder = std::make_unique<QTemporaryDir>();
    qputenv("XDG_DATA_HOME", path("data").toLocal8Bit());
}

void ToldWindowTest::cleanupTestCase()
{
    if (m_before.isNull())
        qunsetenv("XDG_DATA_HOME");
    else
        qputenv("XDG_DATA_HOME", m_before);
}

QString ToldWindowTest::mine() const
{
    QFile in(Dumps::instance().small()), out(path("mine.safetensors"));
    if (!in.open(QIODevice::ReadOnly) || !out.open(QIODevice::WriteOnly))
        return {};
    const QByteArray bytes = in.readAll();
    const auto length = qsizetype(qFromLittleEndian<quint64>(bytes.constData()));
    const QJsonObject header = QJsonDocument::fromJson(bytes.mid(8, length)).object();
    QJsonObject renamed;
    for (auto entry = header.begin(); entry != header.end(); ++entry) {
        QString name = entry.key();
        if (name == "__metadata__")
            continue;
        name.replace("layers.", "net.").replace(".key", ".first").replace(".value", ".second");
        renamed[name.endsWith(".query") ? "q" + name : name] = entry.value();
    }
    const QByteArray json = QJsonDocument(renamed).toJson(QJsonDocument::Compact);
    QByteArray word(8, '\0');
    qToLittleEndian(quint64(json.size()), word.data());
    out.write(word + json + bytes.mid(8 + length));
    return out.fileName();
}

/// Waits for the mapping dialog.
QDialog* ToldWindowTest::dialogOf(Window& window) const
{
    QDialog* dialog = nullptr;
    const bool there = QTest::qWaitFor(
        [&] { return (dialog = window.findChild<QDialog*>("mappingDialog")) && dialog->isVisible(); }, 20'000);
    return there ? dialog : nullptr;
}

QDialog* ToldWindowTest::dialogOfMine(Window& window) const
{
    window.openDump(mine());
    if (!QTest::qWaitFor([&] { return window.find<QFrame>("mappingBar")->isVisible(); }, 20'000))
        return nullptr;
    window.trigger("actionMapTensors");
    return dialogOf(window);
}

void ToldWindowTest::unknownNamesAreOfferedAndMapped()
{
    const QString file = mine();
    Window window;
    auto* bar = window.find<QFrame>("mappingBar");
    QVERIFY(!bar->isVisible());
    window.openDump(file);
    QTRY_VERIFY_WITH_TIMEOUT(bar->isVisible(), 20'000);
    QVERIFY(window.find<QLabel>("mappingText")->text().contains("mine.safetensors was not understood"));
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    click(window.find<QPushButton>("mappingAction"));
    QDialog* dialog = dialogOf(window);
    QVERIFY(dialog);
    auto* table = in<QTableView>(dialog, "mappingTensors");
    QVERIFY(table->model()->rowCount() >= 16);
    // Three families of tensors have no name that says what they are: the user does.
    auto* ok = in<QPushButton>(dialog, "mappingOk");
    QVERIFY(!ok->isEnabled());
    const auto use = [&](const QString& name, const char* button) {
        for (int row = 0; row < table->model()->rowCount(); ++row)
            if (table->model()->index(row, 0).data().toString() == name) {
                table->scrollTo(table->model()->index(row, 0));
                QTest::mouseClick(
                    table->viewport(), Qt::LeftButton, {}, table->visualRect(table->model()->index(row, 0)).center());
            }
        click(in<QPushButton>(dialog, button));
    };
    use("net.3.first", "mappingUseKey");
    QCOMPARE(in<QLineEdit>(dialog, "mappingKey")->text(), QString("net.{layer}.first"));
    QVERIFY(!ok->isEnabled());
    use("net.0.second", "mappingUseValue");
    QVERIFY2(ok->isEnabled(), qPrintable(in<QLabel>(dialog, "mappingPreview")->text()));
    QVERIFY(in<QLabel>(dialog, "mappingPreview")->text().contains("8 layers x [1, 2, 64, 32]"));
    QVERIFY(in<QLineEdit>(dialog, "mappingOption")->text().contains("--map 'key=net.{layer}.first,value="));
    QTRY_VERIFY(in<QComboBox>(dialog, "mappingAxis3")->isVisible());
    QTRY_VERIFY(in<QWidget>(dialog, "mappingAxes")->height() >= in<QComboBox>(dialog, "mappingAxis3")->height());
    click(ok);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(window.session()->info()->layers.size(), std::size_t(8));
    QVERIFY(!bar->isVisible());
    QVERIFY(window.find<QLabel>("toldText")->text().contains("Told by you: tensors key=net.{layer}.first"));
    QVERIFY(window.live("kivi"));
    // The next window knows it.
    Window next;
    QVERIFY(next.open(file));
    QVERIFY(next.find<QLabel>("toldText")->isVisibleTo(&next));
}

void ToldWindowTest::theDialogSaysWhyNot()
{
    Window window;
    QDialog* dialog = dialogOfMine(window);
    QVERIFY(dialog);
    auto* preview = in<QLabel>(dialog, "mappingPreview");
    auto* ok = in<QPushButton>(dialog, "mappingOk");
    type(in<QLineEdit>(dialog, "mappingKey"), "net.{layer}.first");
    QVERIFY2(preview->text().contains("no tensor of values"), qPrintable(preview->text()));
    type(in<QLineEdit>(dialog, "mappingValue"), "net.{layer}.third");
    QVERIFY2(preview->text().contains("no tensor is named value=net.{layer}.third"), qPrintable(preview->text()));
    QVERIFY(!ok->isEnabled() && in<QLineEdit>(dialog, "mappingOption")->text().isEmpty());
    type(in<QLineEdit>(dialog, "mappingValue"), "net.{layer}.second");
    QVERIFY(ok->isEnabled());
    auto* together = in<QCheckBox>(dialog, "mappingTogether");
    QTest::mouseClick(together, Qt::LeftButton, {}, QPoint(8, together->height() / 2));
    QVERIFY(together->isChecked());
    type(in<QLineEdit>(dialog, "mappingBoth"), "net.{layer}.first");
    // The only axis with two indices is guessed to be keys and values.
    QVERIFY2(ok->isEnabled() && preview->text().contains("8 layers x [1, 1, 64, 32]"), qPrintable(preview->text()));
    click(in<QPushButton>(dialog, "mappingCancel"));
}

void ToldWindowTest::axesAreChosenByKeyboard()
{
    Window window;
    QDialog* dialog = dialogOfMine(window);
    QVERIFY(dialog);
    type(in<QLineEdit>(dialog, "mappingKey"), "net.{layer}.first");
    type(in<QLineEdit>(dialog, "mappingValue"), "net.{layer}.second");
    auto* preview = in<QLabel>(dialog, "mappingPreview");
    QVERIFY(preview->text().contains("[1, 2, 64, 32]"));
    const auto choose = [&](const char* name, const QString& axis) {
        auto* box = in<QComboBox>(dialog, name);
        box->setFocus();
        while (box->currentText() != axis && box->currentIndex() > 0)
            QTest::keyClick(box, Qt::Key_Up);
        while (box->currentText() != axis && box->currentIndex() + 1 < box->count())
            QTest::keyClick(box, Qt::Key_Down);
        QCOMPARE(box->currentText(), axis);
    };
    choose("mappingAxis1", "seq");
    QVERIFY2(preview->text().contains("axis seq is named twice"), qPrintable(preview->text()));
    choose("mappingAxis2", "kv_head");
    QVERIFY2(preview->text().contains("[1, 64, 2, 32]"), qPrintable(preview->text()));
    choose("mappingAxis3", "kv_head*head_dim");
    choose("mappingAxis2", "batch");
    choose("mappingAxis0", "layer");
    QVERIFY2(preview->text().contains("layer is an axis"), qPrintable(preview->text()));
    click(in<QPushButton>(dialog, "mappingCancel"));
}

void ToldWindowTest::theKeyboardGoesFromTopToBottom()
{
    Window window;
    QDialog* dialog = dialogOfMine(window);
    QVERIFY(dialog);
    type(in<QLineEdit>(dialog, "mappingKey"), "net.{layer}.first"); // brings the boxes of its axes
    QVERIFY(in<QComboBox>(dialog, "mappingAxis3"));
    in<QCheckBox>(dialog, "mappingTogether")->setFocus();
    for (const char* next : { "mappingKey", "mappingUseKey", "mappingValue", "mappingUseValue", "mappingAxis0",
             "mappingAxis1", "mappingAxis2", "mappingAxis3", "mappingHeadDim", "mappingOption" }) {
        QTest::keyClick(dialog->focusWidget(), Qt::Key_Tab);
        QCOMPARE(dialog->focusWidget()->objectName(), QString(next));
    }
    click(in<QPushButton>(dialog, "mappingCancel"));
}

void ToldWindowTest::cancelOpensNothing()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    const quint64 dumps = window.session()->dumpCount();
    window.openDump(mine());
    QTRY_VERIFY_WITH_TIMEOUT(window.find<QFrame>("mappingBar")->isVisible(), 20'000);
    click(window.find<QPushButton>("mappingAction"));
    QDialog* dialog = dialogOf(window);
    QVERIFY(dialog);
    QTest::keyClick(dialog, Qt::Key_Escape);
    QVERIFY(window.waitIdle());
    QCOMPARE(window.session()->dumpCount(), dumps);
    QVERIFY(window.find<QFrame>("mappingBar")->isVisible()); // one can think again
    click(window.find<QPushButton>("mappingIgnore"));
    QVERIFY(!window.find<QFrame>("mappingBar")->isVisible());
    QVERIFY(!QFile::exists(path("data/pikv-explorer/told.json")));
}

void ToldWindowTest::theOpenDumpIsMapped()
{
    const QString file = path("open.safetensors");
    QVERIFY(QFile::copy(Dumps::instance().small(), file));
    Window window;
    QVERIFY(window.open(file));
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    click(window.find<QPushButton>("toldMap"));
    QDialog* dialog = dialogOf(window);
    QVERIFY(dialog);
    QCOMPARE(in<QLineEdit>(dialog, "mappingKey")->text(), QString("layers.{layer}.key"));
    QVERIFY(in<QPushButton>(dialog, "mappingOk")->isEnabled());
    QTest::keyClick(in<QLineEdit>(dialog, "mappingKey"), Qt::Key_Return);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QVERIFY(window.session()->info()->told.contains("map"));
}

void ToldWindowTest::otherFailuresAreNotOffered()
{
    Window window;
    const QString file = path("text.safetensors");
    QFile out(file);
    QVERIFY(out.open(QIODevice::WriteOnly) && out.write("no dump at all") > 0);
    out.close();
    QSignalSpy failed(window.session(), &Session::dumpFailed);
    window.openDump(file);
    QVERIFY(failed.count() > 0 || failed.wait(20'000));
    QSignalSpy notListed(window.engine(), &Engine::tensorsNotListed);
    QVERIFY(notListed.count() > 0 || notListed.wait(20'000));
    QVERIFY(!window.find<QFrame>("mappingBar")->isVisible());
    const int problems = window.session()->problems()->rowCount();
    QCOMPARE(problems, 1); // that it is none is said once
    window.trigger("actionMapTensors");
    QCOMPARE(window.session()->problems()->rowCount(), 2); // there is nothing open to map
}

void ToldWindowTest::rotationIsCorrectedAndForgotten()
{
    const QString file = path("open.safetensors");
    QVERIFY(QFile::copy(Dumps::instance().small(), file));
    Window window;
    QVERIFY(window.open(file));
    const RopeInfo before = window.session()->info()->rope;
    auto* keys = window.find<QComboBox>("toldKeys");
    QVERIFY(!keys->isVisibleTo(&window));
    click(window.find<QToolButton>("toldCorrect"));
    QVERIFY(keys->isVisibleTo(&window));
    QVERIFY(!window.find<QPushButton>("toldForget")->isVisibleTo(&window));
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    keys->setFocus();
    while (keys->currentText() != "not rotated" && complete.isEmpty())
        QTest::keyClick(keys, Qt::Key_End);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QVERIFY(window.session()->info()->rope.state == RopeInfo::State::Pre);
    complete.clear();
    auto* theta = window.find<QLineEdit>("toldRopeTheta");
    type(theta, "500000");
    QTest::keyClick(theta, Qt::Key_Return);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QVERIFY(window.session()->info()->rope.theta == 500000.0);
    QCOMPARE(window.find<QLabel>("toldText")->text(), QString("Told by you: keys not rotated, base 500000"));
    QVERIFY(window.find<QLabel>("dumpRope")->text().contains("keys not rotated"));
    complete.clear();
    click(window.find<QPushButton>("toldForget"));
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QVERIFY(window.session()->info()->rope == before);
    QVERIFY(!window.find<QLabel>("toldText")->isVisibleTo(&window) && theta->text().isEmpty());
}

void ToldWindowTest::wrongNumbersStayInTheForm()
{
    Window window;
    QVERIFY(window.open(Dumps::instance().small()));
    const quint64 dumps = window.session()->dumpCount();
    click(window.find<QToolButton>("toldCorrect"));
    auto* theta = window.find<QLineEdit>("toldRopeTheta");
    type(theta, "-3");
    QTest::keyClick(theta, Qt::Key_Return);
    auto* problem = window.find<QLabel>("toldProblem");
    QVERIFY2(problem->isVisibleTo(&window) && problem->text() == "RoPE base: '-3' is no finite number above 0",
        qPrintable(problem->text()));
    type(theta, "");
    QTest::keyClick(theta, Qt::Key_Delete);
    QTest::keyClick(theta, Qt::Key_Return);
    QVERIFY(!problem->isVisibleTo(&window));
    QCOMPARE(window.session()->dumpCount(), dumps);
}

/// A llama.cpp session of two sequences, f16, one layer of 64 channels.
static QByteArray session()
{
    QByteArray file;
    const auto add = [&](auto value) {
        char bytes[sizeof value];
        qToLittleEndian(value, bytes);
        file.append(bytes, sizeof value);
    };
    const QList<QPair<int, int>> cells { { 0, 0 }, { 1, 0 }, { 2, 0 }, { 0, 5 }, { 1, 5 } }; // position, sequence
    file += "nsgg";
    add(quint32(9));
    add(quint32(0)); // tokens
    add(quint32(5));
    file += "llama";
    add(quint32(0)); // outputs, logits, embeddings
    add(quint64(0));
    add(quint64(0));
    add(quint32(cells.size()));
    for (const auto& [position, sequence] : cells) {
        add(qint32(position));
        add(quint32(1));
        add(qint32(sequence));
    }
    add(quint32(0)); // values as they are
    add(quint32(1)); // layers
    for (int tensor = 0; tensor < 2; ++tensor) {
        add(qint32(1)); // f16
        add(quint64(256));
        for (int element = 0; element < int(cells.size()) * 128; ++element)
            add(quint16(0x3C00 + element % 700));
    }
    return file;
}

void ToldWindowTest::sequencesAreChosen()
{
    const QString file = path("session.bin");
    QFile out(file);
    QVERIFY(out.open(QIODevice::WriteOnly) && out.write(session()) > 0);
    out.close();
    Window window({ "kivi" });
    QVERIFY(window.open(file));
    QCOMPARE(window.session()->info()->seq(), std::int64_t(3));
    auto* part = window.find<QComboBox>("toldPart");
    QVERIFY(part->isVisibleTo(&window));
    QCOMPARE(part->currentText(), QString("sequence 0 (3 cells)"));
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    part->setFocus();
    QTest::keyClick(part, Qt::Key_Down);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(window.session()->info()->seq(), std::int64_t(2));
    QCOMPARE(part->currentText(), QString("sequence 5 (2 cells)"));
    complete.clear();
    auto* heads = window.find<QComboBox>("toldHeadDim");
    QVERIFY(heads->isVisibleTo(&window));
    heads->setFocus();
    QTest::keyClick(heads, Qt::Key_Down); // 128, as is assumed
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(window.session()->info()->told.at("head-dim"), std::string("128"));
    complete.clear();
    QTest::keyClick(heads, Qt::Key_Down);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(window.session()->info()->layers[0].keyDim, std::int64_t(64));
    QCOMPARE(window.session()->info()->seq(), std::int64_t(2)); // still that sequence
}

/// The cache of a decoder's encoder, and the token ids that the file does not have.
void ToldWindowTest::crossAttentionIsChosen()
{
    const QString file = path("decoder.pt");
    QVERIFY(QFile::copy(QStringLiteral(PIKV_SOURCE_DIR "/tests/data/dumps/quadruples.pt"), file));
    Window window({ "kivi" });
    QVERIFY(window.open(file));
    QCOMPARE(window.session()->info()->seq(), std::int64_t(3));
    auto* part = window.find<QComboBox>("toldPart");
    QCOMPARE(part->currentText(), QString("self-attention of the decoder's own tokens"));
    QSignalSpy complete(window.session(), &Session::firstChartComplete);
    part->setFocus();
    QTest::keyClick(part, Qt::Key_Down);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(window.session()->info()->seq(), std::int64_t(5));
    QCOMPARE(window.find<QLabel>("dumpRope")->text(), QString("keys not rotated, as cross-attention has them"));
    click(window.find<QToolButton>("toldCorrect"));
    auto* ids = window.find<QLineEdit>("toldTokenIds");
    QVERIFY(ids->isVisibleTo(&window));
    type(ids, "1,2,3");
    QTest::keyClick(ids, Qt::Key_Return); // the encoder has five
    QTRY_VERIFY_WITH_TIMEOUT(window.session()->problems()->rowCount() > 0, 20'000);
    QCOMPARE(window.session()->info()->seq(), std::int64_t(5));
    complete.clear();
    type(ids, "5,6,7,8,9");
    QTest::keyClick(ids, Qt::Key_Return);
    QVERIFY(complete.count() > 0 || complete.wait(60'000));
    QCOMPARE(window.session()->info()->tokenIds, (std::vector<std::int64_t> { 5, 6, 7, 8, 9 }));
    QVERIFY(window.find<QLabel>("toldText")->text().contains("part 'cross', 5 token ids"));
}

void ToldWindowTest::nothingIsToldOfACapture()
{
    Window window;
    QVERIFY(!window.find<QToolButton>("toldCorrect")->isEnabled()); // nothing is open
    QVERIFY(window.open(Dumps::instance().small()));
    QVERIFY(window.find<QToolButton>("toldCorrect")->isEnabled());
    const QString file = path("x.pikv");
    QSignalSpy saved(window.engine(), &Engine::fileSaved);
    window.engine()->compressTo(window.specs()->spec("kivi"), file);
    QVERIFY(saved.count() > 0 || saved.wait(20'000));
    QVERIFY(window.open(file));
    QVERIFY(!window.find<QToolButton>("toldCorrect")->isEnabled());
}

PIKV_TEST(ToldWindowTest)
#include "tst_told.moc"
