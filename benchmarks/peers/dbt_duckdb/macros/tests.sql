{% test expression_is_true(model, expression) %}
    select * from {{ model }} where not ({{ expression }})
{% endtest %}

{% test matches(model, column_name, pattern) %}
    select * from {{ model }} where not regexp_full_match({{ column_name }}, '{{ pattern }}')
{% endtest %}
