"""The ledger is the truth about earlier nights: a damaged file is named, never passed over."""

from datetime import date

import pytest

from ml.errors import ContractError
from pipelines.ledger import Ledger

NIGHT = date(2017, 12, 26)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PAR1 cut off"])
def test_a_damaged_partition_is_named_and_sent_to_the_backup(tmp_path, content):
    ledger = Ledger(tmp_path)
    path = ledger.path("decisions", NIGHT)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ContractError, match=r"decisions/as_of_date=2017-12-26/part-0\.parquet: cannot be read") as told:
        ledger.read("decisions", NIGHT)
    assert "backup" in str(told.value)
