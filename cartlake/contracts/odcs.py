"""The Open Data Contract Standard v3.1 as Cartlake reads it.

Unknown keys are refused where a misspelt one would silently drop a rule (schema objects, properties, quality);
keys that only document are accepted and ignored. A test compares the keys with those of the models the standard
publishes; docs/adr/0013 says why Cartlake does not use those models.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Documentation = Any
"""The type of a key that is accepted and not read."""

THRESHOLDS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)


class Element(BaseModel):
    """A part of a contract in which unknown keys are refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class CustomProperty(Element):
    """A name and a value; Cartlake reads those that begin with `cartlake.`."""

    id: Documentation = None
    property: str
    value: Any
    description: Documentation = None


class Quality(Element):
    """One entry of a `quality` list: a rule about a row, a column or a table."""

    id: Documentation = None
    name: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")  # it becomes a column of measurements
    description: str | None = None
    type: Literal["text", "library", "sql", "custom"] = "library"
    metric: Literal["nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"] | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    query: str | None = None
    engine: str | None = None
    implementation: str | dict[str, Any] | None = None
    dimension: str | None = None
    severity: Literal["error", "warning"] = "error"
    unit: Literal["rows", "percent"] = "rows"

    must_be: float | None = None
    must_not_be: float | None = None
    must_be_greater_than: float | None = None
    must_be_greater_or_equal_to: float | None = None
    must_be_less_than: float | None = None
    must_be_less_or_equal_to: float | None = None
    must_be_between: tuple[float, float] | None = None
    must_not_be_between: tuple[float, float] | None = None

    authoritative_definitions: Documentation = None
    business_impact: Documentation = None
    custom_properties: Documentation = None
    method: Documentation = None
    schedule: Documentation = None
    scheduler: Documentation = None
    tags: Documentation = None


class Relationship(Element):
    """One entry of a column's `relationships`: a foreign key. `to` is `<bare table name>.<column>`."""

    id: Documentation = None
    type: Literal["foreignKey"] = "foreignKey"
    to: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z_][a-z0-9_]*$")
    custom_properties: tuple[CustomProperty, ...] = ()


class Property(Element):
    """One column, or a field of a nested one: `properties` are the fields of an object, `items` is about a list's."""

    id: Documentation = None
    name: str = Field(pattern=r"^[a-z_][a-z0-9_]*$")
    physical_name: str | None = None
    physical_type: str
    logical_type: Literal["string", "date", "timestamp", "number", "integer", "array", "object", "boolean"]
    logical_type_options: dict[str, Any] = Field(default_factory=dict)
    description: str = ""
    business_name: Documentation = None
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    primary_key_position: int = -1
    partitioned: bool = False
    partition_key_position: int = -1
    classification: str | None = None
    tags: tuple[str, ...] = ()
    examples: tuple[Any, ...] = ()
    quality: tuple[Quality, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()
    properties: tuple[Property, ...] = ()
    items: Item | None = None
    relationships: tuple[Relationship, ...] = ()

    authoritative_definitions: Documentation = None
    critical_data_element: Documentation = None
    encrypted_name: Documentation = None
    transform_description: Documentation = None
    transform_logic: Documentation = None
    transform_source_objects: Documentation = None


class Item(Property):
    """The elements of a list."""

    name: str = Field(default="item", pattern=r"^[a-z_][a-z0-9_]*$")


class SchemaObject(Element):
    """One table."""

    id: Documentation = None
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    physical_name: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    physical_type: Documentation = None
    logical_type: Documentation = None
    description: str = ""
    business_name: Documentation = None
    data_granularity_description: str = ""
    properties: tuple[Property, ...] = Field(min_length=1)
    quality: tuple[Quality, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()
    authoritative_definitions: Documentation = None
    tags: Documentation = None


class SlaProperty(Element):
    """A service level of the data, such as its freshness. `element` is `<table>.<column>`."""

    id: Documentation = None
    property: str
    value: Any
    value_ext: Documentation = None
    unit: str | None = None
    element: str | None = None
    description: str | None = None
    driver: Documentation = None
    schedule: Documentation = None
    scheduler: Documentation = None


class Team(BaseModel):
    """Who owns the dataset."""

    name: str


class Description(BaseModel):
    """What the dataset is for, and what it is not for."""

    purpose: str = ""
    limitations: str = ""
    usage: str = ""


class Document(BaseModel):
    """A contract file. Keys at its top that Cartlake does not read, such as `servers`, are accepted."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)

    # One version only: a file of another version may mean something else by the same key.
    api_version: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")
    status: str
    domain: str = ""
    description: Description = Description()
    team: Team
    tables: tuple[SchemaObject, ...] = Field(alias="schema", min_length=1)
    sla_properties: tuple[SlaProperty, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()


class CsvOptions(Element):
    """How CSV files of this dataset are written."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)


class FileOptions(Element):
    """The custom property `cartlake.file`: which files may be dropped, and how large they may get. Sizes in bytes."""

    formats: tuple[Literal["csv", "jsonl", "parquet"], ...] = Field(min_length=1)
    compressions: tuple[Literal["none", "gzip"], ...] = ("none", "gzip")
    encodings: tuple[Literal["utf-8"], ...] = ("utf-8",)
    names: Literal["exact", "loose"] = "exact"
    csv: CsvOptions = CsvOptions()
    max_file_bytes: int = Field(default=5 * 1024**3, gt=0)
    max_line_bytes: int = Field(default=1024**2, gt=0)
    max_expanded_bytes: int = Field(default=20 * 1024**3, gt=0)
    max_expansion_ratio: int = Field(default=200, gt=1)


KEYS: Final = sorted(
    {
        str(field.alias or name)
        for model in (Quality, Relationship, Property, SchemaObject, SlaProperty, FileOptions, CsvOptions)
        for name, field in model.model_fields.items()
    }
)
"""The keys of all parts of a contract in which unknown ones are refused."""
