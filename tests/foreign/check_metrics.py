"""Reads metrics from standard input with Prometheus's own client library, and holds them to what its documents ask for."""

import sys

from prometheus_client.parser import text_string_to_metric_families

text = sys.stdin.read()
families, seen = list(text_string_to_metric_families(text)), set()
for family in families:
    assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
    assert family.samples or f"# TYPE {family.name}" in text, family
    buckets = {}
    for sample in family.samples:
        known = (sample.name, tuple(sorted(sample.labels.items())))
        assert known not in seen, f"twice: {known}"
        seen.add(known)
        assert sample.value >= 0, sample
        if family.type == "counter":
            assert sample.name.endswith("_total"), sample
        if sample.name.endswith("_bucket"):
            of = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
            buckets.setdefault(of, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_count"):
            ends, counts = zip(*buckets[tuple(sorted(sample.labels.items()))])
            assert list(ends) == sorted(ends) and ends[-1] == float("inf"), (sample, ends)
            assert list(counts) == sorted(counts) and counts[-1] == sample.value, (sample, counts)
print(len(families), len(seen))
