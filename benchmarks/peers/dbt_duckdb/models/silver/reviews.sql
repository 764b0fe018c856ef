{{ config(
    unique_key=['review_id'],
    merge_update_condition='DBT_INTERNAL_SOURCE.updated_at >= DBT_INTERNAL_DEST.updated_at'
) }}
{{ newest_new(ref('stg_reviews'), ['review_id'], 'updated_at', ['review_id', 'updated_at', 'purchased_on', 'rating']) }}
