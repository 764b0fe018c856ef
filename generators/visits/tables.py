"""The values of events: pages, sources of visits, devices and user agents."""

from typing import Final

import numpy as np

from generators.files.arrays import texts
from generators.shop.markets import COUNTRIES
from generators.shop.shop import CATEGORIES, PRODUCT_COUNT
from generators.visits.steps import EVENT_TYPES

FIRST_PRODUCT_PAGE: Final = 16
PAGES: Final = ["/", *(f"/c/{name}" for name in CATEGORIES), "/search", "/checkout", "/thank-you", "/about", "/help"]
PAGE_PATHS: Final = texts([*PAGES, *(f"/p/PRD-{number:05d}" for number in range(1, PRODUCT_COUNT + 1))])
PAGE_PRODUCTS: Final = texts([None] * len(PAGES) + [f"PRD-{number:05d}" for number in range(1, PRODUCT_COUNT + 1)])
PAGE_OF_TYPE: Final = np.array(
    [0, PAGES.index("/search"), FIRST_PRODUCT_PAGE, FIRST_PRODUCT_PAGE, *map(PAGES.index, ("/checkout", "/thank-you"))]
)
LANDING_PAGES: Final = np.array([*[0] * 14, *range(1, 11), *[0] * 6, 14, 15])  # the home page, departments, about, help

# Where visits come from: referrer_host, utm_source, utm_medium, utm_campaign, and the share of visits.
SOURCES: Final = (
    (None, None, None, None, 0.28),
    ("www.google.com", None, None, None, 0.24),
    ("www.bing.com", None, None, None, 0.03),
    ("www.google.com", "google", "cpc", "brand", 0.06),
    ("www.google.com", "google", "cpc", "shopping", 0.07),
    (None, "newsletter", "email", "weekly", 0.06),
    (None, "newsletter", "email", "spring_sale", 0.04),
    ("www.facebook.com", "facebook", "paid_social", "retargeting", 0.04),
    ("www.instagram.com", "instagram", "paid_social", "new_arrivals", 0.04),
    ("www.tiktok.com", "tiktok", "paid_social", "creators", 0.02),
    ("www.instagram.com", None, None, None, 0.03),
    ("deals.example.net", "affiliate", "affiliate", "deals", 0.04),
    ("blog.example.org", None, None, None, 0.02),
    ("www.google.com", "google", "cpc", None, 0.03),
)
SOURCE_SHARES: Final = np.array([source[4] for source in SOURCES])
REFERRERS, UTM_SOURCES, UTM_MEDIA, UTM_CAMPAIGNS = (
    texts([source[column] for source in SOURCES])  # type: ignore[misc]
    for column in range(4)
)

WEBKIT: Final = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
HUMAN_AGENTS: Final = (
    ("desktop", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"),
    ("desktop", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"),
    ("desktop", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {IPHONE} Version/18.1 Safari/605.1.15"),
    ("mobile", f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {IPHONE} Version/18.1 Mobile/15E148"),
    ("mobile", f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"),
    ("mobile", f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36"),
    ("mobile", "CartlakeShop/4.12.0 (Android 14)"),
    ("tablet", f"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) {IPHONE} Version/18.1 Safari/604.1"),
    ("tablet", f"Mozilla/5.0 (Linux; Android 13; SM-X710) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"),
)
FIRST_AGENT: Final = np.array([0, 4, 8])  # by device: desktop, mobile, tablet
AGENTS_OF_DEVICE: Final = np.array([4, 4, 2])
CRAWLER_AGENTS: Final = (
    ("desktop", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ("desktop", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    ("desktop", "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"),
    ("mobile", f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) {WEBKIT} (compatible; Googlebot/2.1)"),
    ("desktop", "python-requests/2.32.3"),
)
AGENTS: Final = (*HUMAN_AGENTS, *CRAWLER_AGENTS)
# One code stands for device, user agent and country.
DEVICE_NAMES: Final = texts([device for device, _ in AGENTS for _ in COUNTRIES])
AGENT_NAMES: Final = texts([agent for _, agent in AGENTS for _ in COUNTRIES])
COUNTRY_CODES: Final = texts(COUNTRIES * len(AGENTS))
TYPE_NAMES: Final = texts(EVENT_TYPES)
UNITED_STATES: Final = COUNTRIES.index("US")
