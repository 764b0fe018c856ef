mock_provider "aws" {
  source = "../../fixtures/mocks"
}

variables {
  name_prefix   = "cartlake-test"
  bucket        = { name = "test-dashboard", domain = "test-dashboard.s3.eu-west-1.amazonaws.com" }
  page_dir      = "../../../dashboard"
  allowed_cidrs = ["203.0.113.0/24", "198.51.100.7/32"]
}

run "files_are_kept_as_long_as_their_names_say" {
  command = plan

  assert {
    condition     = aws_s3_object.page["index.html"].cache_control == "no-cache" && aws_s3_object.page["index.html"].content_type == "text/html; charset=utf-8"
    error_message = "A browser must ask whether the page has changed."
  }

  assert {
    condition     = [for path, file in aws_s3_object.page : path if strcontains(file.cache_control, "immutable")] == ["vendor/duckdb-1.32.0.min.js", "vendor/echarts-6.1.0.min.js"]
    error_message = "Only what has a version in its name may be kept for ever."
  }

  assert {
    condition     = alltrue([for path, file in aws_s3_object.page : !startswith(path, "tiles/")])
    error_message = "Tiles are written by refreshes, never by Terraform."
  }

  # The page is read over HTTPS by known addresses.
  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && aws_cloudfront_distribution.this.default_cache_behavior[0].compress
    error_message = "Plain HTTP is redirected, and files are compressed."
  }

  assert {
    condition     = strcontains(aws_cloudfront_function.allow.code, "[\"198.51.100.7/32\",\"203.0.113.0/24\"]")
    error_message = "The function must know the ranges."
  }

  assert {
    condition     = strcontains(aws_cloudfront_response_headers_policy.this["dashboard"].security_headers_config[0].content_security_policy[0].content_security_policy, "default-src 'none'; script-src 'self'")
    error_message = "The page runs its own files only."
  }
}

run "without_an_engine_no_file_may_run_webassembly" {
  command = plan

  assert {
    condition     = keys(aws_cloudfront_response_headers_policy.this) == ["dashboard"] && length(aws_cloudfront_distribution.this.ordered_cache_behavior) == 0 && length(aws_s3_object.engine) == 0
    error_message = "Explore is opt-in."
  }
}

run "explore_and_its_worker_alone_may_run_webassembly" {
  command = plan

  variables {
    engine_dir = "tests/engine"
  }

  assert {
    condition     = [for behavior in aws_cloudfront_distribution.this.ordered_cache_behavior : behavior.path_pattern] == ["/explore.html", "/engine/*"] && alltrue([for behavior in aws_cloudfront_distribution.this.ordered_cache_behavior : length(behavior.function_association) == 1])
    error_message = "The page and the engine have the other policy, and the same check of addresses."
  }

  assert {
    condition     = strcontains(aws_cloudfront_response_headers_policy.this["explore"].security_headers_config[0].content_security_policy[0].content_security_policy, "'wasm-unsafe-eval'") && !strcontains(aws_cloudfront_response_headers_policy.this["dashboard"].security_headers_config[0].content_security_policy[0].content_security_policy, "wasm")
    error_message = "WebAssembly runs on Explore only."
  }

  assert {
    condition     = { for name, file in aws_s3_object.engine : name => "${file.content_type} ${file.content_encoding} ${file.cache_control}" } == { "duckdb-eh-1.wasm" = "application/wasm gzip public, max-age=31536000, immutable", "duckdb-eh-1.worker.js" = "text/javascript; charset=utf-8 gzip public, max-age=31536000, immutable" }
    error_message = "Files of the engine are stored compressed, under names that say so nowhere."
  }
}

run "rejects_a_folder_without_the_engine" {
  command = plan

  variables {
    engine_dir = "tests"
  }

  expect_failures = [aws_cloudfront_distribution.this]
}

run "rejects_nobody" {
  command = plan

  variables {
    allowed_cidrs = []
  }

  expect_failures = [var.allowed_cidrs]
}

run "rejects_everybody" {
  command = plan

  variables {
    allowed_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "rejects_what_is_no_range" {
  command = plan

  variables {
    allowed_cidrs = ["office"]
  }

  expect_failures = [var.allowed_cidrs]
}

run "rejects_a_folder_without_the_page" {
  command = plan

  variables {
    page_dir = "../../modules"
  }

  expect_failures = [aws_cloudfront_distribution.this]
}
