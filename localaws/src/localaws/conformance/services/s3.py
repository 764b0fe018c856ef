"""S3: versions, ranges, keys, listings, encryption, multipart uploads, conditional writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target

ODD_KEYS = ["a b+c", "day=1%3A2/x", "dir//empty", "q[1]*?", "ü&<"]
PART = b"x" * 5_242_880


def _bucket(target: Target) -> tuple[Any, str]:
    return target.client("s3"), target.bucket()


@check("s3", "a name that ends in a hyphen or has capitals is no bucket")
def bucket_names(target: Target) -> None:
    refused("InvalidBucketName", target.client("s3").create_bucket, Bucket=f"{target.name}-A_")


@check("s3", "each version of an object can be read, and a delete marker hides them")
def versions(target: Target) -> None:
    s3, bucket = _bucket(target)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"one", b"two")]
    s3.delete_object(Bucket=bucket, Key="k")
    equal([s3.get_object(Bucket=bucket, Key="k", VersionId=one)["Body"].read() for one in ids], [b"one", b"two"])
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="k")


@check("s3", "a range is read, and one behind the end is refused")
def ranges(target: Target) -> None:
    s3, bucket = _bucket(target)
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="k", Range="bytes=-2")
    equal((answer["Body"].read(), answer["ContentRange"]), (b"89", "bytes 8-9/10"))
    refused(("InvalidRange", "416"), s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-")


@check("s3", "keys with spaces, percent signs, brackets and empty segments are listed as they are")
def odd_keys(target: Target) -> None:
    s3, bucket = _bucket(target)
    for key in ODD_KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    equal(sorted(item["Key"] for item in listed), sorted(ODD_KEYS))


@check("s3", "a listing has common prefixes and continues with its token")
def listing(target: Target) -> None:
    s3, bucket = _bucket(target)
    for key in ("a/1", "a/2", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    first = s3.list_objects_v2(Bucket=bucket, Delimiter="/", MaxKeys=2)
    equal([one["Prefix"] for one in first.get("CommonPrefixes", [])], ["a/"])
    rest = s3.list_objects_v2(Bucket=bucket, Delimiter="/", ContinuationToken=first["NextContinuationToken"])
    equal([item["Key"] for item in rest["Contents"]], ["c"])


@check("s3", "every object is encrypted with AES256, and says so")
def encryption(target: Target) -> None:
    s3, bucket = _bucket(target)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    equal(s3.head_object(Bucket=bucket, Key="k")["ServerSideEncryption"], "AES256")


@check("s3", "If-None-Match keeps an object from being overwritten")
def conditional_write(target: Target) -> None:
    s3, bucket = _bucket(target)
    s3.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
    refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")
    equal(s3.get_object(Bucket=bucket, Key="k")["Body"].read(), b"first")


@check("s3", "If-None-Match keeps an object from being overwritten by a copy")
def conditional_copy(target: Target) -> None:
    s3, bucket = _bucket(target)
    s3.put_object(Bucket=bucket, Key="source", Body=b"first")
    request = {"Bucket": bucket, "Key": "k", "CopySource": {"Bucket": bucket, "Key": "source"}, "IfNoneMatch": "*"}
    s3.copy_object(**request)
    s3.put_object(Bucket=bucket, Key="source", Body=b"second")
    refused("PreconditionFailed", s3.copy_object, **request)
    equal(s3.get_object(Bucket=bucket, Key="k")["Body"].read(), b"first")


@check("s3", "an upload in parts is one object, its ETag ends in the number of parts")
def multipart(target: Target) -> None:
    s3, bucket = _bucket(target)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    request = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    tags = [s3.upload_part(**request, PartNumber=n, Body=body)["ETag"] for n, body in enumerate((PART, b"y"), 1)]
    parts = {"Parts": [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]}
    s3.complete_multipart_upload(**request, MultipartUpload=parts)
    head = s3.head_object(Bucket=bucket, Key="k")
    equal((head["ContentLength"], head["ETag"].strip('"')[-2:]), (len(PART) + 1, "-2"))


@check("s3", "a part before the last that is smaller than 5 MiB is refused at the end")
def small_parts(target: Target) -> None:
    s3, bucket = _bucket(target)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    request = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    tags = [s3.upload_part(**request, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)]
    parts = {"Parts": [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]}
    refused("EntityTooSmall", s3.complete_multipart_upload, **request, MultipartUpload=parts)


@check("s3", "a bucket with objects is not deleted")
def full_bucket(target: Target) -> None:
    s3, bucket = _bucket(target)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    refused("BucketNotEmpty", s3.delete_bucket, Bucket=bucket)


@check("s3", "tags and metadata of an object are given back")
def tags_and_metadata(target: Target) -> None:
    s3, bucket = _bucket(target)
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=1", Metadata={"note": "x"})
    equal(s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"], [{"Key": "a", "Value": "1"}])
    equal(s3.head_object(Bucket=bucket, Key="k")["Metadata"], {"note": "x"})
