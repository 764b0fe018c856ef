from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from lambdas.shared.settings import ArtifactSettings


class ApiRole(BaseModel):
    """A role of people: its ARN, its workgroup, and who has it: groups of the token issuer, ARNs of IAM principals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arn: str = Field(pattern=r"^arn:[^:]+:iam::\d{12}:role/.+$")
    workgroup: str = Field(min_length=1)
    groups: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()


class Settings(ArtifactSettings):
    """What the API answers from. `api_roles` is JSON: a role of people by its name.

    `groups_claim` is the claim of a token that has the caller's groups. `reuse_minutes` is the greatest age of a result
    that may be returned again, 0 for none. `database_prefix` stands before the names of Glue databases. A caller may
    send `requests_per_minute`, of which `queries_per_minute` start a query, counted in the DynamoDB table
    `callers_table`.
    """

    environment: str = Field(min_length=1)
    ledger_table: str = Field(min_length=3)
    results_bucket: str = Field(min_length=3)
    api_roles: dict[str, ApiRole] = Field(min_length=1)
    groups_claim: str = Field(default="cognito:groups", min_length=1)
    reuse_minutes: int = Field(default=60, ge=0, le=10080)
    callers_table: str = Field(min_length=3)
    requests_per_minute: int = Field(default=600, ge=1)
    queries_per_minute: int = Field(default=60, ge=1)
    database_prefix: str = ""


@cache
def settings() -> Settings:
    return Settings()
