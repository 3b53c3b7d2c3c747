# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy operating systems to servers: what is told of each before, what to send, and how far it is.

Sources: the pages of /hostPlatforms, a minimal body that two scripts sent with success, Lenovo's client. An end cannot be proven from the
list: whether the number of a completed deployment stays there is not documented. So an end is the good end of its job, or the number of
completion, and it is said which of them.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals, bad_input, ended_badly, named
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import whole
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, nodes, os_images

PATH = "/hostPlatforms"
READY, NOT_READY, UNKNOWN_STATE, COMPLETED = 0, 1, 2, 17
BUSY = frozenset({*range(4, 17), 18, 19})
FAILED = frozenset(range(20, 27))
WORDS = {
    0: "ready", 1: "not ready", 2: "unknown", 3: "no deployment", 4: "starting", 5: "validation", 6: "node created", 7: "node updated",
    8: "ISO created", 9: "ISO mounted", 10: "boot order modified", 11: "rebooting", 12: "restarted", 13: "preparing", 14: "installing",
    15: "post-processing", 16: "starting the new system", 17: "completed", 18: "discovery started", 19: "cleanup started", 20: "failed",
    21: "stopped",
}  # fmt: skip
# our options -> the appliance's keys
NETWORK = {
    "ip_address": "ipAddress", "gateway": "gateway", "subnet_mask": "subnetMask", "prefix_length": "prefixLength", "dns1": "dns1",
    "dns2": "dns2", "hostname": "hostname", "mtu": "mtu", "vlan_id": "vlanId", "mac": "selectedMAC",
}  # fmt: skip
NODE_ATTRIBUTES = "uuid,name,accessState"
SECRETS = ("licenseKey", "adpassword")
_ADDRESSES = ("ip_address", "gateway", "dns1", "dns2")
_RANGES = (("vlan_id", 0, 4094), ("mtu", 68, 65535))
_MAC = re.compile(r"AUTO|(?:[0-9A-F]{2}[:-]?){5}[0-9A-F]{2}", re.IGNORECASE | re.ASCII)


@dataclasses.dataclass(frozen=True)
class Host:
    """What is told of a server. state: the number, None where it is not told. images: those that fit it, None where that is not told."""

    uuid: str
    name: str
    state: int | None
    told: str
    images: tuple[str, ...] | None

    @property
    def busy(self) -> bool:
        return self.state in BUSY

    @property
    def word(self) -> str:
        return WORDS.get(self.state, self.told or "not told") if self.state is not None else self.told or "not told"


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one server."""

    node: str
    image: str
    target_device: str
    network: t.Mapping[str, t.Any]
    license_key: str
    configuration_file: str
    unattended_file: str


def parse(entry: t.Mapping[str, t.Any]) -> Host:
    return Host(
        nodes.key_of(entry),
        clean(entry.get("name") or "", 200),
        whole(entry.get("deployStatusID")),
        clean(entry.get("deployStatus") or "", 80),
        _images(entry.get("availableImages")),
    )


def _images(told: t.Any) -> tuple[str, ...] | None:
    """An empty list says that none fits. No list, or one with an entry that cannot be read, says nothing: that may be the image."""
    if not isinstance(told, list):
        return None
    images = [one.get("value") or one.get("label") if isinstance(one, dict) else one for one in told]
    return tuple(clean(one, 300) for one in images) if all(isinstance(one, str) and one for one in images) else None


def read_all(client: Client, *, attempts: int = READ_ATTEMPTS) -> list[dict[str, t.Any]]:
    what = "list servers for deployment"
    data = client.read(PATH, what=what, attempts=attempts, max_body=MAX_LIST)
    api.check_result(data, what)
    return api.items(data, "items", what=what)


def refuse_unknown_images(client: Client, every: t.Sequence[Desired]) -> None:
    """Refuse images that are not in the repository. The list of deployments tells of some too, but may leave out what fits no server yet.
    Where no image tells its profiles, nothing is refused."""
    there = [profile.id for image in os_images.read_all(client) for profile in image.profiles]
    refused = Refusals()
    for desired in every if there else ():
        with refused:
            if desired.image not in there:
                raise bad_input(
                    "image_not_available",
                    f"there is no OS-image profile with the id {clean(desired.image, 80)}; there are: {named(there, 150)}.",
                    "Look at osimage_info, correct image and run again.", resource=clean(desired.image, 200),
                )  # fmt: skip
    refused.tell()


# -- planning: pure ---------------------------------------------------------------------------------------------------


def check_networks(every: t.Sequence[Desired]) -> None:
    """Refuse network settings that cannot be meant, since what is overwritten does not come back: what is no address, a static address
    without all that belongs to it, one address or adapter for two servers. Whether addresses are static at all is a setting of the
    appliance, so that none need be given."""
    holders: dict[object, str] = {}
    for desired in every:
        mac = _adapter(desired)
        for key, taken in (("ip_address", _address(desired)), ("mac", mac)):
            if not taken:
                continue
            other = holders.setdefault(taken, desired.node)
            if other != desired.node:
                raise bad_input(
                    "duplicate_address", f"{key} {taken} is given to {clean(other, 80)} and to {clean(desired.node, 80)}.",
                    "Give each server one of its own (network of nodes), and run again.", resource=clean(desired.node, 200),
                    resources=[clean(other, 200), clean(desired.node, 200)],
                )  # fmt: skip


def _address(desired: Desired) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The static address of a server, None where none is given; refused unless all of its settings are as they have to be."""
    told = desired.network
    found = {key: _parsed(desired, key) for key in _ADDRESSES}
    address, gateway = found["ip_address"], found["gateway"]
    mask, prefix = told.get("subnet_mask"), told.get("prefix_length")
    if mask and not _is_mask(mask):
        raise _bad_network(desired, f"subnet_mask {clean(mask, 80)} is no mask of an IPv4 network (255.255.255.0 is one)")
    if prefix is not None and not 1 <= prefix <= 128:
        raise _bad_network(desired, f"prefix_length {prefix} is not between 1 and 128")
    for key, low, high in _RANGES:
        if told.get(key) is not None and not low <= told[key] <= high:
            raise _bad_network(desired, f"{key} {told[key]} is not between {low} and {high}")
    alone = [key for key in ("subnet_mask", "prefix_length") if told.get(key)]
    if address is None and alone:
        raise _bad_network(desired, f"{' and '.join(alone)} without ip_address")
    if address is None:
        return None
    if mask and prefix is not None and ipaddress.ip_network(f"0.0.0.0/{mask}").prefixlen != prefix:
        raise _bad_network(desired, f"subnet_mask {mask} and prefix_length {prefix} contradict each other")
    if address.is_unspecified or address.is_multicast or address.is_loopback:
        raise _bad_network(desired, f"ip_address {address} is no address of a server")
    if gateway is None or not (mask if address.version == 4 else prefix):
        needed = "subnet_mask" if address.version == 4 else "prefix_length"
        missing = [key for key, value in (("gateway", gateway), (needed, mask if address.version == 4 else prefix)) if not value]
        raise _bad_network(desired, f"ip_address is set without {' and '.join(missing)}")
    network = ipaddress.ip_network(f"{address}/{mask if address.version == 4 else prefix}", strict=False)
    if address.version == 4 and network.prefixlen < 31 and address in (network.network_address, network.broadcast_address):
        raise _bad_network(desired, f"ip_address {address} is the network itself or its broadcast address ({network})")
    if gateway.version != address.version:
        raise _bad_network(desired, f"ip_address {address} and gateway {gateway} are not of one version of IP")
    if gateway == address:
        raise _bad_network(desired, f"gateway is the address of the server itself, {address}")
    return address


