"""Recompute a night's certificate from the ledger's files alone: no code of the decider is used.

python benchmarks/check_certificate.py LEDGER_FOLDER AS_OF_DATE seeds/limits.csv
"""

import sys
from pathlib import Path

import duckdb

USE = """case when l.channel_code not in ('*', t.channel_code) or l.action_id not in ('*', t.action_id) then 0
    when l.measure = 'contact_count' then 1 when l.measure = 'discount_cost_amount' then t.discount_cost_amount
    when l.measure = 'cost_amount' then t.contact_cost_amount + t.discount_cost_amount end"""

QUERIES = {  # each returns the wrong rows: none, if the certificate is right
    "a person does not have exactly one decision": """
        from (select distinct person_id from candidates) full join decisions using (person_id)
        select person_id group by person_id having count(decision_id) <> 1""",
    "a decision is not an eligible candidate with these values": """
        from decisions anti join candidates using (person_id, treatment_id, is_eligible, value_amount,
        contact_cost_amount, discount_cost_amount, channel_code, action_id)
        select person_id where treatment_id <> 'none'""",
    "limits and certificate name different limits": """
        from limits full join certificates using (limit_name) select limit_name
        where limits.limit_amount is distinct from certificates.limit_amount""",
    "the use of a limit is wrong or above the limit": f"""
        from certificates c select limit_name, used_amount where used_amount > limit_amount or used_amount <>
        (select coalesce(sum({USE}), 0) from decisions t, limits l
        where l.limit_name = c.limit_name and t.treatment_id <> 'none')""",
    "a price is negative": "from certificates select limit_name, price_amount where not price_amount >= 0",
    "the value is wrong": """from certificates select limit_name, primal_value_amount
        where primal_value_amount <> (select coalesce(sum(value_amount), 0) from decisions)""",
    "the bound is wrong": f"""
        with priced as (from candidates t, limits l join certificates c using (limit_name)
            select t.person_id, t.treatment_id, any_value(t.value_amount) - sum(c.price_amount * ({USE})) as net
            where t.is_eligible group by all),
        best as (from priced select person_id, greatest(max(net), 0) as net group by person_id),
        bound as (select (select coalesce(sum(net), 0) from best)
            + (select coalesce(sum(price_amount * limit_amount), 0) from certificates) as exact)
        from certificates, bound select limit_name, dual_bound_amount, exact
        where dual_bound_amount < exact or dual_bound_amount - exact >= 0.000001
        or primal_value_amount > dual_bound_amount""",
    "the gap is wrong": """from certificates select limit_name, gap_rate where gap_rate is null
        or abs(gap_rate - coalesce((dual_bound_amount - primal_value_amount)::double
        / nullif(dual_bound_amount, 0)::double, 0)) > 1e-12""",
}  # fmt: skip


def check(ledger: Path, as_of_date: str, limits: Path) -> list[str]:
    """What is wrong with the certificate of a night, in sentences; empty if it proves what it says."""
    connection = duckdb.connect()
    for stream in ("candidates", "decisions", "certificates"):
        path = ledger / stream / f"as_of_date={as_of_date}" / "part-0.parquet"
        eligible = ", true as is_eligible" if stream == "decisions" else ""
        connection.execute(
            f"create table {stream} as from read_parquet('{path}', hive_partitioning = false) select *{eligible}"
        )
    connection.execute(f"create table limits as from read_csv('{limits}', types = {{'limit_amount': 'decimal(18,4)'}})")
    found = {name: connection.execute(query).fetchall() for name, query in QUERIES.items()}
    return [f"{name}: {len(rows)} rows, first {rows[0]}" for name, rows in found.items() if rows]


if __name__ == "__main__":
    problems = check(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    print("\n".join(problems) or f"The certificate of {sys.argv[2]} holds.")
    sys.exit(1 if problems else 0)
