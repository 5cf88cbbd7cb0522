"""The part of Flask that the example uses, for machines without Flask. It tests the example's own logic, not Flask's."""
import json
import logging
from types import SimpleNamespace

request = SimpleNamespace(path="")


class Response:
    def __init__(self, body, status=200, headers=None, mimetype="text/html"):
        self.body, self.status = body.encode(), status
        self.headers = {"Content-Type": f"{mimetype}; charset=utf-8", **(headers or {})}


def jsonify(**values):
    return Response(json.dumps(values), mimetype="application/json")


class Flask:
    def __init__(self, name):
        self.logger = logging.getLogger(name)
        self._before, self._routes = [], {}

    def before_request(self, handler):
        self._before.append(handler)
        return handler

    def get(self, path):
        return lambda handler: self._routes.setdefault(path, handler)

    def __call__(self, environ, start_response):
        request.path = environ["PATH_INFO"]
        answers = (answer for answer in (before() for before in self._before) if answer is not None)
        answer = next(answers, None) or self._routes[request.path]()
        response = Response(answer) if isinstance(answer, str) else answer
        start_response(f"{response.status} -", list(response.headers.items()))
        return [response.body]
