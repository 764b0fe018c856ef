-- The last word of every customer on every product.
with purchases as (

    select distinct order_id, customer_id, product_id
    from {{ ref('transactions') }}
    where order_status <> 'cancelled'

)

select
    reviews.product_id,
    reviews.customer_id,
    reviews.review_id,
    reviews.order_id,
    reviews.purchased_on,
    reviews.rating,
    reviews.title,
    reviews.body,
    reviews.reviewed_at,
    reviews.updated_at,
    purchases.order_id is not null as is_verified_purchase

from {{ ref('reviews') }} as reviews
left join purchases
    on
        reviews.order_id = purchases.order_id
        and reviews.customer_id = purchases.customer_id
        and reviews.product_id = purchases.product_id
qualify row_number() over (
    partition by reviews.product_id, reviews.customer_id
    order by reviews.updated_at desc, reviews.reviewed_at desc, reviews.review_id desc
) = 1
