"""A further dataset needs one contract: contract in, file dropped, rows in Athena. Nothing else is written by hand.

The contract `returns` comes with the second deployment.
"""

import json

import pytest

LINES = """return_id,order_id,returned_on,reason,refund_amount,updated_at
RET-000001,{order},2026-11-02,too_small,19.99,2026-11-02T10:00:00Z
RET-000002,ORD-FFFFFFFFFF,2026-11-02,damaged,5.00,2026-11-02T11:00:00Z
RET-000003,{order},2026-11-03,lost,5.00,2026-11-03T10:00:00Z
RET-000001,{order},2026-11-02,damaged,19.99,2026-11-03T10:00:00Z
"""


@pytest.mark.e2e
def test_a_contract_is_all_a_new_dataset_needs(redeployed, run_lake, rows_of, orders, tmp_path):
    order_file, _ = orders(rows=5)
    run_lake("drop", "transactions", order_file, "--wait")
    order_id = order_file.read_text().splitlines()[1].split(",")[0]
    returns = tmp_path / "returns.csv"
    returns.write_text(LINES.format(order=order_id))

    files = json.loads(run_lake("drop", "returns", returns, "--wait", "--json").stdout)

    assert [file["state"] for file in files] == ["LOADED"]
    assert rows_of("select return_id, order_id, reason, refund_amount from processed.returns") == [
        ["RET-000001", order_id, "damaged", "19.99"]
    ]
    refused = rows_of(
        "select json_extract_scalar(raw_record, '$.return_id'), array_join(reasons, ' ') from ops.quarantine_rows "
        "where dataset = 'returns' order by 1"
    )
    assert refused == [["RET-000002", "orphan:order_id"], ["RET-000003", "reason_is_known"]]
    [run] = json.loads(run_lake("runs", "--dataset", "returns", "--json").stdout)
    assert (run["read"], run["published"], run["quarantined"], run["duplicate"]) == (4, 1, 2, 1)
