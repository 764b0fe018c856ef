-- Cohort retention: the share of a month's new customers who bought again in each month since.
-- Grain: cohort_month.
-- Owner: customer-data.
-- Parameters: first_cohort date = first of month, 12 months ago.
-- Scans: 4 kB of the demo's world.
with

ages as (

    select
        cohort_month,
        months_since,
        customers,
        retention_rate

    from curated.cohort_retention

    where cohort_month >= ?

),

final as (

    select
        cohort_month,
        max(customers) as customers,
        max(case when months_since = 0 then retention_rate end) as month_0,
        max(case when months_since = 1 then retention_rate end) as month_1,
        max(case when months_since = 2 then retention_rate end) as month_2,
        max(case when months_since = 3 then retention_rate end) as month_3,
        max(case when months_since = 4 then retention_rate end) as month_4,
        max(case when months_since = 5 then retention_rate end) as month_5,
        max(case when months_since = 6 then retention_rate end) as month_6,
        max(case when months_since = 7 then retention_rate end) as month_7,
        max(case when months_since = 8 then retention_rate end) as month_8,
        max(case when months_since = 9 then retention_rate end) as month_9,
        max(case when months_since = 10 then retention_rate end) as month_10,
        max(case when months_since = 11 then retention_rate end) as month_11,
        max(case when months_since = 12 then retention_rate end) as month_12

    from ages

    group by cohort_month

)

select * from final

order by cohort_month desc
