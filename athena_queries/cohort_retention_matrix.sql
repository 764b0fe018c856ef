-- Cohort retention: one row per month of first order, the share of its customers who bought again in each month since.
-- The last 13 cohorts, newest first. A month that is not here yet is null; the last one is mostly not over.
-- Owner: customer-data. Parameters: none.
-- Cost: reads four columns of curated.cohort_retention, a few kilobytes.
with

ages as (

    select
        cohort_month,
        months_since,
        customers,
        retention_rate

    from curated.cohort_retention

),

last_cohort as (

    select max(cohort_month) as cohort_month

    from ages

),

by_cohort as (

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

),

final as (

    select
        by_cohort.cohort_month,
        by_cohort.customers,
        by_cohort.month_0,
        by_cohort.month_1,
        by_cohort.month_2,
        by_cohort.month_3,
        by_cohort.month_4,
        by_cohort.month_5,
        by_cohort.month_6,
        by_cohort.month_7,
        by_cohort.month_8,
        by_cohort.month_9,
        by_cohort.month_10,
        by_cohort.month_11,
        by_cohort.month_12

    from by_cohort

    cross join last_cohort

    where by_cohort.cohort_month > date_add('month', -13, last_cohort.cohort_month)

)

select * from final

order by cohort_month desc
