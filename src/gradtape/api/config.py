"""`tf.config`, `tf.device`: the devices of this machine, and gradtape's own settings."""

from __future__ import annotations

import re
import sys
from types import TracebackType
from typing import Any, NamedTuple, SupportsIndex

from gradtape.api.namespaces import Namespace, namespace
from gradtape.base import config as own
from gradtape.base.config import settings
from gradtape.base.errors import DeviceNotFoundError, InvalidArgumentError
from gradtape.base.exports import export
from gradtape.core.context import STATE


class SettingsNamespace(Namespace):
    """`gradtape.config`: TensorFlow's names, and gradtape's settings as attributes that can be set."""

    def __getattr__(self, name: str) -> Any:
        if name in own.Config.__annotations__:
            return getattr(own.settings, name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in own.Config.__annotations__:
            setattr(own.settings, name, value)
        elif (
            name.startswith("__")
            or value is sys.modules.get(f"{self.__name__}.{name}")
            or callable(value)
        ):
            super().__setattr__(name, value)
        else:
            setattr(own.settings, name, value)  # says which settings there are

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *own.Config.__annotations__})


namespace("config").__class__ = SettingsNamespace


@export("config.PhysicalDevice")
class PhysicalDevice(NamedTuple):
    """A device of this machine."""

    name: str
    device_type: str


@export("config.LogicalDevice")
class LogicalDevice(NamedTuple):
    """A device as programs see it."""

    name: str
    device_type: str


@export("config.LogicalDeviceConfiguration", "config.experimental.VirtualDeviceConfiguration")
class LogicalDeviceConfiguration(NamedTuple):
    """How a physical device is cut into logical ones.  memory_limit: MB, of a GPU."""

    memory_limit: float | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


class Devices(list[Any]):
    """A list of devices.  A device that is not there raises DeviceNotFoundError, which is an IndexError."""

    def __init__(self, devices: Any, device_type: str | None):
        super().__init__(devices)
        self._type = device_type

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Devices(super().__getitem__(index), self._type)
        try:
            return super().__getitem__(index)
        except IndexError:
            raise DeviceNotFoundError(self._missing(index)) from None

    def _missing(self, index: SupportsIndex) -> str:
        kind = self._type or "device"
        plural = f"{len(self)} {kind}{'' if len(self) == 1 else 's'}"
        have = "is" if len(self) == 1 else "are"
        if self:
            do = f"Take one of {', '.join(d.name for d in self)}."
        else:
            do = "Leave the choice out (everything runs on the CPU), or pick only `if` the list is not empty."
        return f"There is no {kind} number {index.__index__()}: this machine has {plural} that {have} usable. {do}"


_PHYSICAL = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
_VISIBLE: list[PhysicalDevice] = list(_PHYSICAL)
_LOGICAL: dict[PhysicalDevice, list[LogicalDeviceConfiguration]] = {}
_OPTIONS: dict[str, Any] = {
    "soft": True, "inter": 0, "intra": 0, "jit": "", "policy": "silent", "synchronous": True, "tensor_float_32": True,
    "placement": False, "experimental": {},
}  # fmt: skip


@export("config.list_physical_devices", "config.experimental.list_physical_devices")
def list_physical_devices(device_type: str | None = None) -> Devices:
    """The devices of this machine, of one type or all.

    Indexing the list with a device that is not there raises an IndexError which says how many there are.

    >>> tf.config.list_physical_devices("CPU")
    [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
    """
    return Devices([d for d in _PHYSICAL if device_type in (None, d.device_type)], device_type)


@export("config.list_logical_devices", "config.experimental.list_logical_devices")
def list_logical_devices(device_type: str | None = None) -> Devices:
    """The devices as programs see them."""
    found: list[LogicalDevice] = []
    for device in _VISIBLE:
        if device_type in (None, device.device_type):
            for _ in _LOGICAL.get(device) or [None]:  # type: ignore[list-item]
                found.append(
                    LogicalDevice(f"/device:{device.device_type}:{len(found)}", device.device_type)
                )
    return Devices(found, device_type)


@export("config.get_visible_devices", "config.experimental.get_visible_devices")
def get_visible_devices(device_type: str | None = None) -> Devices:
    """The devices that programs may use."""
    return Devices([d for d in _VISIBLE if device_type in (None, d.device_type)], device_type)


