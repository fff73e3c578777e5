// SPDX-License-Identifier: GPL-3.0-or-later
// Specs: parse, print, expand, and the sentences that refuse them.
#include "core/base/error.h"
#include "core/codec/compressor.h"
#include "core/codec/methodspec.h"
#include "core/codec/registry.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;

class TestSpec : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void defaultsPrintAsTheBareId_data();
    void defaultsPrintAsTheBareId();
    void everyParameterRoundTrips_data() { defaultsPrintAsTheBareId_data(); }
    void everyParameterRoundTrips();
    void anyFileNameRoundTrips_data();
    void anyFileNameRoundTrips();
    void refusals_data();
    void refusals();
    void listsExpandLastFastest();
    void tooManyPointsAreRefused();
    void parameterTextsAreComplete();
};

void TestSpec::defaultsPrintAsTheBareId_data()
{
    QTest::addColumn<QString>("id");
    for (const MethodInfo& method : Registry::instance().methods())
        QTest::newRow(method.id.c_str()) << QString::fromStdString(method.id);
}

void TestSpec::defaultsPrintAsTheBareId()
{
    QFETCH(QString, id);
    const MethodSpec spec = parseSpec(id.toStdString());
    QCOMPARE(printSpec(spec), id.toStdString());
    QVERIFY(parseSpec(id.toStdString() + ":" + printParams(spec)) == spec);
}

/// A legal value other than the default.
static ParamValue otherValue(const ParamSpec& spec)
{
    switch (spec.type) {
    case ParamType::Bool:
        return !std::get<bool>(spec.defaultValue);
    case ParamType::Int:
        if (!spec.choices.empty())
            return std::int64_t(std::stoll(spec.choices.back()));
        return std::int64_t(spec.maximum) == std::get<std::int64_t>(spec.defaultValue) ? std::int64_t(spec.minimum)
                                                                                       : std::int64_t(spec.maximum);
    case ParamType::Real:
        return spec.minimum + (spec.maximum - spec.minimum) / 3;
    case ParamType::Choice:
        return spec.choices.back();
    case ParamType::File:
        return std::string("some/basis.pikv-basis");
    case ParamType::IntList:
        return std::vector<std::int64_t> { std::int64_t(spec.maximum) };
    case ParamType::RealList:
        return std::vector<double> { spec.maximum / 3 };
    }
    return {};
}

void TestSpec::everyParameterRoundTrips()
{
    QFETCH(QString, id);
    const MethodInfo& method = Registry::instance().get(id.toStdString());
    for (const ParamSpec& param : method.params) {
        MethodSpec spec = parseSpec(method.id);
        spec.params.set(param.name, otherValue(param));
        checkParam(method.id, param, spec.params.value(param.name));
        QVERIFY2(parseSpec(printSpec(spec)) == spec, printSpec(spec).c_str());
    }
}

void TestSpec::anyFileNameRoundTrips_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("text");
    QTest::newRow("plain") << "a/b c=1.pikv-basis"
                           << "a/b c=1.pikv-basis";
    QTest::newRow("comma") << "a,b"
                           << R"("a,b")";
    QTest::newRow("brackets") << "[1] a"
                              << R"("[1] a")";
    QTest::newRow("one bracket") << "a]"
                                 << R"("a]")";
    QTest::newRow("quote") << R"(5" disk)"
                           << R"("5\" disk")";
    QTest::newRow("backslash") << R"(a\b)"
                               << R"("a\\b")";
    QTest::newRow("ends in a backslash") << R"(a,\)"
                                         << R"("a,\\")";
    QTest::newRow("line end") << "a\nb"
                              << R"("a\nb")";
    QTest::newRow("blank at the end") << "a "
                                      << R"("a ")";
    QTest::newRow("not ASCII") << "ä,β"
                               << R"("ä,β")";
}

