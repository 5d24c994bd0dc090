"""The one door for a user's table: everything that can be wrong with a file is answered in words."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from ml.errors import ContractError
from pipelines.cli.engines import table_files, tables
from pipelines.cli.engines.tables import read_table, table_blocks, write_table

ROWS = [("1", "x"), ("2", "y")]
READABLE = {
    "plain.csv": b"a,b\n1,x\n2,y\n",
    "byte order mark.csv": b"\xef\xbb\xbfa,b\n1,x\n2,y\n",
    "windows lines.csv": b"a,b\r\n1,x\r\n2,y\r\n",
    "quoted.csv": b'"a","b"\n"1","x"\n"2","y"',
    "blank lines.csv": b"a,b\n\n1,x\r\n\r\n2,y\n\n\n",
    "leading blank.csv": b"\na,b\n1,x\n2,y\n",
    "CAPITALS.CSV": b"a,b\n1,x\n2,y\n",
    "packed.csv.gz": gzip.compress(b"a,b\n1,x\n2,y\n", mtime=0),
    "packed in secret.csv": gzip.compress(b"a,b\n1,x\n2,y\n", mtime=0),
    "[brackets]*.csv": b"a,b\n1,x\n2,y\n",
}
REFUSED = [
    ("empty.csv", b"", "got an empty file"),
    ("empty.parquet", b"", "got an empty file"),
    ("only mark.csv", b"\xef\xbb\xbf", "got an empty file"),
    ("only lines.csv", b"\n\n", "got an empty file"),
    ("header.csv", b"a,b\n", "expected rows below the header, got none"),
    ("latin.csv", "a,b\n1,x\n2,Müller\n".encode("latin-1"), r"UTF-8, got other bytes in line 3 .*Müller.*iconv"),
    ("latin header.csv", "größe,b\n1,x\n".encode("latin-1"), r"UTF-8, got other bytes in line 1 .*größe"),
    ("latin.csv.gz", gzip.compress(b"a,b\n1,\xfc\n", mtime=0), "UTF-8, got other bytes in line 2"),
    ("utf16.csv", "a,b\n1,x\n".encode("utf-16"), "got text in UTF-16"),
    ("twice.csv", b"a,a,b\n1,2,3\n", r"every column once, got \['a'\] more than once"),
    ("semicolons.csv", b"a;b\n1;x\n", "divided by commas, got ';'"),
    ("tabs.csv", b"a\tb\n1\tx\n", "divided by commas, got '.t'"),
    ("old mac.csv", b"a,b\r1,x\r", "CR alone"),
    ("long row.csv", b"a,b\n1,x,y\n", "at most as many fields"),
    ("open quote.csv", b'a,b\n"1,x\n2,y\n', "expected CSV"),
    ("stray quote.csv", b'a,b\n1"x,y\n2,z\n', "expected CSV"),
    ("excel.csv", b"PK\x03\x04\x14\x00", "an Excel workbook or a zip"),
    ("parquet.csv", b"PAR1\x15\x04", "got Parquet under this name. Rename it"),
    ("csv.parquet", b"a,b\n1,x\n", "expected Parquet, got something else under this name"),
    ("cut.parquet", b"PAR1\x15\x04\x15\x00", "expected Parquet, but"),
    ("cut.csv.gz", gzip.compress(b"a,b\n1,x\n" * 99, mtime=0)[:30], "expected CSV"),
    ("table.xlsx", b"x", r"expected a \.csv, \.csv\.gz, \.parquet or \.pq file, got \.xlsx"),
    ("no ending", b"x", "got no ending"),
]


def put(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("name", READABLE)
def test_every_usual_way_to_write_the_same_table_reads_the_same(tmp_path, name):
    path = put(tmp_path, name, READABLE[name])
    assert read_table(path).rows() == ROWS
    assert pl.concat(list(table_blocks(path, columns=["a", "b"]))).rows() == ROWS


@pytest.mark.parametrize(("name", "content", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_broken_file_is_refused_in_words(tmp_path, name, content, words):
    path = put(tmp_path, name, content)
    with pytest.raises(ContractError, match=words):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "content", "words"), [row for row in REFUSED if row[0] != "header.csv"], ids=lambda part: str(part)[:20]
)
def test_blocks_refuse_what_a_whole_table_refuses(tmp_path, name, content, words):
    path = put(tmp_path, name, content)
    with pytest.raises(ContractError, match=rf"{words}|none called 'b'"):
        list(table_blocks(path, columns=["b"]))


def test_a_folder_a_missing_and_a_locked_file_are_refused_in_words(tmp_path, monkeypatch):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ContractError, match="got a folder"):
        read_table(tmp_path / "folder.csv")
    with pytest.raises(ContractError, match="found none"):
        read_table(tmp_path / "gone.csv")
    locked = put(tmp_path, "locked.csv", b"a\n1\n")
    real = Path.open

    def refuse(path, *arguments, **options):
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(ContractError, match="got no permission"):
        read_table(locked)


def test_a_quoted_line_break_and_comma_stay_in_their_cell(tmp_path):
    path = put(tmp_path, "a.csv", b'a,b\n"one\n\ntwo, three","say ""x"""\n')
    assert read_table(path).rows() == [("one\n\ntwo, three", 'say "x"')]


