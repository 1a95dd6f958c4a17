"""Looks into a bucket. A request is a line of JSON on standard input, a list of a word and what goes with it; each answer is a line."""
import json
import pathlib
import sys
import time

import boto3
import botocore.config
import botocore.exceptions

endpoint, key_id, secret, bucket = sys.argv[1:]
config = botocore.config.Config(s3={"addressing_style": "path"}, proxies={}, retries={"max_attempts": 3})
s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=key_id, aws_secret_access_key=secret,
                  region_name="us-east-1", config=config)


def make():
    for again in range(300):
        try:
            s3.create_bucket(Bucket=bucket)
            # A server that has just begun takes no object for a while.
            s3.put_object(Bucket=bucket, Key="first", Body=b"first")
            s3.delete_object(Bucket=bucket, Key="first")
            return True
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "BucketAlreadyOwnedByYou":
                s3.delete_bucket(Bucket=bucket)
            time.sleep(0.1)
    return False


def fetch(prefix, folder):
    keys = [entry["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for entry in page.get("Contents", [])]
    for key in keys:
        place = pathlib.Path(folder) / key[len(prefix):].lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(place))
    return len(keys)


def put(key, text):
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    return True


def unfinished():
    return [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]


for line in sys.stdin:
    word, *rest = json.loads(line)
    print(json.dumps({"make": make, "fetch": fetch, "put": put, "unfinished": unfinished}[word](*rest)), flush=True)
