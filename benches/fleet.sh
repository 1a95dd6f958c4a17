#!/usr/bin/env bash
# All measures of a fleet, one after the other: the store on a server beside one in a file, how a fleet grows with its workers, and what a
# hundred kills leave. `KEYROLL_TEST_POSTGRES=FOLDER benches/fleet.sh [TENANTS ACCOUNTS LIMIT WORKERS…] [--minutes=N]`, where the folder has
# PostgreSQL's programs. `KEYROLL_KILLS` says how many kills. 200 tenants take hours, and half an hour with `200 2000 50 1 2 4 --minutes=12`.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${KEYROLL_TEST_POSTGRES:?"name the folder with the programs of PostgreSQL, such as /usr/lib/postgresql/15/bin"}"

cargo bench --locked --features postgres --bench stores
cargo bench --locked --features postgres --bench fleet -- "$@"
KEYROLL_KILLS=${KEYROLL_KILLS:-100} cargo test --locked --features postgres --test it shared_scans::whoever_is_killed -- --nocapture
