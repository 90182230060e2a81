"""The contracts that the simulator can speak, by the names that the config gives them."""

from collections.abc import Mapping

from frontdesk.pms.simulator.cliniko import Cliniko
from frontdesk.pms.simulator.core_practice import CorePractice
from frontdesk.pms.simulator.fhir import FhirServer
from frontdesk.pms.simulator.praktika import Praktika
from frontdesk.pms.simulator.textline import Textline
from frontdesk.pms.simulator.wire import MakeContract

CONTRACTS: Mapping[str, MakeContract] = {
    "praktika": Praktika,
    "core-practice": CorePractice,
    "cliniko": Cliniko,
    "fhir": FhirServer,
    "textline": Textline,
}
