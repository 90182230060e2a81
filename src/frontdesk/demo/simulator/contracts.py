"""The contracts that the simulator can speak, by the names that the config gives them."""

from collections.abc import Mapping

from frontdesk.demo.simulator.cliniko import Cliniko
from frontdesk.demo.simulator.core_practice import CorePractice
from frontdesk.demo.simulator.fhir import FhirServer
from frontdesk.demo.simulator.open_dental import OpenDental
from frontdesk.demo.simulator.praktika import Praktika
from frontdesk.demo.simulator.textline import Textline
from frontdesk.demo.simulator.wire import MakeContract

CONTRACTS: Mapping[str, MakeContract] = {
    "praktika": Praktika,
    "core-practice": CorePractice,
    "cliniko": Cliniko,
    "open-dental": OpenDental,
    "fhir": FhirServer,
    "textline": Textline,
}
