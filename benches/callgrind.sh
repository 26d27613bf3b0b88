#!/usr/bin/env bash
# Instructions an operation of the five hottest paths, counted by callgrind: a figure that does not
# change with who else uses the machine. Making the store is counted out: each path is run for N and
# for 2 N operations, and the difference is divided by N.
#
#   benches/callgrind.sh [PATH...]        # decode look_up closure leaf line
set -euo pipefail

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v valgrind >"$scratch/valgrind" || { echo "callgrind.sh: install valgrind" >&2; exit 1; }
cargo build --release --quiet -p lineal-benches --example hot_paths

# Ir of one run. One thread, so that no work is shared out differently from run to run.
instructions() {
    RAYON_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file="$scratch/out" \
        "$target/release/examples/hot_paths" "$1" "$2" >"$scratch/said" 2>"$scratch/log" \
        || { cat "$scratch/log" >&2; exit 1; }
    sed -n 's/^\(summary\|totals\): *//p' "$scratch/out" | tail -1
}

paths=("$@")
[ ${#paths[@]} -gt 0 ] || paths=(decode look_up closure leaf line)
count=1000
for path in "${paths[@]}"; do
    once=$(instructions "$path" $count)
    twice=$(instructions "$path" $((2 * count)))
    printf '%-8s %9d Ir an operation (%s)\n' "$path" $(((twice - once) / count)) "$(cat "$scratch/said")"
done
