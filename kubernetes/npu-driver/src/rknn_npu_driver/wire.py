"""The gRPC services between kubelet and its plugins, made at run time from one table.

Source: kubernetes/kubelet, pkg/apis/{pluginregistration/v1,dra/v1,dra/v1beta1,dra-health/v1,deviceplugin/v1beta1,
podresources/v1}/api.proto. Only what this driver sends or reads is listed; protobuf skips fields it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# An indented line goes on with the one above. `N name type`: `*` repeated, `{T}` a map from string to T. A
# type with a capital is a message of the same package. A service lists `Method(Request) Response`, with `stream` before
# a response that is one. Packages of the same content share a section.
_TABLE = """
package pluginregistration
message InfoRequest
message PluginInfo: 1 type string, 2 name string, 3 endpoint string, 4 supported_versions string*
message RegistrationStatus: 1 plugin_registered bool, 2 error string
message RegistrationStatusResponse
service Registration: GetInfo(InfoRequest) PluginInfo,
  NotifyRegistrationStatus(RegistrationStatus) RegistrationStatusResponse

package k8s.io.kubelet.pkg.apis.dra.v1, k8s.io.kubelet.pkg.apis.dra.v1beta1
message Claim: 1 namespace string, 2 uid string, 3 name string
message Device: 1 request_names string*, 2 pool_name string, 3 device_name string, 4 cdi_device_ids string*
message NodePrepareResourcesRequest: 1 claims Claim*
message NodePrepareResourceResponse: 1 devices Device*, 2 error string
message NodePrepareResourcesResponse: 1 claims {NodePrepareResourceResponse}
message NodeUnprepareResourcesRequest: 1 claims Claim*
message NodeUnprepareResourceResponse: 1 error string
message NodeUnprepareResourcesResponse: 1 claims {NodeUnprepareResourceResponse}
service DRAPlugin: NodePrepareResources(NodePrepareResourcesRequest) NodePrepareResourcesResponse,
  NodeUnprepareResources(NodeUnprepareResourcesRequest) NodeUnprepareResourcesResponse

package v1, v1alpha1
message NodeWatchResourcesRequest
message DeviceIdentifier: 1 pool_name string, 2 device_name string
message DeviceHealth: 1 device DeviceIdentifier, 2 health int32, 3 last_updated_time int64,
  4 health_check_timeout_seconds int64, 5 message string
message NodeWatchResourcesResponse: 1 devices DeviceHealth*
service DRAResourceHealth: NodeWatchResources(NodeWatchResourcesRequest) stream NodeWatchResourcesResponse

package v1beta1
message Empty
message DevicePluginOptions: 1 pre_start_required bool, 2 get_preferred_allocation_available bool
message RegisterRequest: 1 version string, 2 endpoint string, 3 resource_name string, 4 options DevicePluginOptions
message Device: 1 ID string, 2 health string
message ListAndWatchResponse: 1 devices Device*
message ContainerPreferredAllocationRequest: 1 available_deviceIDs string*, 2 must_include_deviceIDs string*,
  3 allocation_size int32
message PreferredAllocationRequest: 1 container_requests ContainerPreferredAllocationRequest*
message ContainerPreferredAllocationResponse: 1 deviceIDs string*
message PreferredAllocationResponse: 1 container_responses ContainerPreferredAllocationResponse*
message ContainerAllocateRequest: 1 devices_ids string*
message AllocateRequest: 1 container_requests ContainerAllocateRequest*
message Mount: 1 container_path string, 2 host_path string, 3 read_only bool
message DeviceSpec: 1 container_path string, 2 host_path string, 3 permissions string
message CDIDevice: 1 name string
message ContainerAllocateResponse: 1 envs {string}, 2 mounts Mount*, 3 devices DeviceSpec*, 4 annotations {string},
  5 cdi_devices CDIDevice*
message AllocateResponse: 1 container_responses ContainerAllocateResponse*
message PreStartContainerRequest: 1 devices_ids string*
message PreStartContainerResponse
service Registration: Register(RegisterRequest) Empty
service DevicePlugin: GetDevicePluginOptions(Empty) DevicePluginOptions,
  ListAndWatch(Empty) stream ListAndWatchResponse,
  GetPreferredAllocation(PreferredAllocationRequest) PreferredAllocationResponse,
  Allocate(AllocateRequest) AllocateResponse, PreStartContainer(PreStartContainerRequest) PreStartContainerResponse
