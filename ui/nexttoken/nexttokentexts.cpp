// SPDX-License-Identifier: GPL-3.0-or-later
// The texts of the next-token tab: tokens with their cursor, what each cache writes on, and the figures as CSV.
#include "ui/nexttoken/nexttokentexts.h"
#include "ui/nexttoken/nexttokencontroller.h"
#include "ui/nexttoken/nexttokenmodel.h"
#include "ui/theme/methodstyle.h"
#include "ui/theme/theme.h"
#include <algorithm>

namespace pikv::ui {
namespace {

constexpr std::int64_t shownContext = 400; ///< tokens before the continuation

} // namespace

QList<ShownToken> shownTokens(const NextTokenController& controller)
{
    const NextTokenText& text = controller.test()->text();
    QList<ShownToken> tokens;
    const auto count = std::int64_t(text.tokens.size());
    const std::int64_t first = std::max<std::int64_t>(0, text.context - shownContext);
    if (first > 0)
        tokens.append({ QStringLiteral("… "), -1 });
    for (std::int64_t i = first; i < count; ++i) // the first predicted token is the second behind the context
        tokens.append({ controller.tokenText(text.tokens[std::size_t(i)]),
            int(std::max<std::int64_t>(-1, i - text.context - 1)) });
    return tokens;
}

QSet<int> changedPositions(const NextTokenController& controller)
{
    QSet<int> positions;
    for (const NextTokenEntry& entry : controller.figures()->entries())
        for (int i = 0; i < controller.figures()->positionCount() && entry.isMethod(); ++i)
            if (const NextTokenPosition* position = NextTokenModel::positionOf(entry, i);
                position && position->topCompressed != position->topOriginal)
                positions.insert(i);
    return positions;
}

QString whereText(const NextTokenController& controller)
{
    const NextTokenText& text = controller.test()->text();
    const auto input = std::size_t(text.context + controller.cursor());
    return QObject::tr("Position %1 of %2: after “%3” the text goes on with “%4”")
        .arg(controller.cursor() + 1)
        .arg(controller.figures()->positionCount())
        .arg(controller.tokenText(text.tokens[input]), controller.tokenText(text.tokens[input + 1]));
}

QString continuationsHtml(const NextTokenController& controller,
    const QMap<QString, std::vector<std::int64_t>>& continuations, const QPalette& palette)
{
    const bool dark = isDarkPalette(palette);
    const std::vector<std::int64_t> original = continuations.value({});
    QString rows;
    for (const NextTokenEntry& entry : controller.figures()->entries()) {
        if (!continuations.contains(entry.method))
            continue;
        const std::vector<std::int64_t> tokens = continuations.value(entry.method);
        QString line;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            const bool same = entry.method.isEmpty() || (i < original.size() && tokens[i] == original[i]);
            const QString text
                = controller.tokenText(tokens[i]).replace(QChar(0x2423), QLatin1Char(' ')).toHtmlEscaped();
            line += same ? text
                         : QStringLiteral("<span style='color:%1;text-decoration:underline'>%2</span>")
                               .arg(errorColor(palette).name(), text);
        }
        const QColor color
            = entry.method.isEmpty() ? palette.color(QPalette::Text) : methodStyle(entry.method, dark).color;
        rows += QStringLiteral("<tr><td style='color:%1;padding-right:10px'><b>%2</b></td><td>%3</td></tr>")
                    .arg(color.name(), NextTokenModel::nameOf(entry.method).toHtmlEscaped(), line);
    }
    return rows.isEmpty() ? QObject::tr("Writing on…") : QStringLiteral("<table cellspacing=2>%1</table>").arg(rows);
}

QString positionsCsv(const NextTokenController& controller)
{
    const std::vector<const MetricInfo*> metrics = nextTokenMetrics(true);
    QString csv = QStringLiteral("method,position,token_id");
    for (const MetricInfo* metric : metrics)
        if (metric->position)
            csv += QLatin1Char(',') + QLatin1String(metric->shortName().data(), int(metric->shortName().size()));
    csv += QStringLiteral(",probability_original,probability_compressed\n");
    for (const NextTokenEntry& entry : controller.figures()->entries()) {
        if (!entry.full)
            continue;
        const QString method = entry.method.isEmpty() ? QStringLiteral("original")
            : entry.isControl()                       ? entry.method
                                                      : QString::fromStdString(printSpec(entry.full->request.method));
        for (const NextTokenPosition& p : entry.full->positions) {
            csv += QStringLiteral("\"%1\",%2,%3").arg(method).arg(p.position).arg(p.target);
            for (const MetricInfo* metric : metrics)
                if (metric->position)
                    csv += QStringLiteral(",%1").arg(metric->position(p), 0, 'g', 9);
            csv += QStringLiteral(",%1,%2\n").arg(p.targetOriginal, 0, 'g', 9).arg(p.targetCompressed, 0, 'g', 9);
        }
    }
    return csv;
}

} // namespace pikv::ui
