"""Names among our own words: they are shown as they are, and turn nothing that stands around them."""

from types import SimpleNamespace

from notspot_geodata.text import Text
from notspot_maps.account.words import rate_name, service_name
from notspot_maps.words import unturned

TURNING = "5G\u202e行動\u2066x"


def test_a_name_turns_no_words_around_it():
    named = SimpleNamespace(name=Text(TURNING, TURNING), as_of="")
    account = SimpleNamespace(services={"s": named}, subjects={("people", "p"): named})
    assert service_name(account, "s") == Text("5G行動x", "5G行動x")
    assert rate_name(account, "people", "p").zh.endswith("（5G行動x）")


def test_letters_of_any_direction_stay():
    assert unturned("שלום مرحبا\u200f 臺") == "שלום مرحبا\u200f 臺"