def test_an_empty_cell_is_null_and_a_quoted_one_is_empty_text(tmp_path):
    path = put(tmp_path, "a.csv", b'a,b\n,1\n"",2\n')
    assert read_table(path)["a"].to_list() == [None, ""]


def test_only_the_columns_asked_for_are_read(tmp_path):
    csv = put(tmp_path, "a.csv", b"a,b,c\n1,x,\n2,y,z\n")
    assert read_table(csv, columns=["b", "a", "b"]).rows() == [("x", "1"), ("y", "2")]
    pl.DataFrame({"a": [1], "b": [2.5]}).write_parquet(tmp_path / "a.pq")
    assert read_table(tmp_path / "a.pq", columns=["b"]).to_dict(as_series=False) == {"b": [2.5]}
    for path in (csv, tmp_path / "a.pq"):
        with pytest.raises(ContractError, match=r"none called 'ä', 'd'. There are 'a', 'b'"):
            read_table(path, columns=["a", "ä", "d"])


def test_a_row_whose_wanted_cells_are_empty_is_still_a_row(tmp_path):
    path = put(tmp_path, "a.csv", b"a,b\n1,x\n,y\n\n3,z\n")
    assert read_table(path, columns=["a"])["a"].to_list() == ["1", None, "3"]


def test_blocks_are_typed_as_asked_and_keep_the_order_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS_PER_BLOCK", 1_000)
    path = tmp_path / "a.csv"
    pl.DataFrame({"i": range(5_000), "t": ["x", "y"] * 2_500, "v": [" 1.5 ", "much"] * 2_500}).write_csv(path)
    blocks = list(table_blocks(path, columns=["i", "v", "t"], numbers=["v"], labels=["t"]))
    assert len(blocks) > 1
    whole = pl.concat(blocks)
    assert whole["i"].to_list() == [str(i) for i in range(5_000)]
    assert whole.dtypes == [pl.String, pl.Float64, pl.Categorical]
    assert whole["v"].head(2).to_list() == [1.5, None]


def test_a_file_without_rows_has_no_block(tmp_path):
    assert sum(block.height for block in table_blocks(put(tmp_path, "a.csv", b"a,b\n"), columns=["a"])) == 0


def test_blank_lines_are_seen_across_the_edge_of_two_reads(tmp_path, monkeypatch):
    path = put(tmp_path, "a.csv", b"a,b\n12,x\n\n2,y\n")
    for size in range(1, 15):
        monkeypatch.setattr(table_files, "BYTES_PER_READ", size)
        assert table_files.has_blank_lines(path)
    assert not table_files.has_blank_lines(put(tmp_path, "b.csv", b"a,b\n1,x\n2,y\n"))


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    frame = pl.DataFrame({"a": [1]})
    for name in ("a.xlsx", "a"):
        with pytest.raises(ContractError, match="expected a"):
            write_table(frame, tmp_path / name)
    with pytest.raises(ContractError, match="nested"):
        write_table(pl.DataFrame({"a": [[1, 2]]}), tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []
