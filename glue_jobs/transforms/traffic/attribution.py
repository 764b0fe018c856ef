"""Where a session came from: source, medium and channel.

Channels are the default channel group of Google Analytics 4, simplified: shopping, video, audio, SMS and push are
not distinguished, the campaign parameters of a link go before the referrer, and sites are recognised by the names
below. In lower case, the first line that fits:

| Channel          | Source, medium                                                              |
|------------------|-----------------------------------------------------------------------------|
| `direct`         | neither campaign parameters nor a referrer                                  |
| `paid_search`    | paid medium; source is a search engine or the medium contains search        |
| `paid_social`    | paid medium; source is a social network or the medium contains social       |
| `display`        | medium display, banner, expandable, interstitial or cpm                     |
| `paid_other`     | paid medium: it starts with ppc, paid or retargeting, or has cp in it       |
| `email`          | source or medium email, e-mail, e_mail, mail or newsletter                  |
| `affiliate`      | medium affiliate or affiliates                                              |
| `social`         | medium contains social, or is sm; or source is a social network             |
| `organic_search` | medium organic, or source is a search engine                                |
| `referral`       | medium referral, app or link                                                |
| `other`          | the rest                                                                    |

Source: support.google.com/analytics/answer/9756891, Default channel group.
"""

from functools import reduce
from typing import Final

from cartlake.engine import Column, F

SEARCH_ENGINES: Final = (
    *("google", "bing", "yahoo", "duckduckgo", "ecosia", "baidu", "yandex", "qwant", "startpage", "seznam"),
    "search[.]brave[.]com",
)
SOCIAL_NETWORKS: Final = (
    *("facebook", "instagram", "meta", "tiktok", "pinterest", "linkedin", "twitter", "reddit", "snapchat", "threads"),
    *("youtube", "x[.]com", "t[.]co", "fb[.]me", "lnkd[.]in"),
)
PAID: Final = "cp|^(ppc|paid|retargeting)"
DISPLAY: Final = ("display", "banner", "expandable", "interstitial", "cpm")
EMAIL: Final = ("email", "e-mail", "e_mail", "mail", "newsletter")

DIRECT_SOURCE: Final = "(direct)"
DIRECT_MEDIUM: Final = "(none)"
NOT_SET: Final = "(not set)"


def is_attributed() -> Column:
    """Return whether an event has a source, a medium or a referrer."""
    return F.coalesce(*(_clean(F.col(name)) for name in ("utm_source", "utm_medium", "referrer_host"))).isNotNull()


def source(touch: Column) -> Column:
    """Return utm_source, else the referring host. `touch` has the attribution columns of an event, or is null."""
    known = F.coalesce(_clean(touch.getField("utm_source")), _clean(touch.getField("referrer_host")))
    return F.when(touch.isNull(), F.lit(DIRECT_SOURCE)).otherwise(F.coalesce(known, F.lit(NOT_SET)))


def medium(touch: Column) -> Column:
    """Return utm_medium, else, without a utm_source, the kind of site of the referrer. `touch`: as in `source`."""
    host = _clean(touch.getField("referrer_host"))
    from_host = F.when(_is_site(host, SEARCH_ENGINES), F.lit("organic")).when(host.isNotNull(), F.lit("referral"))
    untagged = _clean(touch.getField("utm_source")).isNull()
    known = F.coalesce(_clean(touch.getField("utm_medium")), F.when(untagged, from_host), F.lit(NOT_SET))
    return F.when(touch.isNull(), F.lit(DIRECT_MEDIUM)).otherwise(known)


def channel(source: Column, medium: Column) -> Column:
    """Return the channel of a source and a medium, by the table above."""
    is_paid = medium.rlike(PAID)
    has_social = medium.rlike("social")
    is_search = _is_site(source, SEARCH_ENGINES)
    is_social = _is_site(source, SOCIAL_NETWORKS)
    rules = {
        "direct": (source == F.lit(DIRECT_SOURCE)) & medium.isin(DIRECT_MEDIUM, NOT_SET),
        "paid_search": is_paid & (is_search | medium.rlike("search")),
        "paid_social": is_paid & (is_social | has_social),
        "display": medium.isin(*DISPLAY),
        "paid_other": is_paid,
        "email": source.isin(*EMAIL) | medium.isin(*EMAIL),
        "affiliate": medium.isin("affiliate", "affiliates"),
        "social": has_social | (medium == F.lit("sm")) | is_social,
        "organic_search": (medium == F.lit("organic")) | is_search,
        "referral": medium.isin("referral", "app", "link"),
    }
    # From the last rule to the first: each wraps the ones below it.
    return reduce(
        lambda below, name: F.when(rules[name], F.lit(name)).otherwise(below), reversed(rules), F.lit("other")
    )


def _is_site(host: Column, names: tuple[str, ...]) -> Column:
    # A dot is appended so that a name may end the host: `$` would also match before a last line break.
    return F.concat(host, F.lit(".")).rlike(f"(^|[.])({'|'.join(names)})[.]")


def _clean(text: Column) -> Column:
    trimmed = F.trim(F.lower(text))
    return F.when(trimmed != F.lit(""), trimmed)
