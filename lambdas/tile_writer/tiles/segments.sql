-- Segments: customers and what they brought, by segment and by the scores of recency and frequency.
-- Tables: curated.customer_segments.
-- Query: rfm_segments.
-- Definition: docs/definitions.md#customers-and-products.
-- Columns: segment text, recency count, frequency count, customers count, orders count, revenue cents.
select
    segment,
    recency_score as recency,
    frequency_score as frequency,
    count(*) as customers,
    sum(frequency) as orders,
    sum(revenue_reporting) as revenue

from curated.customer_segments

group by segment, recency_score, frequency_score

order by recency, frequency, segment