void TestSpec::anyFileNameRoundTrips()
{
    QFETCH(QString, path);
    QFETCH(QString, text);
    MethodSpec spec = parseSpec("lora:rank=16");
    spec.params.set("shared", path.toStdString());
    const std::string printed = printSpec(spec);
    QVERIFY2(QString::fromStdString(printed).endsWith(",shared=" + text), printed.c_str());
    QVERIFY2(parseSpec(printed) == spec, printed.c_str());
    QVERIFY2(parseSpec("lora:" + printParams(spec)) == spec, printed.c_str());
    const auto points = expandSpec("lora:rank=[8,16],shared=[" + text.toStdString() + ",other]");
    QCOMPARE(points.size(), std::size_t(4));
    QCOMPARE(points[0].params.text("shared"), path.toStdString());
}

void TestSpec::refusals_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("words");
    QTest::newRow("unknown method") << "zip" << QStringList { "zip", "identity" };
    QTest::newRow("empty") << "" << QStringList { "unknown method" };
    QTest::newRow("unknown parameter") << "identity:rank=3" << QStringList { "rank", "sinks" };
    QTest::newRow("above the bound") << "identity:sinks=4096" << QStringList { "sinks=4096", "0 to 1024 tokens" };
    QTest::newRow("below the bound") << "identity:sinks=-1" << QStringList { "sinks=-1", "0 to 1024" };
    QTest::newRow("not a number") << "identity:sinks=many" << QStringList { "sinks", "whole number", "many" };
    QTest::newRow("fraction") << "identity:sinks=1.5" << QStringList { "whole number" };
    QTest::newRow("overflow") << "identity:sinks=99999999999999999999" << QStringList { "whole number" };
    QTest::newRow("no value") << "identity:sinks" << QStringList { "parameter=value" };
    QTest::newRow("twice") << "identity:sinks=1,sinks=2" << QStringList { "twice" };
    QTest::newRow("quote without an end") << "lora:shared=\"a,b" << QStringList { "shared", "double quotes" };
    QTest::newRow("list for one value") << "identity:sinks=[1,2]" << QStringList { "whole number" };
}

void TestSpec::refusals()
{
    QFETCH(QString, text);
    QFETCH(QStringList, words);
    try {
        parseSpec(text.toStdString());
        QFAIL("the spec was accepted");
    } catch (const Error& e) {
        QVERIFY(e.kind() == ErrorKind::Usage);
        for (const QString& word : words)
            QVERIFY2(QString(e.what()).contains(word), e.what());
    }
}

void TestSpec::listsExpandLastFastest()
{
    const auto points = expandSpec("identity:sinks=[1,2],recent=[4,8,16]");
    QStringList texts;
    for (const MethodSpec& point : points)
        texts << QString::fromStdString(printSpec(point));
    const QStringList expected { "identity:sinks=1,recent=4", "identity:sinks=1,recent=8", "identity:sinks=1,recent=16",
        "identity:sinks=2,recent=4", "identity:sinks=2,recent=8", "identity:sinks=2,recent=16" };
    QCOMPARE(texts, expected);
}

void TestSpec::tooManyPointsAreRefused()
{
    std::string list = "0";
    for (int i = 1; i <= 200; ++i)
        list += "," + std::to_string(i);
    QVERIFY_EXCEPTION_THROWN(expandSpec("identity:sinks=[" + list + "],recent=[" + list + "]"), Error);
}

void TestSpec::parameterTextsAreComplete()
{
    for (const MethodInfo& method : Registry::instance().methods()) {
        QVERIFY2(!method.sentence.empty() && !method.label.empty() && !method.reference.empty(), method.id.c_str());
        for (const ParamSpec& param : method.params)
            QVERIFY2(!param.help.empty() && !param.label.empty(), (method.id + "." + param.name).c_str());
        QVERIFY2(
            !expandSpec(method.sweep.empty() ? method.id : method.id + ":" + method.sweep).empty(), method.id.c_str());
    }
}

PIKV_TEST(TestSpec)
#include "tst_spec.moc"
