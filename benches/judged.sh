#!/usr/bin/env bash
# 100,000 credentials as JSON × five shipped rules, parsing included: keyroll beside DuckDB, which does the same in SQL over the
# same file, in one run. Medians of five; both must find as many offenders of each rule.
# Needs Rust and python3 with venv (or PYTHON with duckdb); everything it makes is in a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo bench --bench judged -- "$work" | tee "$work/keyroll"

python=${PYTHON:-}
if [ -z "$python" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb
    python="$work/venv/bin/python"
fi
"$python" - "$work" <<'PY'
import re, statistics, sys, time
import duckdb

# The columns are told, so that nothing has to be guessed; what the rules do not ask for is not read.
COLUMNS = """{
  name: 'VARCHAR',
  body: 'STRUCT(credential STRUCT(form VARCHAR, status VARCHAR, created_at TIMESTAMP, expires_at TIMESTAMP,
         last_used_at TIMESTAMP, scopes VARCHAR[]))'
}"""
EMPTY = (r"^[\s_.-]*((my|new|old|a|the|api|jira|confluence|atlassian|personal|access|test|temp|tmp)?"
         r"[\s_-]*(token|key|api|test|testing|temp|tmp|new|default|untitled|unnamed|asdf|foo|bar|xxx*|abc|jira"
         r"|confluence|atlassian|\d+)[\s_.-]*\d*)?[\s_.-]*$")
# A day is a whole one, as in the rules: what is 30 days and an hour away is 30 days away.
QUERY = f"""
WITH token AS (
  SELECT name, status, scopes, created_at, expires_at, last_used_at,
         floor(epoch(now_at - created_at) / 86400) AS age, floor(epoch(expires_at - now_at) / 86400) AS left_days
  FROM (SELECT name, unnest(body.credential), TIMESTAMP '2026-11-21 02:00:00' AS now_at
        FROM read_json(?, format = 'newline_delimited', columns = {COLUMNS}))
  WHERE form = 'api-token')
SELECT
  count(*) FILTER (status <> 'blocked' AND (expires_at IS NULL OR left_days >= 0)
    AND (name = '' OR regexp_matches(name, '{EMPTY}', 'i'))),
  count(*) FILTER (left_days >= 0 AND age + left_days > 365),
  count(*) FILTER (status <> 'blocked' AND (expires_at IS NULL OR left_days >= 0)
    AND last_used_at IS NULL AND age > 30),
  count(*) FILTER (status <> 'blocked' AND (expires_at IS NULL OR left_days >= 0)
    AND (coalesce(len(scopes), 0) = 0
      OR len(list_filter(scopes, lambda s: regexp_matches(s, '^(admin|manage|delete):', 'i'))) > 0)),
  count(*) FILTER (status <> 'blocked' AND expires_at IS NULL)
FROM token
"""
connection = duckdb.connect()
times = []
for _ in range(5):
    begin = time.perf_counter()
    found = list(connection.execute(QUERY, [f"{sys.argv[1]}/credentials.ndjson"]).fetchone())
    times.append(time.perf_counter() - begin)
print(f"DuckDB    {statistics.median(times):.3f} s   {found}")
ours = open(f"{sys.argv[1]}/keyroll").read()
assert str(found) in ours, "they do not find the same"
PY
