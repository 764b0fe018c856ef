"""The European Central Bank's files of reference rates: newest day first, none on weekends and holidays."""

from datetime import date, timedelta
from email.utils import formatdate
from hashlib import md5

from tests.servers.http import FaultyServer, Reply

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube>"""
TAIL = "</Cube></gesmes:Envelope>"
FILES = {
    "/eurofxref-hist-90d.xml": timedelta(days=90),
    "/eurofxref-hist.xml": None,
    "/eurofxref-daily.xml": timedelta(),
}
HOLIDAYS = {date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25)}
LEVELS = {"USD": 1.08, "JPY": 161.2, "GBP": 0.86, "SEK": 11.3, "PLN": 4.3, "CHF": 0.95}


def is_quoted(day):
    return day.weekday() < 5 and day not in HOLIDAYS


class Ecb(FaultyServer):
    """`today` is the newest day that was published; `corrected` are rates in the place of those published first."""

    def __init__(self, first, today):
        super().__init__()
        self.first, self.today, self.corrected = first, today, {}
        self.published = 1_767_625_200  # seconds; each change publishes anew

    def publish(self, days=1):
        self.today += timedelta(days=days)
        self.published += 86_400 * days or 3_600

    def correct(self, day, currency, rate):
        self.corrected[day, currency] = rate
        self.published += 3_600

    def rate(self, day, currency):
        moved = LEVELS[currency] * (1 + (day.toordinal() % 37 - 18) / 1000)
        return self.corrected.get((day, currency), f"{moved:.4f}")

    def days(self, last=None):
        """The days of a file, newest first; `last` is how far back it goes."""
        start = self.first if last is None else max(self.first, self.today - last)
        days = [start + timedelta(days=n) for n in range((self.today - start).days + 1)]
        return [day for day in reversed(days) if is_quoted(day)]

    def rows(self, currencies):
        """What the whole history says of some currencies."""
        return {(f"{day}", currency): self.rate(day, currency) for day in self.days() for currency in currencies}

    def text(self, last):
        cubes = (
            f'<Cube time="{day}">'
            + "".join(f'<Cube currency="{one}" rate="{self.rate(day, one)}"/>' for one in LEVELS)
            + "</Cube>"
            for day in self.days(last)
        )
        return (HEAD + "".join(cubes) + TAIL).encode()

    def reply(self, request):
        if request.path not in FILES:
            return Reply(404, b"not here")
        body = self.text(FILES[request.path])
        tag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {"ETag": tag, "Last-Modified": formatdate(self.published, usegmt=True), "Content-Type": "text/xml"}
        if request.headers.get("If-None-Match") == tag:
            return Reply(304, b"", headers)
        return Reply(200, body, headers)
