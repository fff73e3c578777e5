// SPDX-License-Identifier: GPL-3.0-or-later
// What tests of the engine and its queue share: a small dump and one like it, and an engine that opens them.
#pragma once
#include "core/dumps/generate.h"
#include "ui/engine/engine.h"
#include <QSignalSpy>
#include <QTemporaryDir>

namespace sessionfixture {

class SmallDumps {
public:
    SmallDumps()
    {
        pikv::GenerateOptions options;
        options.layers = 8;
        options.kvHeads = 2;
        options.seq = 64;
        options.headDim = 32;
        for (const char* name : { "dump.safetensors", "other.safetensors" }) {
            pikv::generateCacheFile(options, path(name).toStdString());
            options.seed = 1;
        }
    }
    QString path(const char* name = "dump.safetensors") const { return m_folder.filePath(QLatin1String(name)); }
    bool open(pikv::ui::Engine& engine, const char* name = "dump.safetensors") const
    {
        QSignalSpy opened(&engine, &pikv::ui::Engine::dumpOpened);
        engine.openDump(path(name));
        return opened.wait(20'000);
    }

private:
    QTemporaryDir m_folder;
};

} // namespace sessionfixture
