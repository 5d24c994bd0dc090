-- Can a spreadsheet run a cell as a formula, or does a row break over lines?
-- needs: audience, removals
with cells as (

    unpivot (select decision_id as row_id, * exclude (filename, channel_code) from audience)
    on columns(* exclude (row_id)) into name column_name value cell
    union all by name
    unpivot (select decision_id as row_id, * exclude (filename, channel_code) from removals)
    on columns(* exclude (row_id)) into name column_name value cell

)

select
    row_id,
    column_name || ' is ' || cell as reason
from cells
where regexp_matches(cell, '^[=+\-@|;＝＋－＠]') or regexp_matches(cell, '[\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}]')
order by row_id, column_name
