"""From a file to the text of its first contract."""

from pathlib import Path

from cartlake_cli.contracts.drafts.facts import facts_of, key_of
from cartlake_cli.contracts.drafts.guesses import (
    draft_of,
    is_measure,
    snake_case,
    unique_names,
    unlikely_as_key,
    version_column,
)
from cartlake_cli.contracts.drafts.sample import read_sample
from cartlake_cli.contracts.drafts.writing import TableDraft, columns_with_time, text_of
from cartlake_cli.errors import CommandError


def draft(file: Path, name: str | None, most_rows: int) -> TableDraft:
    """Return what is guessed from the first rows of a file; the dataset is called after the file unless named.

    Raises CommandError for a file that cannot be read, or in which no columns tell one row from another.
    """
    sample = read_sample(file, most_rows)
    headers = [source.header for source in sample.sources]
    if repeated := sorted({header for header in headers if headers.count(header) > 1}):
        raise CommandError(f"{file} has columns of the same name: {', '.join(repeated)}. Rename one of each.")
    with sample.connection:
        facts = [facts_of(sample, source) for source in sample.sources]
        names = dict(zip(facts, unique_names(headers), strict=True))
        drafts = {one: draft_of(one, called) for one, called in names.items()}
        likely_first = sorted(facts, key=lambda one: unlikely_as_key(drafts[one], one))
        key = key_of(sample, [one for one in likely_first if not is_measure(drafts[one])], likely_first)
    columns = tuple(drafts.values())
    rows = facts[0].rows
    if not rows:
        raise CommandError(f"{file} has no rows: there is nothing to guess from.")
    unique = f"no two of {rows:,} rows have the same"
    if not key:
        key = tuple(one for one in facts if one.values == rows)
        unique = "no few columns tell rows apart, so all with a value in every row do; choose the right ones"
    if not key:
        raise CommandError(f"{file}: no column has a value in every row, so none can be a key. Add one that has.")
    return TableDraft(
        name=name or snake_case(file.name.partition(".")[0], "dataset"),
        file=file.name,
        rows=rows,
        kind=sample.kind,
        delimiter=sample.delimiter,
        left_out=sample.left_out,
        columns=columns,
        key=tuple(names[one] for one in key),
        key_why=unique,
        version=version_column(columns),
        times=columns_with_time(columns),
    )


__all__ = ["draft", "text_of"]
