#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the LMCache chunk of this folder with LMCache's own file system connector (save_chunk_meta, naive serde), and
lmcache.expected.npz with the numbers that were put into it.

The numbers are random: LMCache needs an engine on a GPU to fill its memory. What names the file, puts the header before the
bytes and writes both is LMCache's. Written with lmcache 0.5.6 on PyTorch 2.13.0.

    pip install torch lmcache
    tests/data/dumps/engines/make_lmcache.py [FOLDER]
"""
import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from lmcache.utils import CacheEngineKey
from lmcache.v1.config import LMCacheEngineConfig
from lmcache.v1.memory_allocators.ad_hoc_memory_allocator import AdHocMemoryAllocator
from lmcache.v1.memory_management import MemoryFormat
from lmcache.v1.metadata import LMCacheMetadata
from lmcache.v1.storage_backend.connector.fs_connector import FSConnector

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
LAYERS, TOKENS, HEADS, DIM = 2, 6, 1, 32


def main():
    torch.manual_seed(4)
    data = torch.randn(2, LAYERS, TOKENS, HEADS * DIM).to(torch.bfloat16)
    config = LMCacheEngineConfig.from_defaults(chunk_size=TOKENS)
    metadata = LMCacheMetadata(model_name="tiny/random", world_size=1, local_world_size=1, worker_id=0, local_worker_id=0,
                               kv_dtype=torch.bfloat16, kv_shape=(LAYERS, 2, TOKENS, HEADS, DIM))
    key = CacheEngineKey("tiny/random", 1, 0, 0x5EED, torch.bfloat16)
    memory = AdHocMemoryAllocator("cpu").allocate(data.shape, data.dtype, MemoryFormat.KV_2LTD)
    memory.tensor.copy_(data)

    async def put():
        backend = SimpleNamespace(config=config, metadata=metadata)
        await FSConnector(asyncio.get_running_loop(), backend, config, base_paths_str=str(FOLDER)).put(key, memory)

    asyncio.run(put())
    heads = data.float().numpy().reshape(2, LAYERS, TOKENS, HEADS, DIM).transpose(0, 1, 3, 2, 4)
    expected = {f"{part}_{i}": heads[p, i][None] for p, part in enumerate("kv") for i in range(LAYERS)}
    np.savez_compressed(FOLDER / "lmcache.expected.npz", **expected)


if __name__ == "__main__":
    main()
