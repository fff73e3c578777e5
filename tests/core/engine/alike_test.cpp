// SPDX-License-Identifier: GPL-3.0-or-later
// Like for like: the same protected tokens for all methods, and settings whose figures are alike.
#include "core/base/error.h"
#include "core/codec/protectedtokens.h"
#include "core/codec/registry.h"
#include "core/eval/alike.h"
#include "testmain.h"
#include <QTest>

using namespace pikv;

class AlikeTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyMethodKeepsTheSame()
    {
        for (const MethodInfo& method : Registry::instance().methods()) {
            const MethodSpec own = parseSpec(method.id), alike = withProtectedTokens(own, ProtectedTokens { 4, 96 });
            if (method.family == "Reference") {
                QVERIFY(alike == own);
                continue;
            }
            QCOMPARE(alike.params.integer("sinks"), 4);
            QCOMPARE(alike.params.integer("recent"), 96);
            QVERIFY2(withProtectedTokens(alike, std::nullopt) == own, method.id.c_str());
        }
        QCOMPARE(printSpec(withProtectedTokens(parseSpec("kivi"), ProtectedTokens {})),
            std::string("kivi:residual_length=0"));
        QCOMPARE(printSpec(withProtectedTokens(parseSpec("kvtc:compression=8"), ProtectedTokens {})),
            std::string("kvtc:compression=8,sinks=0,recent=0"));
    }
    void listsKeepTheSame()
    {
        const ProtectedTokens tokens { 4, 96 };
        QCOMPARE(withProtectedTokens("kivi:key_bits=[2,4],sinks=[0,8],residual_length=[0..128:32]", tokens),
            std::string("kivi:key_bits=[2,4],residual_length=0,sinks=4,recent=96"));
        QCOMPARE(withProtectedTokens("kivi:key_bits=[2,4],sinks=4,recent=96", std::nullopt),
            std::string("kivi:key_bits=[2,4]"));
        QCOMPARE(withProtectedTokens("q8_0", ProtectedTokens {}), std::string("q8_0"));
    }
    void textsAreRead()
    {
        QVERIFY(parseProtectedTokens("none") == ProtectedTokens {});
        QVERIFY(parseProtectedTokens("4,128") == (ProtectedTokens { 4, 128 }));
        QCOMPARE(printProtectedTokens({ 4, 128 }), std::string("4,128"));
        for (const char* wrong : { "", "4", "4,", ",4", "4,x", "-1,4", "4,99999999", "4,8,16" })
            QVERIFY_EXCEPTION_THROWN((void)parseProtectedTokens(wrong), Error);
    }
    void alikeFiguresAreTold()
    {
        const auto result = [](const char* spec, std::uint64_t bytes, double error) {
            EvaluationResult r;
            r.method = parseSpec(spec);
            r.storedBytes = bytes;
            r.quality.keyNmse = r.quality.valueNmse = r.quality.attentionError = error;
            return r;
        };
        std::vector<EvaluationResult> list { result("kivi", 1000, 0.123456), result("kivi:key_bits=4", 1000, 0.123457),
            result("lora", 900, 0.123456) };
        QCOMPARE(alikeWarning(list), std::string());
        list.push_back(result("kivi:sinks=1", 1000, 0.12345600001));
        QVERIFY(alikeWarning(list).starts_with(
            "1 setting gives the same figures as another, to six digits: kivi and kivi:sinks=1"));
        list.push_back(list.back()); // the same setting twice says nothing
        QVERIFY(alikeWarning(list).starts_with("1 setting"));
        list.push_back(result("kivi:sinks=2", 1000, 0.12345600001)); // and a third one alike
        QVERIFY(alikeWarning(list).starts_with("2 settings give"));
        const std::vector<EvaluationResult> exact { result("identity", 1000, 0), result("identity:sinks=1", 1000, 0) };
        QCOMPARE(alikeWarning(exact), std::string());
    }
};

PIKV_TEST(AlikeTest)
#include "alike_test.moc"
