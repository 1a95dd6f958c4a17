"""Judges events, one JSON a line on standard input, by public models of the schema. Prints how many it judged."""

import json
import sys

from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

MODELS = {2003: ComplianceFinding, 2004: DetectionFinding}
judged = 0
for line in sys.stdin:
    event = json.loads(line)
    MODELS[event["class_uid"]].model_validate(event)
    judged += 1
print(judged)
