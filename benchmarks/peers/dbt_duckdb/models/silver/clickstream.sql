{{ config(
    unique_key=['event_id'],
    merge_update_condition='DBT_INTERNAL_SOURCE.received_at >= DBT_INTERNAL_DEST.received_at'
) }}
{{ newest_new(ref('stg_clickstream'), ['event_id'], 'received_at', ['event_id', 'received_at', 'event_at', 'visitor_id']) }}
