#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A sweep as a Slurm job array, one shard a task; the folder must be one that every node sees:
#
#     sbatch --array=1-16 slurm.sh DIR DUMP [options of pikv sweep]
#     sbatch --dependency=afterok:JOBID --wrap 'pikv merge DIR/shard-* -o DIR/all'
#
# A task that was cancelled or ran out of time goes on where it stopped when the array is submitted again.
# Tried with Slurm 22.05 on one node: an array, the merge that depends on it, and an array that was cancelled (scancel)
# and submitted again.
#SBATCH --job-name=pikv-sweep
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@60
set -euo pipefail
folder=$1 dump=$2
shift 2
# Many nodes must not write one history over a network.
# srun does not take the number of processors from the job by itself.
cores=${SLURM_CPUS_PER_TASK:-8}
exec srun --cpus-per-task "$cores" "${PIKV:-pikv}" sweep "$dump" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    -o "$folder/shard-$SLURM_ARRAY_TASK_ID" --threads "$cores" --no-history --quiet "$@"
