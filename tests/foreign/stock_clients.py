"""Sends logs with a client as its maker ships it: `datadog` or `otlp`, the address, the token."""

import json
import sys

which, address, token, event = sys.argv[1:5]
attributes = json.loads(event)

if which == "datadog":
    from datadog_api_client import ApiClient, Configuration
    from datadog_api_client.v2.api.logs_api import LogsApi
    from datadog_api_client.v2.model.content_encoding import ContentEncoding
    from datadog_api_client.v2.model.http_log import HTTPLog
    from datadog_api_client.v2.model.http_log_item import HTTPLogItem

    configuration = Configuration(host=address)
    configuration.api_key["apiKeyAuth"] = token
    # Without this the client sends each call to the host that its specification names for it.
    configuration._servers = None
    configuration.server_operation_index = {"v2.submit_log": 0}
    log = HTTPLog([HTTPLogItem(message="inference", ddtags="env:prod", service="scorer", **attributes)])
    with ApiClient(configuration) as client:
        endpoint = LogsApi(client)
        endpoint._submit_log_endpoint.settings["servers"] = [
            {"url": address, "description": "Lineal", "variables": {}}
        ]
        for encoding in (ContentEncoding.GZIP, ContentEncoding.DEFLATE, ContentEncoding.IDENTITY):
            endpoint.submit_log(log, content_encoding=encoding)
else:
    import logging

    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    exporter = OTLPLogExporter(
        endpoint=address + "/v1/logs",
        headers={"authorization": "Bearer " + token},
        compression=Compression.Gzip,
    )
    provider = LoggerProvider(resource=Resource.create({"service.name": "scorer"}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.getLogger("inference")
    logger.setLevel(logging.INFO)
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.info("inference", extra=attributes)
    assert provider.force_flush()
    provider.shutdown()
print("sent")
