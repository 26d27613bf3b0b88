"""Emits with openlineage-python, or reads with marquez-python, as their makers ship them.

    stock_lineage.py emit ADDRESS TOKEN '{"run": UUID}'    three events of a run, packed and not
    stock_lineage.py read ADDRESS TOKEN '{"run": UUID}'    prints what Marquez's client was told
"""

import json
import sys

which, address, token, given = sys.argv[1:5]
run_id = json.loads(given)["run"]

if which == "emit":
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import ownership_job, schema_dataset
    from openlineage.client.transport.http import ApiKeyTokenProvider, HttpCompression, HttpConfig, HttpTransport

    columns = schema_dataset.SchemaDatasetFacet([schema_dataset.SchemaDatasetFacetFields("income", "double")])
    owner = ownership_job.OwnershipJobFacet([ownership_job.Owner("maria.keller", "MAINTAINER")])
    applications = InputDataset("s3://bank-data", "credit/applications.parquet", facets={"schema": columns})
    scores = OutputDataset("s3://bank-data", "credit/scores.parquet")
    job = Job("credit-risk", "score/nightly", facets={"ownership": owner})
    events = [
        (RunState.START, "2025-11-03T14:00:00.000000+00:00", [applications], []),
        (RunState.RUNNING, "2025-11-03T14:01:00.000000+00:00", [], []),
        (RunState.COMPLETE, "2025-11-03T14:02:30.000000+00:00", [], [scores]),
    ]
    for state, time, inputs, outputs in events:
        packed = HttpCompression.GZIP if state is RunState.COMPLETE else None
        auth = ApiKeyTokenProvider({"apiKey": token})
        config = HttpConfig(url=address, auth=auth, compression=packed)
        client = OpenLineageClient(transport=HttpTransport(config))
        client.emit(RunEvent(eventType=state, eventTime=time, run=Run(run_id), job=job,
                             producer="https://example.org/test", inputs=inputs, outputs=outputs))
    print("sent")
else:
    import requests
    from marquez_client import MarquezClient
    from marquez_client.errors import APIError

    client = MarquezClient(url=address, api_key=token)
    bank, credit = "s3://bank-data", "credit-risk"
    told = {
        "namespaces": client.list_namespaces(),
        "namespace": client.get_namespace(bank),
        "jobs": client.list_jobs(credit),
        "job": client.get_job(credit, "score/nightly"),
        "runs": client.list_job_runs(credit, "score/nightly"),
        "run": client.get_job_run(run_id),
        "datasets": client.list_datasets(bank, limit=1, offset=1),
        "dataset": client.get_dataset(bank, "credit/applications.parquet"),
    }
    # The client has no call for the graph itself.
    of = {"nodeId": "dataset:s3://bank-data:credit/scores.parquet", "depth": 2}
    bearer = {"Authorization": "Bearer " + token}
    told["graph"] = requests.get(address + "/api/v1/lineage", params=of, headers=bearer, timeout=10).json()
    try:
        client.get_column_lineage_by_dataset(bank, "credit/scores.parquet")
        told["refused"] = None
    except APIError as error:
        told["refused"] = error.__cause__.response.status_code
    print(json.dumps(told))
