"""What the API takes and answers. OpenAPI is made of these models; docs/api.md explains them."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

PARAMETER_CHARACTERS: Final = 200
"""The longest value of a parameter: names and codes, not texts."""

LARGEST: Final = 2**63 - 1
"""Of Athena's bigint."""

Text = Annotated[str, Field(max_length=PARAMETER_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]*$")]


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):  # which Python takes for 0 and 1, and JSON does not
        raise ValueError("a whole number is expected")  # noqa: TRY004 - what pydantic makes a fault of
    return value


Whole = Annotated[int, BeforeValidator(_no_truth), Field(ge=-LARGEST, le=LARGEST)]
ParameterName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,63}$")]


class Health(BaseModel):
    """The API reaches Athena as the caller's role."""

    status: Literal["ok"]
    environment: str = Field(description="Name of the environment.")
    roles: list[str] = Field(description="Roles of the caller.")


class ParameterInfo(BaseModel):
    """A parameter of a named query."""

    name: str
    type: Literal["date", "integer", "varchar"]
    default: str | None = Field(description="Value where none is given; null where one must be given.")


class QueryInfo(BaseModel):
    """A named query that the caller may run."""

    name: str
    answers: str = Field(description="What it answers.")
    grain: str = Field(description="The columns that are unique in its rows.")
    parameters: list[ParameterInfo]


class Queries(BaseModel):
    items: list[QueryInfo]


class QueryDetails(QueryInfo):
    """A named query, and the version of the data it would read now."""

    tables: list[str] = Field(description="Tables it reads.")
    data_version: str | None = Field(description="Changes with every snapshot of its tables; null if they have none.")


class RunRequest(BaseModel):
    """How to run a named query."""

    model_config = ConfigDict(extra="forbid")

    parameters: dict[ParameterName, Text | Whole] = Field(
        default={},
        max_length=20,
        description="Values by the names of parameters; a date as in 2026-11-01.",
        json_schema_extra={"additionalProperties": False},
    )
    fresh: bool = Field(
        default=False, strict=True, description="Read the tables even if they did not change since the last result."
    )


State = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Started(BaseModel):
    """A query that was started."""

    id: str = Field(description="Id of the execution: poll /v1/executions/{id}.")
    query: str
    state: State


class ColumnInfo(BaseModel):
    name: str
    type: str = Field(description="Athena's type.")


class Execution(BaseModel):
    """A query that was started, with a page of its rows once it has succeeded."""

    id: str
    query: str
    state: State
    error: str | None = Field(default=None, description="Why it failed: a code, never a message.")
    reused: bool | None = Field(default=None, description="Whether the result is that of an earlier execution.")
    scanned_bytes: int | None = None
    columns: list[ColumnInfo] = []
    rows: list[list[str | None]] = Field(default=[], description="Values as Athena writes them, in order of columns.")
    next_cursor: str | None = Field(default=None, description="Cursor of the next page; null on the last one.")


class TableInfo(BaseModel):
    """A table of the contracts."""

    name: str
    grain: str
    contract_version: str
    readable: bool = Field(description="Whether the caller's role reads its rows.")
    instead: str | None = Field(description="The masked table that the role reads instead.")
    snapshot_id: str | None = Field(description="Its published snapshot; null where the role does not read it.")
    changed_at: str | None = Field(description="When it was changed last, in UTC; null as above.")


class Tables(BaseModel):
    items: list[TableInfo]


class TableColumn(ColumnInfo):
    about: str
    protected: bool = Field(description="Whether only roles that read personal data read it.")


class TableDetails(TableInfo):
    """A table with its columns, which are names and types, never rows."""

    columns: list[TableColumn]


class Counts(BaseModel):
    """The rows of a run by outcome."""

    read: int
    published: int
    quarantined: int
    duplicate: int


class Run(BaseModel):
    id: str
    subject: str = Field(description="The dataset whose files it loads, `refresh` or `maintenance`.")
    state: Literal["RUNNING", "SUCCEEDED", "FAILED"]
    started_at: str
    ended_at: str | None
    files: int
    counts: Counts | None
    engine: str | None
    cost_usd: float | None = Field(description="List price of its processors, in US dollars.")


class Runs(BaseModel):
    items: list[Run]
    next_cursor: str | None


class Quarantined(BaseModel):
    """A run that refused rows."""

    run_id: str
    dataset: str
    at: str = Field(description="When the run was started.")
    rows: int


class Quarantine(BaseModel):
    """A page of runs, of which those are listed that refused rows: a page may be empty, and not the last."""

    items: list[Quarantined]
    next_cursor: str | None


class RuleInfo(BaseModel):
    rule: str
    severity: Literal["error", "warning"]
    rows: int = Field(description="Rows that broke the rule; one row may break several.")


class QuarantineOfRun(Quarantined):
    """The rows a run refused, by rule. Rows themselves are read by `lake quarantine show`."""

    rules: list[RuleInfo]