def _parsed(desired: Desired, key: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = desired.network.get(key)
    if not text:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise _bad_network(desired, f"{key} {clean(text, 80)} is no IP address") from None
    if "%" in text:
        raise _bad_network(desired, f"{key} {clean(text, 80)} has the name of an interface, which is one of this machine")
    return found


def _is_mask(text: str) -> bool:
    """Ones, then zeros."""
    try:
        bits = f"{int(ipaddress.IPv4Address(text)):032b}"
    except ValueError:
        return False
    return bits.startswith("1") and "01" not in bits


def _adapter(desired: Desired) -> str:
    """The adapter in one spelling, empty where the server may choose."""
    text = desired.network.get("mac") or ""
    if text and not _MAC.fullmatch(text):
        raise _bad_network(desired, f"mac {clean(text, 80)} is neither a MAC address nor AUTO")
    plain = text.upper().replace(":", "").replace("-", "")
    return "" if plain == "AUTO" else plain


def _bad_network(desired: Desired, why: str) -> Failure:
    node = clean(desired.node, 80)
    return bad_input("config_network", f"{why} (network of {node}).", "Correct network and run again.", resource=clean(desired.node, 200))


def refuse(host: Host, desired: Desired, title: str) -> None:
    """What is told before anything is sent."""
    if host.busy:
        raise bad_input(
            "deployment_running", f"a deployment to the server {title} is running ({host.word}).",
            "Wait for its job with the module job, and run again if it is still wanted.", resource=title,
        )  # fmt: skip
    if host.state in (NOT_READY, UNKNOWN_STATE):
        raise bad_input(
            "not_ready", f"the server {title} is not ready for a deployment ({host.word}).",
            "Look at its ready check on the server, and run again.", resource=title,
        )  # fmt: skip
    if host.images == ():
        raise bad_input(
            "image_not_available", f"no image fits the server {title}, so that {clean(desired.image, 80)} cannot be installed on it.",
            "Look on the appliance why it offers none for the server, or import one that fits, and run again.", resource=title,
        )  # fmt: skip
    if host.images is not None and desired.image not in host.images:
        raise bad_input(
            "image_not_available",
            f"the image {clean(desired.image, 80)} does not fit the server {title}; there are: {named(host.images, 150)}.",
            "Look at osimage_info, correct image and run again.", resource=title,
        )  # fmt: skip


def plan(host: Host, desired: Desired, title: str) -> Step:
    """The request that installs; the disk is overwritten and the server restarts."""
    network = {NETWORK[key]: value for key, value in desired.network.items() if value is not None}
    body: dict[str, t.Any] = {
        "uuid": host.uuid,
        "selectedImage": desired.image,
        "networkSettings": {"selectedMAC": "AUTO", **network},
        "storageSettings": {"targetDevice": desired.target_device},
    }
    more = {"licenseKey": desired.license_key, "configFileId": desired.configuration_file, "unattendFileId": desired.unattended_file}
    return Step(
        operation="deploy to",
        method="PUT",
        path=PATH,
        resource=host.uuid,
        title=title,
        why=f"confirm is true; {desired.target_device} is overwritten and the server restarts",
        body=[{**body, **{key: value for key, value in more.items() if value}}],
        secret=SECRETS,
        effect=("the deployment", "started"),
    )


def failed(host: Host) -> Failure:
    return ended_badly(
        "deployment_failed", f"the deployment ended as {host.word} ({host.state}).", "Look at the deployment on the server, then run again."
    )
