"""Asks DuckDB. A request is a line of JSON on standard input: a dialect and a query in it, of which every row is written as JSON, one on a
line, or another statement. What is in another dialect than DuckDB's is put into that first; `PARSE` before a statement only reads
it. An empty line ends the answer. What is not taken is told as {"error": …}."""
import json
import sys

import duckdb
import sqlglot
from sqlglot.errors import ErrorLevel, SqlglotError

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")


def read(dialect, sql):
    """A statement, as nothing that is unknown to the dialect's grammar."""
    (statement,) = sqlglot.parse(sql, read=dialect, error_level=ErrorLevel.RAISE)
    if isinstance(statement, sqlglot.exp.Command):
        raise SqlglotError(f"not understood: {sql}")
    return statement


for request in sys.stdin:
    dialect, sql = json.loads(request)
    try:
        if sql.startswith("PARSE "):
            read(dialect, sql.removeprefix("PARSE "))
            print(json.dumps("read"), end="\n\n", flush=True)
            continue
        if dialect != "duckdb":
            sql = read(dialect, sql).sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
        if sql.split()[0] in ("SELECT", "WITH", "DESCRIBE"):
            for (row,) in connection.execute(f"SELECT to_json(answer)::VARCHAR FROM ({sql}) answer").fetchall():
                print(row)
        else:
            connection.execute(sql)
    except (duckdb.Error, SqlglotError) as error:
        print(json.dumps({"error": str(error)}))
    print(flush=True)
