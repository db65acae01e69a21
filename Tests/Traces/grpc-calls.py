#!/usr/bin/env python3
"""A gRPC server of plain bytes, and calls of it: `grpc-calls.py serve|call ADDRESS`. For make-traces.sh."""
import sys
import time
from concurrent import futures

import grpc

role, address = sys.argv[1:]


def echo(request, context):
    return request


def count(request, context):
    for number in range(int(request)):
        yield b"x" * number


def total(requests, context):
    return str(sum(len(request) for request in requests)).encode()


def refuse(request, context):
    context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you: 100 %")


if role == "serve":
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("fovea.test.Calls", {
        "Echo": grpc.unary_unary_rpc_method_handler(echo), "Count": grpc.unary_stream_rpc_method_handler(count),
        "Total": grpc.stream_unary_rpc_method_handler(total), "Refuse": grpc.unary_unary_rpc_method_handler(refuse)})])
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()
with grpc.insecure_channel(address) as channel:
    print(channel.unary_unary("/fovea.test.Calls/Echo")(b"hello"))
    print(len(list(channel.unary_stream("/fovea.test.Calls/Count")(b"5"))))
    print(channel.stream_unary("/fovea.test.Calls/Total")(iter([b"a", b"bb", b"ccc"])))
    for name, timeout in (("Refuse", 5), ("Missing", 5)):
        try:
            channel.unary_unary(f"/fovea.test.Calls/{name}")(b"", timeout=timeout)
        except grpc.RpcError as error:
            print(error.code())
    answers = channel.unary_stream("/fovea.test.Calls/Count")(b"100000")
    next(answers)
    answers.cancel()
    time.sleep(0.3)
