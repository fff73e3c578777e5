// SPDX-License-Identifier: GPL-3.0-or-later
// Against another implementation, at every length around the blocks' ends.
#include "core/base/md5.h"
#include "testmain.h"
#include <QCryptographicHash>
#include <QTest>

using namespace pikv;

class Md5Test : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void isMd5()
    {
        QByteArray text;
        for (int length = 0; length < 200; ++length) {
            const std::string hash = md5Of(asBytes(text.constData(), std::size_t(text.size())));
            QCOMPARE(QByteArray::fromStdString(hash), QCryptographicHash::hash(text, QCryptographicHash::Md5).toHex());
            text += char(31 * length + 7);
        }
    }
};

PIKV_TEST(Md5Test)
#include "md5_test.moc"
