"""Rows that delete their key and files that are the whole table, from the drop to Athena.

The contracts `pickups` and `carriers` come with the second deployment.
"""

import json

import pytest

pytestmark = pytest.mark.e2e


def test_a_delete_takes_a_row_out_of_athena_and_an_older_row_does_not_bring_it_back(
    redeployed, run_lake, rows_of, tmp_path
):
    def drop(name, *rows):
        path = tmp_path / name
        path.write_text("\n".join(map(json.dumps, rows)))
        [file] = json.loads(run_lake("drop", "pickups", path, "--wait", "--json").stdout)
        assert file["state"] == "LOADED", file
        return json.loads(run_lake("run", "show", file["run_id"], "--json").stdout)

    def left():
        return [key for [key] in rows_of("select pickup_id from processed.pickups order by 1")]

    def row(key, hour):
        at = f"2026-11-05T{hour}:00:00Z"
        return {"pickup_id": key, "status": "planned", "picked_on": "2026-11-05", "updated_at": at}

    drop("rows.jsonl", row("a", 10), row("b", 10))
    assert left() == ["a", "b"]

    run = drop("deletes.jsonl", {"pickup_id": "a", "status": "void", "updated_at": "2026-11-05T12:00:00Z"})

    assert left() == ["b"]
    assert (run["read"], run["published"], run["deletes"], run["deleted"]) == (1, 1, 1, 1)

    late = drop("late.jsonl", row("a", 11))

    assert left() == ["b"]
    assert (late["read"], late["published"], late["duplicate"]) == (1, 0, 1)

    drop("newer.jsonl", row("a", 13))

    assert left() == ["a", "b"]


def test_a_full_copy_replaces_the_table_and_one_that_lacks_too_much_is_let_through_by_a_command(
    redeployed, run_lake, rows_of, tmp_path
):
    def drop(name, *keys, header="carrier_id,carrier_name,since"):
        path = tmp_path / name
        path.write_text("\n".join([header, *(f"{key},Carrier {key},2026-11-01" for key in keys)]) + "\n")
        [file] = json.loads(run_lake("drop", "carriers", path, "--wait", "--json", exit_code=None).stdout)
        return file

    def left():
        return "".join(key for [key] in rows_of("select carrier_id from processed.carriers order by 1"))

    assert drop("1.csv", *"abcd", header="Carrier No.,NAME,Since")["state"] == "LOADED"
    assert left() == "abcd"
    assert drop("2.csv", *"bcde")["state"] == "LOADED"
    assert left() == "bcde"

    half = drop("3.csv", "e")

    assert (half["state"], half["reason"]) == ("REJECTED", "too_many_deleted")
    assert left() == "bcde"
    shown = json.loads(run_lake("quarantine", "show", half["file_id"], "--json").stdout)
    assert "lacks 3 of its 4 keys" in shown["why"]
    command = f"lake quarantine replay carriers --file {half['file_id']} --accept-deletes"
    assert command in shown["why"]
    assert command in shown["next"]

    told = json.loads(run_lake(*command.split()[1:], "--json").stdout)

    assert [file["state"] for file in told["processed"]] == ["LOADED"]
    assert left() == "e"
    assert drop("again.csv", *"bcde")["state"] == "LOADED"  # the content of the second file, and newer now
    assert left() == "bcde"
