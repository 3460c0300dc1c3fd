"""The Faust engine: the same pure fold over partitions of a Kafka topic, with checkpoints.

`work` is one partition's life, `service` the process. Nothing but what lies here and below
`pipeline.kafka` imports faust or aiokafka.
"""
