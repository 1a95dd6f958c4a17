#!/usr/bin/env bash
# One Jira site, read by keyroll and by a plain script on atlassian-python-api (inventory.py), in one run: seconds, requests
# and peak of memory of each, and the ratios. Needs Rust and python3 with venv; everything it makes is in a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check atlassian-python-api
cargo bench --bench collect -- script "$work/venv/bin/python" "$@"
