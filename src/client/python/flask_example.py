"""A Flask service that answers 503 while its flag `maintenance-mode` is on, and uses last known values if Switchyard is down.

It is the service `checkout`: in the stash, its flags are `checkout.maintenance-mode` and so on.

    SWITCHYARD_URL=https://flags.example/api SWITCHYARD_STASH=… flask --app flask_example run
"""

import os

from flask import Flask, Response, jsonify, request

import switchyard

app = Flask(__name__)
flags = switchyard.connect(
    os.environ["SWITCHYARD_URL"],
    os.environ["SWITCHYARD_STASH"],
    service="checkout",
    store=switchyard.FileStore(os.environ.get("SWITCHYARD_STORE", "flags.json")),
    report=lambda problem: app.logger.warning("switchyard: %s", problem.message),
)
# If Switchyard does not answer within 2 s, the service starts with the last known values, or with the defaults.
flags.ready(2)


@app.before_request
def refuse_in_maintenance():
    """Answers 503 during maintenance. The health check is excepted: it says that this process runs."""
    if request.path == "/healthz" or not flags.bool("maintenance-mode", False):
        return None
    seconds = flags.number("maintenance-retry-after", 120)
    return Response("Back soon.\n", status=503, headers={"Retry-After": str(int(seconds))}, mimetype="text/plain")


@app.get("/")
def home():
    return jsonify(on_call=flags.string("on-call", "nobody"), flags=flags.status().state)


@app.get("/healthz")
def healthz():
    return "ok\n"
