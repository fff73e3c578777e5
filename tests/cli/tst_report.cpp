// SPDX-License-Identifier: GPL-3.0-or-later
// Reports: that they stand alone, and that what is in them is what was measured.
#include "runpikv.h"
#include "testmain.h"
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>
#include <QXmlStreamReader>

using namespace pikvtest;

class ReportTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void pageStandsAlone();
    void pageOpensWithoutANetwork();
    void documentHasVectors();
    void tablesForPapers();
    void refusesOtherForms();
    void csvSaysWhereItIsFrom();

private:
    QString path(const char* name) const { return m_folder.filePath(name); }
    Finished report(const char* name, const QStringList& more = {}) const
    {
        return pikv(QStringList { "report", path("sweep"), "-o", path(name) } + more);
    }
    QTemporaryDir m_folder;
    QString m_dump;
    QList<Row> m_rows;
};

void ReportTest::initTestCase()
{
    m_dump = path("du<mp & co.safetensors"); // to be escaped
    QVERIFY(generate(m_dump));
    const Finished sweep = pikv({ "sweep", m_dump, "--with", "kivi:key_bits=[2,4]", "--with", "q8_0", "--with",
        "lora:rank=[4,8]", "-o", path("sweep") });
    QVERIFY2(sweep.status == 0, sweep.err);
    m_rows = parseCsv(readFile(path("sweep/results.csv")));
}

void ReportTest::pageStandsAlone()
{
    const Finished result = report("page.html", { "--dump", m_dump, "--title", "A < B" });
    QVERIFY2(result.status == 0, result.err);
    const QString page = QString::fromUtf8(readFile(path("page.html")));
    QVERIFY(page.contains("<title>A &lt; B</title>") && page.contains("du&lt;mp &amp; co.safetensors"));
    // Nothing is fetched: no script, no link, no address but the names of XML's own vocabularies.
    for (const char* word : { "<script", "<link", "<img", "<iframe", "@import", "url(http" })
        QVERIFY2(!page.contains(QLatin1String(word)), word);
    auto addresses = QRegularExpression("(?:href|src)\\s*=\\s*\"([^\"]*)\"").globalMatch(page);
    while (addresses.hasNext()) {
        const QString address = addresses.next().captured(1);
        QVERIFY2(address.startsWith('#') || address.startsWith("data:"), qPrintable(address));
    }
    QVERIFY(page.count("<svg") >= 5);
    QVERIFY(QRegularExpression("<td>Fingerprint</td><td>[0-9a-f]{32}</td>").match(page).hasMatch());
    QVERIFY(page.contains("<td>Engine</td>") && page.contains("-fa on -ctk q8_0 -ctv q8_0"));
    for (const Row& row : m_rows)
        QVERIFY2(page.contains("<td>" + row["stored_bytes"] + "</td>"), qPrintable(row["stored_bytes"]));
    // Well formed but for what HTML alone has.
    QString xml = page;
    xml.remove("<!DOCTYPE html>").replace("<meta charset=\"utf-8\">", "");
    QXmlStreamReader reader(xml);
    while (!reader.atEnd())
        reader.readNext();
    QVERIFY2(!reader.hasError(), qPrintable(reader.errorString() + QString::number(reader.lineNumber())));
}