def _known(device: Any) -> PhysicalDevice:
    if device not in _PHYSICAL:
        raise ValueError(
            f"Unrecognized device: {device!r}. Take one of tf.config.list_physical_devices()."
        )
    return device


@export("config.set_visible_devices", "config.experimental.set_visible_devices")
def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Which devices programs may use: one, or a list.  Raises ValueError for what is none of this machine's."""
    chosen = (
        [devices]
        if isinstance(devices, PhysicalDevice) or not isinstance(devices, list | tuple)
        else devices
    )
    for device in chosen:
        _known(device)
        if device_type not in (None, device.device_type):
            raise ValueError(f"Unrecognized device: {device!r} is no {device_type}.")
    rest = [d for d in _VISIBLE if device_type not in (None, d.device_type)]
    if not any(d.device_type == "CPU" for d in [*rest, *chosen]):
        raise RuntimeError(
            "Visible devices cannot be modified after being initialized: the CPU is in use."
        )
    _VISIBLE[:] = [d for d in _PHYSICAL if d in rest or d in chosen]


@export("config.experimental.set_memory_growth")
def set_memory_growth(device: Any, enable: bool) -> None:
    """Whether a GPU's memory grows with need.  Raises ValueError for a CPU, which has no such choice."""
    _known(device)
    raise ValueError(
        f"Cannot set memory growth on non-GPU and non-Pluggable devices. Received: {device!r}. Leave the call out."
    )


@export("config.experimental.get_memory_growth")
def get_memory_growth(device: Any) -> bool:
    """Whether a GPU's memory grows with need.  Raises KeyError for a CPU."""
    raise KeyError(_known(device))


@export("config.experimental.get_device_details")
def get_device_details(device: Any) -> dict[str, Any]:
    """Facts about a device: nothing for a CPU."""
    _known(device)
    return {}


@export("config.experimental.get_memory_info", "config.experimental.reset_memory_stats",
        "config.experimental.get_memory_usage")  # fmt: skip
def get_memory_info(device: str) -> dict[str, int]:
    """Memory of a GPU.  Raises ValueError where there is none to report on."""
    kind, _, number = device.rpartition("/")[2].removeprefix("device:").partition(":")
    if kind != "CPU" or number not in ("", "0"):
        raise ValueError(f"No matching devices found for '{device}'")
    raise ValueError(f"Allocator stats not available for device '{device}'")


@export(
    "config.set_logical_device_configuration",
    "config.experimental.set_virtual_device_configuration",
)
def set_logical_device_configuration(device: Any, logical_devices: Any) -> None:
    """Cut a device into logical ones.  Raises ValueError for a memory limit on a CPU."""
    for part in logical_devices:
        if part.memory_limit is not None:
            raise ValueError(
                "Setting memory limit on CPU virtual devices is currently not supported"
            )
    _LOGICAL[_known(device)] = list(logical_devices)


@export(
    "config.get_logical_device_configuration",
    "config.experimental.get_virtual_device_configuration",
)
def get_logical_device_configuration(device: Any) -> list[LogicalDeviceConfiguration] | None:
    """How a device is cut into logical ones; None where it is not."""
    return _LOGICAL.get(_known(device))


def _option(key: str, getter: str, setter: str, doc: str) -> None:
    def get() -> Any:
        return _OPTIONS[key]

    def put(value: Any) -> None:
        _OPTIONS[key] = value

    get.__name__, put.__name__ = getter.rpartition(".")[2], setter.rpartition(".")[2]
    get.__doc__, put.__doc__ = f"{doc}: as it is set.", f"{doc}: set it."
    export(f"config.{getter}")(get)
    export(f"config.{setter}")(put)


_option(
    "soft",
    "get_soft_device_placement",
    "set_soft_device_placement",
    "Whether a missing device is replaced",
)
_option("inter", "threading.get_inter_op_parallelism_threads", "threading.set_inter_op_parallelism_threads",
        "Threads over operations (0: the system's choice)")  # fmt: skip
_option("intra", "threading.get_intra_op_parallelism_threads", "threading.set_intra_op_parallelism_threads",
        "Threads inside one operation (0: the system's choice)")  # fmt: skip
