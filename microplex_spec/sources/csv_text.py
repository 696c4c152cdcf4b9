"""What must hold of a CSV file as text, before its columns can mean anything: UTF-8, and commas between the columns."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ..spec.errors import Problem, SpecError

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_BLOCK = 1 << 20
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_header(path: Path) -> None:
    """SpecError where the names of the columns are no UTF-8, or are parted by something other than commas.

    The parser would read such a header as one column with a long name, or stumble over it without saying why.
    """
    block = next(_blocks(path), b"")
    header, end, _ = block.partition(b"\n")
    try:
        names = codecs.getincrementaldecoder("utf-8")().decode(header, final=bool(end))
    except UnicodeDecodeError:
        check_utf8(path)
        return
    # Both counted, since a name may hold a comma: 'income, gross;rent'.
    mark = max(_SEPARATORS, key=names.count)
    if names.count(mark) > names.count(","):
        # As texts, so that a code such as 06 stays one.
        read = f"pandas.read_csv({path.name!r}, sep={mark!r}, dtype=str)"
        hint = f"write it with commas: {read}.to_csv('commas.csv', index=False)"
        if mark == ";":
            hint += "; numbers with decimal commas need points"
        raise SpecError(
            Problem(f"{path}: its columns seem to be separated by {_SEPARATORS[mark]}, not by commas", hint=hint)
        )


def check_utf8(path: Path) -> None:
    """SpecError with the place of the first byte that is no UTF-8, if there is one."""
    decoder, line, column, first = codecs.getincrementaldecoder("utf-8")(), 1, 1, True
    for block in _blocks(path):
        encoding = "UTF-16" if first and block.startswith(_UTF_16) else "CP1252"
        first = False
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            # The decoder's object begins with what it held back of the block before.
            before = error.object[: error.start].decode()
            line, column = _after(before, line, column)
            what = f"{path}:{line}:{column}: byte 0x{error.object[error.start]:02x} is no UTF-8"
            packed = "gunzip -c" if path.suffix == ".gz" else "cat"
            hint = f"convert it: {packed} {path.name} | iconv -f {encoding} -t UTF-8 > utf8.csv, or export it as UTF-8"
            raise SpecError(Problem(what, hint=hint)) from None
        line, column = _after(text, line, column)


def _after(text: str, line: int, column: int) -> tuple[int, int]:
    """The place, line and character, after a text that starts at a place."""
    lines = text.count("\n")
    return line + lines, len(text) - text.rfind("\n") if lines else column + len(text)


def _blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked, a block at a time."""
    with pa.input_stream(path) as stream:
        while block := stream.read(_BLOCK):
            yield block
