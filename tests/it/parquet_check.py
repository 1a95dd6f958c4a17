"""Asks DuckDB. A request is a line of JSON on standard input: a query, of which every row is written as JSON, one on a line, or another
statement. An empty line ends the answer. What DuckDB does not take is told as {"error": …}."""
import json
import sys

import duckdb

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
for request in sys.stdin:
    sql = json.loads(request)
    try:
        if sql.split()[0] in ("SELECT", "WITH", "DESCRIBE"):
            for (row,) in connection.execute(f"SELECT to_json(answer)::VARCHAR FROM ({sql}) answer").fetchall():
                print(row)
        else:
            connection.execute(sql)
    except duckdb.Error as error:
        print(json.dumps({"error": str(error)}))
    print(flush=True)