"""

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _FIELD.TYPE_STRING,
    "bool": _FIELD.TYPE_BOOL,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
}


@dataclass(frozen=True)
class Method:
    """One call of a service: its message classes, and whether the response is a stream."""

    request: Any
    response: Any
    streams: bool


@dataclass(frozen=True)
class Package:
    """A protobuf package: message classes as attributes of `messages`, calls by service and method."""

    messages: Any
    services: Mapping[str, Mapping[str, Method]]


@cache
def package(name: str) -> Package:
    """A package of the table. Raises KeyError for one that is not in it."""
    return _packages()[name]


def handler(name: str, service: str, servicer: object) -> grpc.GenericRpcHandler:
    """Serves a service with the methods of that name on `servicer`: `method(request, context)`."""
    handlers = {}
    for method, kind in package(name).services[service].items():
        make = grpc.unary_stream_rpc_method_handler if kind.streams else grpc.unary_unary_rpc_method_handler
        handlers[method] = make(
            getattr(servicer, method),
            request_deserializer=kind.request.FromString,
            response_serializer=kind.response.SerializeToString,
        )
    return grpc.method_handlers_generic_handler(f"{name}.{service}", handlers)


def client(channel: grpc.Channel, name: str, service: str) -> Any:
    """Calls a service: an object with a callable for each of its methods."""
    calls: dict[str, Callable[..., Any]] = {}
    for method, kind in package(name).services[service].items():
        make = channel.unary_stream if kind.streams else channel.unary_unary
        calls[method] = make(
            f"/{name}.{service}/{method}",
            request_serializer=kind.request.SerializeToString,
            response_deserializer=kind.response.FromString,
        )
    return SimpleNamespace(**calls)


@cache
def _packages() -> Mapping[str, Package]:
    pool = descriptor_pool.DescriptorPool()
    return {name: _package(pool, name, lines) for name, lines in _sections()}


def _sections() -> Iterator[tuple[str, list[str]]]:
    for section in _TABLE.replace("\n  ", " ").strip().split("\n\n"):
        head, *lines = section.splitlines()
        for name in head.removeprefix("package ").split(", "):
            yield name, lines


def _package(pool: descriptor_pool.DescriptorPool, name: str, lines: list[str]) -> Package:
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name, syntax="proto3")
    services: dict[str, str] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        own, _, body = rest.partition(":")
        if word == "service":
            services[own] = body
        else:
            _message(file, own, [field.split() for field in body.split(",") if field.strip()])
    pool.Add(file)  # type: ignore[attr-defined,no-untyped-call,unused-ignore]
    classes = {
        one.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{name}.{one.name}"))
        for one in file.message_type
    }
    methods = {own: dict(_methods(body, classes)) for own, body in services.items()}
    return Package(SimpleNamespace(**classes), methods)


def _message(file: descriptor_pb2.FileDescriptorProto, name: str, fields: list[list[str]]) -> None:
    message = file.message_type.add(name=name)
    for number, field, kind in fields:
        base = kind.strip("*{}")
        label = _FIELD.LABEL_REPEATED if kind != base else _FIELD.LABEL_OPTIONAL
        if kind.startswith("{"):
            entry = message.nested_type.add(name="".join(part.title() for part in field.split("_")) + "Entry")
            entry.options.map_entry = True
            _add(entry, file.package, "key", 1, "string", _FIELD.LABEL_OPTIONAL)
            _add(entry, file.package, "value", 2, base, _FIELD.LABEL_OPTIONAL)
            base = f"{name}.{entry.name}"
        _add(message, file.package, field, int(number), base, label)


def _add(message: descriptor_pb2.DescriptorProto, package: str, name: str, number: int, kind: str, label: Any) -> None:
    field = message.field.add(name=name, number=number, label=label)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{package}.{kind}"


def _methods(body: str, classes: Mapping[str, Any]) -> Iterator[tuple[str, Method]]:
    for line in body.split(","):
        name, _, rest = line.strip().partition("(")
        request, _, answer = rest.partition(") ")
        yield name, Method(classes[request], classes[answer.removeprefix("stream ")], answer.startswith("stream "))
