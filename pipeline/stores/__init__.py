"""What people look at: judged mentions and closed buckets, each filled by a consumer of its own."""

from pipeline.stores.buckets import BucketTable
from pipeline.stores.consumers import consume_buckets, consume_mentions
from pipeline.stores.mentions import MentionFilter, MentionStore

__all__ = ["BucketTable", "MentionFilter", "MentionStore", "consume_buckets", "consume_mentions"]
