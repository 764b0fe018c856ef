data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  types = { css = "text/css; charset=utf-8", html = "text/html; charset=utf-8", js = "text/javascript; charset=utf-8", svg = "image/svg+xml" }
  files = { for path in fileset(var.page_dir, "**") : path => reverse(split(".", path))[0] if contains(keys(local.types), reverse(split(".", path))[0]) }

  # Names in vendor/ hold a version, so what is behind a name never changes; all else is compared with its ETag.
  forever = "public, max-age=31536000, immutable"

  engine       = var.engine_dir == null ? [] : [for path in fileset(var.engine_dir, "*.gz") : trimsuffix(path, ".gz")]
  engine_types = { js = local.types.js, wasm = "application/wasm" }

  # What DuckDB runs in: the page, and its worker, which has the policy of its own file.
  policies = {
    dashboard = { paths = [], comment = "The page loads and runs its own files only, and nothing may frame it.", csp = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" }
    explore   = { paths = var.engine_dir == null ? [] : ["/explore.html", "/engine/*"], comment = "As the dashboard, and WebAssembly may run.", csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" }
  }
}

resource "aws_s3_object" "page" {
  for_each = local.files

  bucket        = var.bucket.name
  key           = each.key
  source        = "${var.page_dir}/${each.key}"
  source_hash   = filesha256("${var.page_dir}/${each.key}")
  content_type  = local.types[each.value]
  cache_control = can(regex("^vendor/.+[0-9]\\.[0-9].*\\.js$", each.key)) ? local.forever : "no-cache"
}

# Compressed before, because CloudFront compresses no file over 10 MB.
resource "aws_s3_object" "engine" {
  for_each = toset(local.engine)

  bucket           = var.bucket.name
  key              = "engine/${each.key}"
  source           = "${var.engine_dir}/${each.key}.gz"
  source_hash      = filesha256("${var.engine_dir}/${each.key}.gz")
  content_type     = local.engine_types[reverse(split(".", each.key))[0]]
  content_encoding = "gzip"
  cache_control    = local.forever
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = "${var.name_prefix}-dashboard"
  description                       = "Lets the dashboard's distribution read its bucket."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Anybody who knows the address could read the shop's sales otherwise.
resource "aws_cloudfront_function" "allow" {
  name    = "${var.name_prefix}-dashboard-allow"
  comment = "Answers 403 to addresses that may not see the dashboard."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = templatefile("${path.module}/allow.js.tftpl", { cidrs = jsonencode(sort(var.allowed_cidrs)) })
}

resource "aws_cloudfront_cache_policy" "this" {
  name        = "${var.name_prefix}-dashboard"
  comment     = "Keeps what may be kept, compressed; asks the bucket whether all else has changed."
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

# The same as `lake dashboard` sends: HEADERS in cartlake_cli/dashboard/serving.py.
resource "aws_cloudfront_response_headers_policy" "this" {
  for_each = { for name, policy in local.policies : name => policy if name == "dashboard" || var.engine_dir != null }

  name    = "${var.name_prefix}-${each.key}"
  comment = each.value.comment

  security_headers_config {
    content_security_policy {
      content_security_policy = each.value.csp
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
  }
}

moved {
  from = aws_cloudfront_response_headers_policy.this
  to   = aws_cloudfront_response_headers_policy.this["dashboard"]
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_68:a web application firewall costs 5 US dollars a month; the function lets known addresses in alone
  #checkov:skip=CKV2_AWS_47:as above, and the page runs no Java
  #checkov:skip=CKV_AWS_86:the bucket's access logs say what was read from it; a page view is no event of the data
  #checkov:skip=CKV_AWS_174:a certificate of CloudFront's own domain sets no minimum version of TLS
  #checkov:skip=CKV2_AWS_42:a domain of one's own is optional
  #checkov:skip=CKV_AWS_310:one bucket holds the tiles, and the next refresh writes them anew
  #checkov:skip=CKV_AWS_374:addresses are allowed one by one, which says more than countries
  enabled             = true
  comment             = "Dashboard of ${var.name_prefix}."
  default_root_object = "index.html"
  http_version        = "http2and3"
  is_ipv6_enabled     = false # the function knows ranges of IPv4
  price_class         = "PriceClass_100"

  origin {
    domain_name              = var.bucket.domain
    origin_id                = "bucket"
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    target_origin_id           = "bucket"
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.this.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this["dashboard"].id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.allow.arn
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.policies.explore.paths

    content {
      path_pattern               = ordered_cache_behavior.value
      allowed_methods            = ["GET", "HEAD"]
      cached_methods             = ["GET", "HEAD"]
      target_origin_id           = "bucket"
      viewer_protocol_policy     = "redirect-to-https"
      compress                   = true
      cache_policy_id            = aws_cloudfront_cache_policy.this.id
      response_headers_policy_id = aws_cloudfront_response_headers_policy.this["explore"].id

      function_association {
        event_type   = "viewer-request"
        function_arn = aws_cloudfront_function.allow.arn
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }

  lifecycle {
    precondition {
      condition     = fileexists("${var.page_dir}/index.html")
      error_message = "There is no index.html in page_dir: it must be the folder dashboard/ of a checkout."
    }

    precondition {
      condition     = var.engine_dir == null || length(local.engine) > 0
      error_message = "engine_dir holds no engine of Explore: run `lake build --platform aws --explore`, or set dashboard.explore to false."
    }
  }
}
