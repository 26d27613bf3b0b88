"""Opens a container in the Parquet readers of others, and says what they see.

    python3 open_container.py FILE.parquet

prints one JSON object: `rows`, `columns` (in order, with the number of nulls of each) and `readers`,
the versions of the readers that were asked (DuckDB and pyarrow, whichever are installed). Every
value of every column is read. If a reader fails, or two disagree, it says on what and exits with 1; if
none is installed, or the call is wrong, it exits with 2.
"""

import json
import sys


def by_duckdb(path):
    import duckdb

    connection = duckdb.connect()
    relation = connection.read_parquet(path)
    names = relation.columns
    # The hash makes DuckDB decode each value; `count` alone is answered from the footer.
    wanted = "".join(f", count({quoted(name)}), bit_xor(hash({quoted(name)}))" for name in names)
    rows, *seen = connection.execute(f"SELECT count(*){wanted} FROM read_parquet(?)", [path]).fetchone()
    return duckdb.__version__, rows, {name: rows - seen[2 * at] for at, name in enumerate(names)}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def by_pyarrow(path):
    import pyarrow
    from pyarrow import parquet

    table = parquet.read_table(path)
    table.validate(full=True)
    nulls = {name: table.column(name).null_count for name in table.column_names}
    return pyarrow.__version__, table.num_rows, nulls


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    readers, answers = {}, []
    for name, ask in (("duckdb", by_duckdb), ("pyarrow", by_pyarrow)):
        try:
            version, rows, nulls = ask(arguments[0])
        except ImportError:
            print(f"skipped: {name} not installed", file=sys.stderr)
            continue
        except Exception as error:  # each reader has its own kinds; any of them means the same here
            print(f"{name} cannot read {arguments[0]}: {error}", file=sys.stderr)
            return 1
        readers[name] = version
        answers.append({"rows": rows, "columns": [[column, count] for column, count in nulls.items()]})
    if not answers:
        print("neither duckdb nor pyarrow is installed", file=sys.stderr)
        return 2
    if any(answer != answers[0] for answer in answers):
        print("the readers disagree:", file=sys.stderr)
        for name, answer in zip(readers, answers):
            print(f"{name}: {json.dumps(answer)}", file=sys.stderr)
        return 1
    print(json.dumps(answers[0] | {"readers": readers}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
