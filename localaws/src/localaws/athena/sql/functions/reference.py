"""The functions of Athena engine 3: those of Trino, by the page of its documentation.

https://docs.aws.amazon.com/athena/latest/ug/functions-env3.html, https://trino.io/docs/current/functions.html
"""

from __future__ import annotations

PAGES: dict[str, str] = {
    "aggregate": """
        any_value arbitrary array_agg avg bool_and bool_or checksum count count_if every geometric_mean listagg max
        max_by min min_by sum bitwise_and_agg bitwise_or_agg bitwise_xor_agg histogram map_agg map_union multimap_agg
        approx_distinct approx_most_frequent approx_percentile approx_set merge numeric_histogram qdigest_agg
        tdigest_agg corr covar_pop covar_samp kurtosis regr_intercept regr_slope skewness stddev stddev_pop stddev_samp
        variance var_pop var_samp reduce_agg json_objectagg json_arrayagg grouping evaluate_classifier_predictions
        learn_classifier learn_libsvm_classifier learn_libsvm_regressor learn_regressor make_set_digest
        merge_set_digest convex_hull_agg geometry_union_agg""",
    "window": """
        cume_dist dense_rank ntile percent_rank rank row_number first_value last_value nth_value lead lag""",
    "array": """
        all_match any_match array_distinct array_except array_intersect array_join array_max array_min array_position
        array_remove array_sort array_union arrays_overlap cardinality combinations concat contains contains_sequence
        element_at filter flatten ngrams none_match reduce repeat reverse sequence shuffle slice transform trim_array
        zip zip_with euclidean_distance dot_product array_histogram array_first array_last""",
    "binary": """
        length lpad rpad substr reverse to_base64 from_base64 to_base64url from_base64url to_base32 from_base32 to_hex
        from_hex to_big_endian_32 from_big_endian_32 to_big_endian_64 from_big_endian_64 to_ieee754_32 from_ieee754_32
        to_ieee754_64 from_ieee754_64 crc32 md5 sha1 sha256 sha512 spooky_hash_v2_32 spooky_hash_v2_64 xxhash64 murmur3
        hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512""",
    "bitwise": """
        bit_count bitwise_and bitwise_not bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
        bitwise_right_shift_arithmetic""",
    "color": "bar color render rgb",
    "conditional and conversion": """
        coalesce nullif try if cast try_cast typeof format format_number parse_data_size parse_presto_data_size greatest
        least row""",
    "date and time": """
        current_date current_time current_timestamp localtime localtimestamp current_timezone date last_day_of_month
        from_iso8601_timestamp from_iso8601_timestamp_nanos from_iso8601_date at_timezone with_timezone from_unixtime
        from_unixtime_nanos now to_iso8601 to_milliseconds to_unixtime date_trunc date_add date_diff parse_duration
        human_readable_seconds date_format date_parse format_datetime parse_datetime extract day day_of_month
        day_of_week day_of_year dow doy hour millisecond minute month quarter second timezone_hour timezone_minute
        timezone week week_of_year year year_of_week yow""",
    "geospatial": """
        bing_tile bing_tile_at bing_tile_coordinates bing_tile_polygon bing_tile_quadkey bing_tile_zoom_level
        bing_tiles_around from_geojson_geometry geometry_from_hadoop_shape geometry_invalid_reason
        geometry_nearest_points geometry_to_bing_tiles geometry_union great_circle_distance line_interpolate_point
        line_interpolate_points line_locate_point simplify_geometry st_area st_asbinary st_astext st_boundary st_buffer
        st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference st_dimension st_disjoint st_distance
        st_endpoint st_envelope st_envelopeaspts st_equals st_exteriorring st_geometries st_geometryfromtext
        st_geometryn st_geometrytype st_geomfrombinary st_geomfromkml st_interiorringn st_interiorrings st_intersection
        st_intersects st_isclosed st_isempty st_isring st_issimple st_isvalid st_length st_linefromtext st_linestring
        st_multipoint st_numgeometries st_numinteriorring st_numpoints st_overlaps st_point st_pointn st_points
        st_polygon st_relate st_startpoint st_symdifference st_touches st_union st_within st_x st_xmax st_xmin st_y
        st_ymax st_ymin to_geojson_geometry to_geometry to_spherical_geography""",
    "HyperLogLog, digests and sets": """
        empty_approx_set hash_counts intersection_cardinality jaccard_index quantile_at_value value_at_quantile
        values_at_quantiles trim_mean""",
    "IP addresses": "ip_prefix ip_subnet_min ip_subnet_max ip_subnet_range is_subnet_of",
    "JSON": """
        is_json_scalar json_array json_array_contains json_array_get json_array_length json_exists json_extract
        json_extract_scalar json_format json_object json_parse json_query json_size json_table json_value""",
    "machine learning": "classify features regress",
    "map": """
        map map_concat map_entries map_filter map_from_entries map_keys map_values map_zip_with multimap_from_entries
        transform_keys transform_values""",
    "mathematical": """
        abs acos asin atan atan2 beta_cdf cbrt ceil ceiling cos cosh cosine_distance cosine_similarity degrees e exp
        floor from_base infinity inverse_beta_cdf inverse_normal_cdf is_finite is_infinite is_nan ln log log10 log2 mod
        nan normal_cdf pi pow power radians rand random round sign sin sinh sqrt t_cdf t_pdf tan tanh to_base truncate
        width_bucket wilson_interval_lower wilson_interval_upper""",
    "regular expressions": """
        regexp_count regexp_extract regexp_extract_all regexp_like regexp_position regexp_replace regexp_split""",
    "session": "current_catalog current_groups current_schema current_user uuid version",
    "string": """
        char_length character_length chr codepoint concat_ws from_utf8 hamming_distance levenshtein_distance lower ltrim
        luhn_check normalize position replace rtrim soundex split split_part split_to_map split_to_multimap starts_with
        strpos substring to_utf8 translate trim upper word_stem""",
    "Teradata": "char2hexint index to_char to_date to_timestamp",
    "URL": """
        url_decode url_encode url_extract_fragment url_extract_host url_extract_parameter url_extract_path
        url_extract_port url_extract_protocol url_extract_query""",
}
NAMES = frozenset(name for names in PAGES.values() for name in names.split())
# Functions whose syntax or node is their own, which the tables of handlers do not list.
WITH_OWN_SYNTAX = frozenset({
    "cast", "try_cast", "if", "extract", "position", "current_date", "current_timestamp", "localtimestamp", "localtime",
    "json_array", "json_exists", "json_object", "json_query", "json_value", "grouping", "current_catalog",
    "current_schema", "current_user", "character_length",
})  # fmt: skip