_option("jit", "optimizer.get_jit", "optimizer.set_jit", "Just-in-time compilation")
_option(
    "experimental",
    "optimizer.get_experimental_options",
    "optimizer.set_experimental_options",
    "Optimizer options",
)
_option(
    "policy",
    "experimental.get_device_policy",
    "experimental.set_device_policy",
    "The device policy",
)
_option("synchronous", "experimental.get_synchronous_execution", "experimental.set_synchronous_execution",
        "Whether operations finish before the next line")  # fmt: skip
_option("tensor_float_32", "experimental.tensor_float_32_execution_enabled",
        "experimental.enable_tensor_float_32_execution", "Whether GPUs may round to TensorFloat-32")  # fmt: skip


@export("debugging.set_log_device_placement")
def set_log_device_placement(enabled: bool) -> None:
    """Whether the device of each operation is logged; there is one device, so nothing is."""
    _OPTIONS["placement"] = bool(enabled)


@export("debugging.get_log_device_placement")
def get_log_device_placement() -> bool:
    """Whether the device of each operation is logged."""
    return _OPTIONS["placement"]


@export("config.run_functions_eagerly", "config.experimental_run_functions_eagerly")
def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether a `tf.function` runs line by line."""
    settings.functions_eagerly = bool(run_eagerly)


@export("config.functions_run_eagerly", "config.experimental_functions_run_eagerly")
def functions_run_eagerly() -> bool:
    """Whether a `tf.function` runs line by line, as set."""
    return settings.functions_eagerly


@export("config.experimental.enable_op_determinism")
def enable_op_determinism() -> None:
    """Operations give the same bits each time; here they always do."""


@export("config.experimental.enable_mlir_bridge", "config.experimental.disable_mlir_bridge")
def mlir_bridge() -> None:
    """Accepted; there is no such compiler here."""


_DEVICE = re.compile(
    r"^(?:/?(?:job:[\w.-]+|replica:\d+|task:\d+))*/?(?:device:)?(CPU|GPU|TPU|XLA_CPU|XLA_GPU)(?::(\d+|\*))?$",
    re.I,
)


@export("device")
class device:  # noqa: N801 - TensorFlow's name
    """`with tf.device("/CPU:0"): ...`: where the operations inside run.

    device_name: such as "/CPU:0", "GPU:0"; None for no choice.  One that is not there is replaced by the
    CPU, unless `tf.config.set_soft_device_placement(False)`: then it is an InvalidArgumentError.
    Raises ValueError for what names no device.

    >>> with tf.device("/CPU:0"):
    ...     x = tf.constant(1.0)
    """

    def __init__(self, device_name: Any):
        self._name = device_name
        self._before: list[str] = []

    def __enter__(self) -> None:
        name = self._name() if callable(self._name) else self._name
        self._before.append(STATE.device)
        STATE.device = self._resolve(name)

    def _resolve(self, name: Any) -> str:
        if name is None or name == "":
            return ""
        name = getattr(name, "name", name)
        found = _DEVICE.match(name) if isinstance(name, str) else None
        if found is None and not (
            isinstance(name, str) and re.fullmatch(r"(/(job|replica|task):\w+)+", name)
        ):
            raise ValueError(
                f"Unknown attribute '{name}' is encountered while parsing the device spec: '{name}'."
            )
        if found is not None and not _OPTIONS["soft"]:
            kind, number = found[1].upper(), found[2] or "0"
            if not any(d.name == f"/device:{kind}:{number}" for d in list_logical_devices()):
                raise InvalidArgumentError(
                    None, None, f"Could not satisfy device specification '{name}'. This machine has "
                    f"{', '.join(d.name for d in list_logical_devices())}.",
                )  # fmt: skip
        return name

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        STATE.device = self._before.pop()


@export("test.is_gpu_available")
def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether this machine has a GPU that can be used."""
    return bool(list_physical_devices("GPU"))


@export("test.gpu_device_name")
def gpu_device_name() -> str:
    """The name of the first GPU; empty where there is none."""
    found = list_logical_devices("GPU")
    return found[0].name if found else ""


@export(
    "test.is_built_with_cuda",
    "test.is_built_with_gpu_support",
    "test.is_built_with_rocm",
    "test.is_built_with_xla",
)
def is_built_with_cuda() -> bool:
    """Whether the package itself holds kernels for a GPU: it does not."""
    return False


@export("sysconfig.get_build_info")
def get_build_info() -> dict[str, Any]:
    """How the package was built."""
    return {"is_cuda_build": False, "is_rocm_build": False, "is_tensorrt_build": False}
