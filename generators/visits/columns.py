"""Events as the columns of the contract `clickstream`."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from generators.files.arrays import Batch, chosen, hex_identifiers, identifiers, instants
from generators.files.spool import Rows
from generators.visits.tables import (
    AGENT_NAMES,
    COUNTRY_CODES,
    DEVICE_NAMES,
    PAGE_PATHS,
    PAGE_PRODUCTS,
    REFERRERS,
    TYPE_NAMES,
    UTM_CAMPAIGNS,
    UTM_MEDIA,
    UTM_SOURCES,
)

EVENT: Final[np.dtype[Any]] = np.dtype(
    [
        *(("number", "u8"), ("at", "i8"), ("type", "i1"), ("visitor", "u8"), ("customer", "i4"), ("page", "i4")),
        *(("order", "i8"), ("source", "i2"), ("agent", "i2"), ("received", "i8")),
    ]
)
Events = Mapping[str, npt.NDArray[Any]] | Rows


def clickstream_batch(events: Events) -> Batch:
    """`customer`, `order` and `source` are -1 where there is none; `agent` is the code of device, agent and country."""
    page, source, agent = (events[name].astype(np.int64) for name in ("page", "source", "agent"))
    customer, order = events["customer"], events["order"]
    return {
        "event_id": hex_identifiers("EVT-", events["number"], 16),
        "event_at": instants(events["at"]),
        "event_type": chosen(TYPE_NAMES, events["type"].astype(np.int64)),
        "visitor_id": hex_identifiers("VIS-", events["visitor"], 12),
        "customer_id": identifiers("CUS-", customer + 1, 7, known=customer >= 0),
        "page_path": chosen(PAGE_PATHS, page),
        "product_id": chosen(PAGE_PRODUCTS, page),
        "order_id": hex_identifiers("ORD-", order, 10, known=order >= 0),
        "referrer_host": chosen(REFERRERS, source),
        "utm_source": chosen(UTM_SOURCES, source),
        "utm_medium": chosen(UTM_MEDIA, source),
        "utm_campaign": chosen(UTM_CAMPAIGNS, source),
        "device": chosen(DEVICE_NAMES, agent),
        "user_agent": chosen(AGENT_NAMES, agent),
        "country_code": chosen(COUNTRY_CODES, agent),
        "received_at": instants(events["received"]),
    }
