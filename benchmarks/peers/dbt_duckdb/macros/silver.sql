{# Rows of files that were not loaded yet, the newest of each key; file names sort by day. #}
{% macro newest_new(relation, key, version, required) %}
    select *
    from {{ relation }}
    where {% for column in required %}{{ column }} is not null{{ " and " if not loop.last }}{% endfor %}
    {% if is_incremental() %}
      and source_file > (select max(source_file) from {{ this }})
    {% endif %}
    qualify row_number() over (
        partition by {{ key | join(", ") }} order by {{ version }} desc, source_file desc
    ) = 1
{% endmacro %}
