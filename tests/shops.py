"""Files as Shopify, WooCommerce (by WebToffee's plugin) and Stripe export them, of orders that were drawn.

Columns, their order, quotes, times and amounts are those of the exports; values are made up.
"""

import csv
import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal


def _names(text):
    return text.split(",")


SHOPIFY = _names(
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
    "Lineitem fulfillment status,Billing Name,Billing Street,Billing Zip,Billing Country,Notes,Note Attributes,"
    "Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Id,Tags,Risk Level,"
    "Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Phone,Payment ID"
)
WOOCOMMERCE = _names(
    "order_id,order_number,order_date,paid_date,status,shipping_total,tax_total,discount_total,order_total,"
    "order_currency,payment_method,payment_method_title,transaction_id,customer_email,billing_first_name,"
    "billing_address_1,customer_note,refunded_total"
)
ITEM = ("Name", "id", "SKU", "Quantity", "Total", "Subtotal")
STRIPE = _names(
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Amount Refunded,"
    "Converted Currency,Decline Reason,Description,Fee,Mode,PaymentIntent ID,Refunded date (UTC),Statement Descriptor,"
    "Status,Seller Message,Taxes On Fee,Card Brand,Card Last4,Customer ID,Customer Email,Invoice ID,"
    "order_id (metadata)"
)
PRODUCTS = [("Blue mug", "MUG-BL"), ("Tea towel, red", "TOW-01"), ('Shelf 12" oak', ""), ("Becher „Düne“", "MUG-DÜ")]
NOTES = ["", "", "Leave at\nthe door", 'Ring "twice", please', "line one\r\nline two"]
CURRENCIES = ["USD", "EUR", "GBP"]


@dataclass(frozen=True)
class Order:
    """One order. Items are name, sku, units and price; times are in the offset of its shop."""

    number: int
    at: datetime
    currency: str
    items: tuple[tuple[str, str, int, Decimal], ...]
    note: str
    refunded: Decimal

    @property
    def total(self):
        return sum((units * price for _, _, units, price in self.items), Decimal(0))


def orders(seed, number):
    """Draw so many orders, of one to five items, a fifth of them refunded."""
    drawn = random.Random(seed)
    return [_order(drawn, 1001 + place) for place in range(number)]


def _order(drawn, number):
    offset = timezone(timedelta(hours=drawn.choice([-5, -4, 1, 10])))
    items = tuple(
        (*drawn.choice(PRODUCTS), drawn.randrange(1, 4), Decimal(drawn.randrange(100, 9999)) / 100)
        for _ in range(drawn.randrange(1, 6))
    )
    order = Order(
        number=number,
        at=datetime(2026, 1, 1, tzinfo=UTC).astimezone(offset) + timedelta(minutes=drawn.randrange(40_000)),
        currency=drawn.choice(CURRENCIES),
        items=items,
        note=drawn.choice(NOTES),
        refunded=Decimal(0),
    )
    return Order(**{**vars(order), "refunded": order.total}) if drawn.random() < 0.2 else order


def shopify(some):
    """One row per item; what is of the order stands in the first of its rows."""
    rows = []
    for order in some:
        time = order.at.strftime("%Y-%m-%d %H:%M:%S %z")
        whole = {
            "Financial Status": "refunded" if order.refunded else "paid",
            "Paid at": time,
            "Fulfillment Status": "fulfilled",
            "Fulfilled at": time,
            "Accepts Marketing": "no",
            "Currency": order.currency,
            "Subtotal": order.total,
            "Shipping": "0.00",
            "Taxes": "0.00",
            "Total": order.total,
            "Discount Amount": "0.00",
            "Billing Name": "Ann Lee",
            "Billing Zip": "'02139",
            "Notes": order.note,
            "Payment Method": "Shopify Payments",
            "Refunded Amount": f"{order.refunded:.2f}",
            "Id": 5_000_000_000_000 + order.number,
            "Source": "web",
        }
        for place, (name, sku, units, price) in enumerate(order.items):
            row = {"Name": f"#{order.number}", "Email": "ann@example.com", "Created at": time}
            row |= {} if place else whole
            row |= {"Lineitem quantity": units, "Lineitem name": name, "Lineitem price": price, "Lineitem sku": sku}
            row |= {"Lineitem requires shipping": "true", "Lineitem discount": "0.00", "Vendor": "Dune"}
            rows.append(row)
    return _csv(SHOPIFY, rows)


def woocommerce(some):
    """One row per order, with six columns for each of its items."""
    most = max(len(order.items) for order in some)
    header = [*WOOCOMMERCE, *(name for n in range(1, most + 1) for name in _item_names(n))]
    rows = []
    for order in some:
        row = {
            "order_id": order.number,
            "order_number": order.number,
            "order_date": order.at.strftime("%Y-%m-%d %H:%M:%S"),
            "paid_date": order.at.strftime("%Y-%m-%d %H:%M:%S"),
            "status": "refunded" if order.refunded else "completed",
            "shipping_total": "0.00",
            "tax_total": "0.00",
            "discount_total": "0.00",
            "order_total": order.total,
            "order_currency": order.currency,
            "payment_method": "stripe",
            "payment_method_title": "Credit card (Stripe)",
            "transaction_id": f"ch_{order.number}",
            "customer_email": "ann@example.com",
            "customer_note": order.note,
            "refunded_total": f"{order.refunded:.2f}",
        }
        for n, (name, sku, units, price) in enumerate(order.items, start=1):
            values = (name, 11, sku, units, units * price, units * price)
            row |= dict(zip(_item_names(n), values, strict=True))
        rows.append(row)
    return _csv(header, rows)


def _item_names(number):
    return [f"Product Item {number} {name}" for name in ITEM]


def stripe(some):
    """One row per payment, times in UTC."""
    rows = [
        {
            "id": f"ch_{order.number}",
            "Created date (UTC)": order.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "Amount": order.total,
            "Amount Refunded": f"{order.refunded:.2f}",
            "Currency": order.currency.lower(),
            "Captured": "true",
            "Converted Amount": order.total,
            "Converted Currency": "usd",
            "Description": order.note,
            "Fee": "1.70",
            "Mode": "Live",
            "PaymentIntent ID": f"pi_{order.number}",
            "Refunded date (UTC)": "2026-02-28 10:00:00" if order.refunded else "",
            "Status": "Refunded" if order.refunded else "Paid",
            "Taxes On Fee": "0.00",
            "Card Brand": "Visa",
            "Customer ID": "cus_1",
            "Customer Email": "ann@example.com",
            "order_id (metadata)": order.number,
        }
        for order in some
    ]
    return _csv(STRIPE, rows)


EXPORTS = {"shopify_orders": shopify, "woocommerce_orders": woocommerce, "stripe_payments": stripe}
"""What writes an export, by the dataset that it is dropped into."""


def make_exports(folder, seed=1, number=50):
    """Write an export of each kind into a folder; return the files by their datasets."""
    some, files = orders(seed, number), {}
    for dataset, write in EXPORTS.items():
        files[dataset] = folder / f"{dataset}.csv"
        files[dataset].write_bytes(write(some))
    return files


def _csv(header, rows):
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()