/// In a browser that has no network, where there is one: everything is drawn, and the page asks for nothing.
void ReportTest::pageOpensWithoutANetwork()
{
    QString browser;
    for (const char* name : { "chromium", "chromium-browser", "google-chrome" })
        if (browser.isEmpty())
            browser = QStandardPaths::findExecutable(name);
    if (browser.isEmpty())
        QSKIP("no Chromium is installed");
    QCOMPARE(report("browser.html", { "--dump", m_dump, "--title", "A < B" }).status, 0);
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    QStringList arguments { "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--enable-logging=stderr", "--user-data-dir=" + path("profile"),
        "--log-net-log=" + path("net.json"), "--window-size=1000,1400", "--screenshot=" + path("page.png"),
        QUrl::fromLocalFile(path("browser.html")).toString() };
    if (QProcess::execute("unshare", { "--net", "--map-root-user", "true" }) == 0) { // else no name is resolved
        arguments.prepend(browser);
        process.start("unshare", QStringList { "--net", "--map-root-user" } + arguments);
    } else {
        process.start(browser, QStringList { "--host-resolver-rules=MAP * ~NOTFOUND" } + arguments);
    }
    QVERIFY(process.waitForFinished(60'000));
    const QByteArray log = process.readAll();
    QVERIFY2(process.exitCode() == 0 && !log.contains("CONSOLE"), log);
    // What it asked for, the browser's own services aside.
    auto asked
        = QRegularExpression("\"url\":\"([a-z]+://[^/\"]*)").globalMatch(QString::fromUtf8(readFile(path("net.json"))));
    static const QRegularExpression own("^https?://([a-z0-9.-]+\\.)?(google|googleapis|gvt1|gstatic)\\.com$");
    while (asked.hasNext()) {
        const QString address = asked.next().captured(1);
        QVERIFY2(own.match(address).hasMatch(), qPrintable(address));
    }
    const QByteArray picture = readFile(path("page.png")); // a blank page has some kilobytes
    QVERIFY2(picture.startsWith("\x89PNG") && picture.size() > 30'000, qPrintable(QString::number(picture.size())));
}

void ReportTest::documentHasVectors()
{
    const Finished result = report("document.pdf");
    QVERIFY2(result.status == 0, result.err);
    const QByteArray pdf = readFile(path("document.pdf"));
    QVERIFY(pdf.startsWith("%PDF-") && pdf.trimmed().endsWith("%%EOF"));
    QVERIFY(pdf.count("/Type /Page\n") + pdf.count("/Type /Page ") >= 4);
    QVERIFY2(!pdf.contains("/Subtype /Image"), "a chart is a picture");
}

void ReportTest::tablesForPapers()
{
    QVERIFY(report("tables.md").status == 0 && report("tables.tex").status == 0);
    const QString md = QString::fromUtf8(readFile(path("tables.md"))),
                  tex = QString::fromUtf8(readFile(path("tables.tex")));
    for (const Row& row : m_rows) {
        QVERIFY(md.contains("| " + row["stored_bytes"] + " |"));
        QVERIFY(tex.contains(" & " + row["stored_bytes"] + " &"));
    }
    QVERIFY(md.contains("| kivi:key_bits=4 |") && tex.contains("kivi:key\\_bits=4 &"));
    QCOMPARE(tex.count("\\begin{tabular}"), tex.count("\\end{tabular}"));
    // A table has as many cells in every row.
    for (const QString& table : tex.split("\\midrule").mid(1)) {
        const QStringList rows = table.section("\\bottomrule", 0, 0).trimmed().split("\\\\\n");
        for (const QString& row : rows)
            QCOMPARE(row.count(" & "), rows.front().count(" & "));
    }
}

void ReportTest::refusesOtherForms()
{
    const Finished word = report("report.docx");
    QVERIFY2(word.status == 2 && word.err.contains(".html"), word.err);
    const Finished none = pikv({ "report", path("nothing.csv"), "-o", path("x.html") });
    QVERIFY2(none.status == 3 && none.err.contains("nothing.csv"), none.err);
    QVERIFY(!QFile::exists(path("x.html")));
}

void ReportTest::csvSaysWhereItIsFrom()
{
    const QString csv = path("provenance.csv");
    QCOMPARE(pikv({ "eval", m_dump, "--with", "kivi", "--csv", csv, "--provenance" }).status, 0);
    const QByteArray text = readFile(csv);
    QVERIFY2(text.startsWith("# Dump: ") && text.contains("\n# Fingerprint: ") && text.contains("\n# Engine: "), text);
    QVERIFY(text.contains("\ncompressor,params,"));
    // Our own reader skips the lines, and so does pandas, where it is installed.
    QVERIFY(pikv({ "report", csv, "-o", path("again.md") }).status == 0);
    QProcess python;
    python.start("python3",
        { "-c", "import sys, pandas; print(list(pandas.read_csv(sys.argv[1], comment='#').columns)[:2])", csv });
    const Finished result = finish(python);
    if (result.err.contains("No module named"))
        return;
    QVERIFY2(result.out.contains("['compressor', 'params']"), result.out + result.err);
}

PIKV_TEST(ReportTest)
#include "tst_report.moc"
